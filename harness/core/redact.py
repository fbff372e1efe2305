"""What is a secret in a text, by value and by pattern, and how much of it may be shown (SECURITY.md).

Known are the values that somebody told of (`learn`, `learn_variables`): they are cut wherever they stand, also encoded, or
broken off in their middle. What nobody told of is cut by its shape: keys with a known beginning, JSON Web Tokens, PEM
blocks, passwords of URLs, values after names that tell, long random texts. Ordinary words, paths, UUIDs, Clerk's ids and
hashes of commits stay.
"""

from __future__ import annotations

import os
import re
import threading
import urllib.parse
from collections.abc import Iterable, Mapping
from functools import lru_cache

from harness.core.secret_forms import forms_of
from harness.core.secret_shapes import KEPT, PASSWORD_NAME, by_shape, random

_HEAD = 12
"""So many first characters of a known value are enough to know it: texts are broken off where somebody's limit lies."""
_MOST = 1000
"""Values of the harness's own making that are remembered; of more, the older half is forgotten, so that a process with very
many fake Clerks stays fast. What users told of is never forgotten."""

_TELLING = re.compile(
    r"key|secret|token|passw(?:or)?d|pwd|passphrase|credential|private|signing|database_url|dsn|(?:^|_)pass$",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"(?:_|^)(?:alg|algorithm|audience|domain|expires?(?:_\w+)?|file|header|hosts?|id|issuer|lifetime|minutes|mode|name|path|"
    r"port|prefix|public|realm|schemes?|seconds|ttl|type|user|username|version)$",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Whether a variable of this name is likely to hold a secret."""
    return _TELLING.search(name) is not None


def is_guarded(name: str, value: str) -> bool:
    """Whether a variable holds a secret: by its value's shape, or by its name, unless that names what is none (`…_FILE`)."""
    return looks_secret(value) or (is_secret(name) and not _NO_SECRET.search(name))


def looks_secret(value: str) -> bool:
    """Whether a value is a secret by its shape, whatever its name is."""
    return value != by_shape(value)


def ordinary(value: str) -> bool:
    """Whether a value is too short or too usual to be cut wherever it stands."""
    word = (
        value.isascii()
        and value.isalpha()
        and len(value) < 16
        and value in (value.lower(), value.upper(), value.title())
    )
    number = value.isdigit() and len(value) < 12
    place = re.fullmatch(r"\.{0,2}/[\w./-]*|[\w.]+:[A-Za-z_][\w.]*|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,10}", value) is not None
    return len(value) < 8 or word or number or (place and not random(value))


class Secrets:
    """Values that are known to be secret, and how they are cut out of a text.

    Threads may teach and cut at the same moment: what is looked through is replaced, and never changed.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, int], set[str]] = {}
        self._made: dict[tuple[str, int], None] = {}
        self._heads: dict[str, dict[str, int]] = {}
        self._short: dict[str, re.Pattern[str]] = {}
        self.taught = 0
        """How often something was learned: a text that was cut before may have to be cut anew."""

    def learn(self, value: str, kept: int = KEPT, made: bool = False) -> None:
        """Cut this value from now on; `kept` first characters stay. A value that is too short or usual is left out.

        One that the harness made may be forgotten when there are very many.
        """
        value = value.strip()
        if "-----BEGIN" in value:
            for line in re.split(r"\s+|\\+[nr]", value):
                if len(line) >= 16 and "-----" not in line:
                    self._take(line, 0, made)
        elif not ordinary(value):
            self._take(value, kept, made)

    def learn_password(self, value: str) -> None:
        """Cut this password: nothing of it stays. One of letters only is a word to every reader, and is left out."""
        if len(value) >= 6 and not (ordinary(value) and (value.isalpha() or value.isdigit())):
            self._take(value, 0, False)

    def take_over(self, other: Secrets) -> None:
        """Cut what another one cuts; other threads may teach it meanwhile."""
        with _guard:
            values, made = other._values, other._made
            self._made = {**self._made, **{key: None for key in made if key not in self._values}}
            self._values = {**self._values, **values}
            self._add(values)

    def _take(self, value: str, kept: int, made: bool) -> None:
        key = (value, kept)
        with _guard:
            if key in self._values and (made or key not in self._made):
                return
            added = {key: forms_of(value, everywhere=not made)}
            self._values = {**self._values, **added}
            self._made = {**self._made, key: None} if made else {k: None for k in self._made if k != key}
            if len(self._made) > _MOST:
                old = set(list(self._made)[: _MOST // 2])
                self._made = {key: None for key in self._made if key not in old}
                self._values = added = {key: forms for key, forms in self._values.items() if key not in old}
                self._heads, self._short = {}, {}
            self._add(added)

    def _add(self, values: Mapping[tuple[str, int], Iterable[str]]) -> None:
        heads, short = dict(self._heads), dict(self._short)
        for (_, keeps), forms in values.items():
            for form in forms:
                if len(form) >= 16:
                    heads[form[:_HEAD]] = {**heads.get(form[:_HEAD], {}), form: keeps}
                elif form not in short:
                    short[form] = re.compile(rf"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])){re.escape(form)}(?![A-Za-z0-9])")
        self._heads, self._short = heads, short
        self.taught += 1

    def cut(self, text: str) -> str:
        """The text without the values, whole or broken off after so many characters that they are known."""
        for head, forms in self._heads.items():
            at = text.find(head)
            while at >= 0:
                length, kept = max((_common(text, at, form), keeps) for form, keeps in forms.items())
                shown = f"{text[at : at + kept]}…"
                text = text[:at] + shown + text[at + length :]
                at = text.find(head, at + len(shown))
        for form, pattern in self._short.items():
            if form in text:
                text = pattern.sub("…", text)
        return text


def _common(text: str, at: int, form: str) -> int:
    """How many characters of a form stand in the text from a place on."""
    if text.startswith(form, at):
        return len(form)
    return next(n for n in range(len(form)) if at + n >= len(text) or text[at + n] != form[n])


_guard = threading.Lock()
_KNOWN = Secrets()


def _forked() -> None:
    """In a child that was forked: another thread of the parent may have been learning at that moment."""
    global _guard  # noqa: PLW0603 - it may have been held at the fork
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_forked)


def known_secrets() -> Secrets:
    """What has been learned by now, for another process of the run."""
    copy = Secrets()
    copy.take_over(_KNOWN)
    return copy


def adopt(secrets: Secrets) -> None:
    """Another process of the run has learned these: they are cut here as well."""
    _KNOWN.take_over(secrets)


def learn(*values: str) -> None:
    """These are secrets: they are cut in every text of this process."""
    for value in values:
        _KNOWN.learn(value)


def learn_made(*values: str) -> None:
    """These are secrets of the harness's own making: as `learn`, and of very many of them the older are forgotten."""
    for value in values:
        _KNOWN.learn(value, made=True)


def passwords_of(url: str) -> Iterable[str]:
    """The passwords of the URLs in a text, as they stand there and decoded; one that is the user's name as well is none."""
    for user, password in re.findall(r"://([^/\s:@]*):([^\s]+)@", url):
        yield from {password, urllib.parse.unquote(password)} - {user}


def learn_url(*urls: str) -> None:
    """The passwords of these URLs are secrets; what else is in them is not."""
    for url in urls:
        for password in passwords_of(url):
            _KNOWN.learn_password(password)
        for name, value in urllib.parse.parse_qsl(url.partition("?")[2]):
            if PASSWORD_NAME.search(name):
                _KNOWN.learn_password(value)


def learn_variables(variables: Mapping[str, str]) -> None:
    """What is secret among variables of an environment: by their names, by their shapes, and the passwords in URLs."""
    for name, value in variables.items():
        if "://" in value:
            learn_url(value)
        elif PASSWORD_NAME.search(name) and not _NO_SECRET.search(name):
            _KNOWN.learn_password(value)
        elif is_guarded(name, value):
            learn(value, *_parts(value))


def _parts(value: str) -> Iterable[str]:
    """The single secrets of a list of them."""
    return [] if "-----BEGIN" in value else [part for part in re.split(r"[\s,;]+", value) if part != value]


@lru_cache(maxsize=8192)
def _redacted(text: str, secrets: Secrets, taught: int) -> str:
    return by_shape(secrets.cut(text))


def redact(text: str) -> str:
    """The text with every secret cut to its first characters, and with nothing of passwords. Same text, same result."""
    return _redacted(text, _KNOWN, _KNOWN.taught) if len(text) < 4096 else by_shape(_KNOWN.cut(text))
