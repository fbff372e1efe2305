"""`suites/frontend.toml`: how the front end is started, which pages it has, who may see them, and how one signs in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from harness.core.errors import DeclarationError
from harness.core.toml import ContractTable, SystemText, Table, VariableName, load_table
from harness.core.urls import parse_url

FRONTEND_FILE = "frontend.toml"
Who = Literal["public", "signed-in"]
PagePath = Annotated[str, Field(pattern=r"^/[^\s?#]*$")]
Selectors = tuple[str, ...]


class Page(Table):
    """A page. `shows`: a selector of what only those may see who may see the page; `again`: a selector that, clicked, makes
    the page ask the backend again; `others`: it shows other people's data too, so that they are no sign of a leak.
    """

    who: Who
    shows: str | None = None
    again: str | None = None
    others: bool = False


class SignIn(Table):
    """How one signs in where it is not the account portal's page. `page`: its path; the selectors of its fields; `after`: the
    page to which it leads, where that is not the one that was asked for.
    """

    page: PagePath = "/sign-in"
    identifier: str = "input[name=identifier], input[type=email], input[name=email]"
    password: str = "input[type=password]"
    code: str = "input[autocomplete=one-time-code], input[name=code]"
    submit: str = "button.cl-formButtonPrimary, button[type=submit]"
    after: PagePath | None = None


class SignUp(SignIn):
    """How one signs up; `portal = true` for the page of the account portal."""

    page: PagePath = "/sign-up"
    identifier: str = "input[name=emailAddress], input[name=identifier], input[type=email], input[name=email]"
    portal: bool = False


class SignOut(Table):
    """What is clicked one after the other to sign out; none for a button or link that is called so."""

    click: Selectors = ()


class Organization(Table):
    """What is clicked one after the other to switch to an organization; `{id}`, `{slug}` and `{name}` stand for its own. A
    `select` element is set to the option of that id, slug or name.
    """

    switch: Selectors = Field(min_length=1)


class Ignored(Table):
    """Something that is kept in the browser and is no credential, or may stay, and why."""

    where: Literal["localStorage", "sessionStorage", "cookie", "url", "html", "console"]
    key: str = Field(min_length=1)
    reason: str = Field(min_length=1)


class FrontendFile(ContractTable):
    """The file. `url`: where the front end is, `{port}` for a free port; `command` starts it, in `dir`; `dir` alone is a folder of files
    that the harness serves; neither for one that runs. `ready`: the path that is asked until it answers. `variables`: what it
    gets; `{backend}`, `{origin}`, `{port}`, `{publishable_key}` and `{domain}` stand for what is known then, other names for the
    target's variables. `backend`: the
    command that serves the app of an app target; `backend_variables`: what it gets beside its own. `api`: paths of the front
    end itself that lead to the backend, and to which paths there. `scripts`: the folder whose `node_modules` has Clerk's
    scripts, where that is not the front end's own. `within`: seconds in which an open page must stop; `navigations`: the most that one
    visit may take.
    """

    url: str = "http://localhost:{port}"
    command: SystemText | None = Field(default=None, min_length=1)
    dir: SystemText | None = Field(default=None, min_length=1)
    ready: PagePath = "/"
    start_within: float = Field(default=60, gt=0, le=600)
    variables: dict[VariableName, SystemText] = Field(default={})
    backend: SystemText | None = Field(default=None, min_length=1)
    backend_variables: dict[VariableName, SystemText] = Field(default={})
    api: dict[PagePath, PagePath] = Field(default={})
    scripts: SystemText | None = Field(default=None, min_length=1)
    within: float = Field(default=65, gt=0, le=600)
    patience: float = Field(default=10, gt=0, le=120)
    navigations: int = Field(default=8, ge=3, le=100)
    pages: dict[PagePath, Page] = Field(min_length=1)
    sign_in: SignIn = Field(default=SignIn())
    sign_up: SignUp | None = None
    sign_out: SignOut = Field(default=SignOut())
    organization: Organization | None = None
    ignored_storage: tuple[Ignored, ...] = ()

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
    return file


def folder_of(file: FrontendFile, suites: Path) -> Path:
    """The folder of `dir`, which is relative to the suites; the working directory without it."""
    return (suites / file.dir).resolve() if file.dir is not None else Path.cwd()
