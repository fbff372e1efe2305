"""`suites/frontend.toml`: how the front end is started, which pages it has, who may see them, and how one signs in and out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, SystemText, Table, VariableName, load_table, shape
from harness.core.urls import parse_url

FRONTEND_FILE = "frontend.toml"
Who = Literal["public", "signed-in"]
PagePath = Annotated[
    str, Field(pattern=shape(r"^/[^\s?#]*$", "a path that begins with /, without host and query: /dashboard"))
]
Selectors = tuple[str, ...]


class Page(Table):
    """A page of the front end."""

    who: Who = Field(description="who may see it")
    shows: str | None = Field(default=None, description="a selector of what only those may see who may see the page")
    again: str | None = Field(
        default=None, description="a selector that, clicked, makes the page ask the backend again"
    )
    others: bool = Field(
        default=False, description="whether it shows other people's data too, so that they are no sign of a leak"
    )


class SignIn(Table):
    """How one signs in where it is not the account portal's page: its path, and the selectors of its fields."""

    page: PagePath = Field(default="/sign-in", description="its path")
    identifier: str = Field(
        default="input[name=identifier], input[type=email], input[name=email]",
        description="the field of the e-mail address",
    )
    password: str = Field(default="input[type=password]", description="the field of the password")
    code: str = Field(default="input[autocomplete=one-time-code], input[name=code]", description="the field of a code")
    submit: str = Field(default="button.cl-formButtonPrimary, button[type=submit]", description="the button")
    after: PagePath | None = Field(
        default=None, description="the page to which it leads, where that is not the one that was asked for"
    )


class SignUp(SignIn):
    """How one signs up; `portal = true` for the page of the account portal."""

    page: PagePath = Field(default="/sign-up", description="its path")
    identifier: str = Field(
        default="input[name=emailAddress], input[name=identifier], input[type=email], input[name=email]",
        description="the field of the e-mail address",
    )
    portal: bool = Field(default=False, description="whether it is the account portal's page")


class SignOut(Table):
    """What is clicked one after the other to sign out; none for a button or link that is called so."""

    click: Selectors = Field(default=(), description="selectors of what is clicked, in order")


class Organization(Table):
    """What is clicked one after the other to switch to an organization; `{id}`, `{slug}` and `{name}` stand for its own. A
    `select` element is set to the option of that id, slug or name.
    """

    switch: Selectors = Field(min_length=1, description="selectors of what is clicked, in order")


class Ignored(Table):
    """Something that is kept in the browser and is no credential, or may stay, and why."""

    where: Literal[
        "localStorage", "sessionStorage", "indexedDB", "cache", "files", "window", "cookie", "url", "html", "console"
    ] = Field(description="where it is kept or shown")
    key: str = Field(min_length=1, description="its key, or the page's path; * stands for anything")
    reason: str = Field(min_length=1, description="why it may stay")


class FrontendFile(ContractTable):
    """The file. In variables `{backend}`, `{origin}`, `{port}`, `{publishable_key}` and `{domain}` stand for what is known when the front
    end starts, and other names for the target's variables.
    """

    url: str = Field(default="http://localhost:{port}", description="where the front end is; {port} for a free port")
    command: SystemText | None = Field(default=None, min_length=1, description="what starts it, in dir")
    dir: SystemText | None = Field(
        default=None,
        min_length=1,
        description="its folder, relative to this file; without command the harness serves its files",
    )
    ready: PagePath = Field(default="/", description="the path that is asked until it answers")
    start_within: float = Field(default=60, gt=0, le=600, description="seconds in which it answers")
    variables: dict[VariableName, SystemText] = Field(default={}, description="variables that the command gets")
    backend: SystemText | None = Field(
        default=None, min_length=1, description="the command that serves the app of an app target"
    )
    backend_variables: dict[VariableName, SystemText] = Field(
        default={}, description="variables that the backend gets beside its own"
    )
    api: dict[PagePath, PagePath] = Field(
        default={}, description="paths of the front end itself that lead to the backend, and to which paths there"
    )
    scripts: SystemText | None = Field(
        default=None,
        min_length=1,
        description="the folder whose node_modules has Clerk's scripts, where that is not its own",
    )
    within: float = Field(
        default=65, gt=0, le=600, description="seconds in which an open page must stop after a sign-out"
    )
    patience: float = Field(default=10, gt=0, le=120, description="seconds that a page has to show what it should")
    navigations: int = Field(default=8, ge=3, le=100, description="the most navigations of one visit")
    pages: dict[PagePath, Page] = Field(
        min_length=1, description="the pages by their paths; a word alone says who may see it"
    )
    sign_in: SignIn = Field(default=SignIn(), description="how one signs in")
    sign_up: SignUp | None = Field(default=None, description="how one signs up, where one can")
    sign_out: SignOut = Field(default=SignOut(), description="how one signs out")
    organization: Organization | None = Field(default=None, description="how one switches to another organization")
    ignored_storage: tuple[Ignored, ...] = Field(
        default=(), description="what may be kept or shown although it looks like a credential"
    )

    @field_validator("pages", mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {path: {"who": entry} if isinstance(entry, str) else entry for path, entry in given.items()}

    @field_validator("url")
    @classmethod
    def _address(cls, given: str) -> str:
        try:
            found = parse_url(given.replace("{port}", "80"))
        except ValueError as error:
            raise ValueError(f"{given!r} {error}") from None
        if found.path not in ("", "/"):
            raise ValueError(f"{given!r} has a path: the origin is meant, http://localhost:3000")
        return given.rstrip("/")

    @model_validator(mode="after")
    def _whole(self) -> FrontendFile:
        if not self.command and not self.dir and "{port}" in self.url:
            raise ValueError("say how it is served: `command`, `dir`, or the `url` at which it runs already")
        fixed = self.dir and not self.command and "{port}" not in self.url
        if fixed and not re.fullmatch(r"http://(localhost|127\.0\.0\.1):\d+", self.url):
            raise ValueError(
                f"url: {self.url!r}: what the harness serves itself (`dir` without `command`) is at http://localhost and a port: "
                "leave `url` out for a free one, or leave `dir` out where the front end runs already"
            )
        if not self.protected:
            raise ValueError('pages: none is "signed-in": "/dashboard" = "signed-in"')
        return self

    @property
    def protected(self) -> dict[str, Page]:
        """The pages that strangers may not see."""
        return {path: page for path, page in self.pages.items() if page.who == "signed-in"}

    @property
    def public(self) -> dict[str, Page]:
        """The pages that everybody may see."""
        return {path: page for path, page in self.pages.items() if page.who == "public"}


_KEYS = {
    "": list(FrontendFile.model_fields),
    "pages": list(Page.model_fields),
    "sign_in": list(SignIn.model_fields),
    "sign_up": list(SignUp.model_fields),
    "sign_out": list(SignOut.model_fields),
    "organization": list(Organization.model_fields),
    "ignored_storage": list(Ignored.model_fields),
}


def load_frontend(suites: Path) -> FrontendFile | None:
    """Read the file, where there is one. Raises DeclarationError naming file and key."""
    path = suites / FRONTEND_FILE
    file = load_table(path, FrontendFile, _KEYS)
    if file is None:
        return None
    if file.dir is not None and not folder_of(file, suites).is_dir():
        raise DeclarationError(f"{path}: dir: {folder_of(file, suites)} is no folder; it is relative to {suites}")
    if file.scripts is not None and not (suites / file.scripts).is_dir():
        raise DeclarationError(
            f"{path}: scripts: {(suites / file.scripts).resolve()} is no folder; it is relative to {suites}"
        )
    return file


def folder_of(file: FrontendFile, suites: Path) -> Path:
    """The folder of `dir`, which is relative to the suites; the working directory without it."""
    return (suites / file.dir).resolve() if file.dir is not None else Path.cwd()
