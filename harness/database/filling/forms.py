"""Values that a column may take, as Postgres' own texts: by its type, and by what its constraints mention."""

from __future__ import annotations

import datetime
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator

from harness.database.filling.catalogue import Column

Form = Callable[[int], str]
"""A text for each number; different ones where the type allows."""

_DAY = datetime.date(2024, 1, 1)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STRINGS = re.compile(r"'((?:[^']|'')*)'")
_NUMBERS = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w'])")
_PATTERNS = re.compile(r"(?<!!)~\*?\s+\(?'((?:[^']|'')*)'")
_LIKE = re.compile(r"(?<!!)~~\*?\s+\(?'((?:[^']|'')*)'")
_WHOLE = {"int2": 30_000, "int4": 2**31 - 1, "int8": 2**62, "oid": 2**31 - 1}
_TEXTS = ("text", "varchar", "bpchar", "name", "citext")
_SAMPLES = 12


def forms_of(column: Column, mentioned: str) -> list[Form]:
    """The forms of a column, the plainest first. `mentioned`: the definitions of the constraints on it."""
    mentioned = f"{mentioned} {column.checks}"
    plain = list(_plain(column, mentioned))
    if column.shape == "array":
        return [*(_joined("{{{}}}", form) for form in plain), lambda _: "{}"]
    if column.shape in ("range", "multirange"):
        wrap = "[{0},{1})" if column.shape == "range" else "{{[{0},{1})}}"
        return [lambda n, form=form: wrap.format(form(2 * n), form(2 * n + 1)) for form in plain]  # type: ignore[misc]
    return plain


def _joined(wrap: str, form: Form) -> Form:
    def joined(number: int) -> str:
        text = form(number).replace("\\", "\\\\").replace('"', '\\"')
        return wrap.format(f'"{text}"')

    return joined


def _always(text: str) -> Form:
    return lambda _: text


def _turn(texts: tuple[str, ...]) -> Form:
    return lambda number: texts[number % len(texts)]


def _plain(column: Column, mentioned: str) -> Iterator[Form]:
    kind = column.kind
    strings = tuple(dict.fromkeys(text.replace("''", "'") for text in _STRINGS.findall(mentioned)))
    numbers = sorted({float(text) for text in _NUMBERS.findall(_STRINGS.sub("", mentioned))})
    numbers += [float(text) for text in strings if re.fullmatch(r"-?\d+(\.\d+)?", text)]
    if column.labels:
        yield _turn(column.labels)
        yield from map(_always, column.labels)
    elif kind in _TEXTS:
        yield from _texts(column, strings, numbers, mentioned)
    elif kind in _WHOLE or kind in ("numeric", "float4", "float8", "money"):
        yield from _numbers(column, numbers)
    elif kind in ("date", "timestamp", "timestamptz"):
        yield from _dates(strings)
    elif kind in ("json", "jsonb"):
        yield from _objects(strings, numbers)
    else:
        yield from _others(column)
        yield from map(_always, strings)


def _texts(column: Column, strings: tuple[str, ...], numbers: list[float], mentioned: str) -> Iterator[Form]:
    length = re.search(r"\((\d+)\)", column.modified)
    most = int(length[1]) if length else None if column.kind != "bpchar" else 1
    mail = "mail" in column.name
    various = ("user{}@example.com", "User{}@Example.com", "user{}+tag@example.com", "  Ünï{} 👩🏽‍🚀 ", "name {}")

    def variety(number: int) -> str:
        return various[number % (3 if mail else 5)].format(number)

    def letters(number: int, width: int) -> str:
        return "".join(_LETTERS[number // 26**place % 26] for place in reversed(range(width)))

    def cut(form: Form) -> Form:
        def short(number: int) -> str:
            text = form(number)
            return text if most is None or len(text) <= most else str(number)[-most:]

        return short

    yield cut(variety)
    yield from map(_always, strings)
    for pattern in _PATTERNS.findall(mentioned):
        if samples := _samples(pattern.replace("''", "'")):
            yield _turn(samples)
    for like in _LIKE.findall(mentioned):
        yield lambda n, like=like: like.replace("%", str(n)).replace("_", "x")  # type: ignore[misc]
    for template in (
        "row{}@example.com",
        "row-{}",
        "{}",
        "row {}",
        "row{}",
        "Row{}",
        "+1555{:07d}",
        "https://example.com/{}",
    ):
        yield cut(lambda n, template=template: template.format(n))  # type: ignore[misc]
    for width in sorted({2, 3, *(int(m) for m in numbers if 0 < m <= 400), *([most] if most else [])}):
        yield lambda n, width=width: letters(n, width)  # type: ignore[misc]
        yield lambda n, width=width: letters(n, width).lower()  # type: ignore[misc]
        yield lambda n, width=width: f"{n:0{width}d}"[-width:]  # type: ignore[misc]
        yield lambda n, width=width: f"{n:0{width + 1}d}"[-width - 1 :]  # type: ignore[misc]
    yield lambda n: str(uuid.UUID(int=n + (4 << 76)))
    yield lambda n: f"{n:064x}"
    yield from map(_always, ("", "{}", "2026-01-01", "en", "EUR", "UTC", "true"))


def _samples(pattern: str) -> tuple[str, ...]:
    """Texts that a pattern takes; none where it is no pattern of Python's too."""
    from hypothesis import HealthCheck, Phase, given, settings, strategies

    found: list[str] = []
    try:
        strategy = strategies.from_regex(pattern, fullmatch=pattern.startswith("^"))

        @settings(
            max_examples=_SAMPLES * 4, database=None, derandomize=True, deadline=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(strategy)
        def collect(text: str) -> None:
            if text.isascii() and text.isprintable() and text not in found:
                found.append(text)

        collect()
    except Exception:  # Hypothesis and re raise several kinds for what they do not know.
        return ()
    return tuple(found)


def _numbers(column: Column, mentioned: list[float]) -> Iterator[Form]:
    whole = column.kind in _WHOLE
    given = re.search(r"\((\d+)(?:,(-?\d+))?\)", column.modified)
    places = 0 if whole else int(given[2] or 0) if given else 2
    most = _WHOLE.get(column.kind) or (10 ** (int(given[1]) - places) if given else 10**9)

    def written(value: float) -> str:
        return str(int(value)) if whole or value == int(value) else f"{value:.{max(places, 1)}f}"

    yield lambda n: str(n % max(most, 1)) if places <= 0 else f"{n % max(most, 1)}.{n % 10**places:0{places}d}"
    for low, high in itertools.pairwise(mentioned):
        if high - low >= 1:
            yield lambda n, low=low, high=high: written(low + n % (int(high - low) + 1))  # type: ignore[misc]
    for one in mentioned:
        yield lambda n, one=one: written(one + n % 1000)  # type: ignore[misc]
        yield lambda n, one=one: written(one - n % 1000)  # type: ignore[misc]
        yield lambda n, one=one: written(one * n)  # type: ignore[misc]
        for shift in (0.0, 1.0, -1.0, *(() if whole else (0.5, -0.5))):
            yield _always(written(one + shift))
    yield lambda n: str(-n)
    if not whole:
        yield lambda n: f"{n % 10**places / 10**places:.{places}f}" if places > 0 else "0"
    yield from map(_always, ("0", "1", "-1", "2", "10", "100"))


def _dates(strings: tuple[str, ...]) -> Iterator[Form]:
    yield lambda n: (_DAY + datetime.timedelta(days=n % 20_000)).isoformat()
    for text in strings:
        try:
            day = datetime.date.fromisoformat(text[:10])
        except ValueError:
            continue
        for way in (1, -1):
            yield lambda n, day=day, way=way: (day + datetime.timedelta(days=way * (n % 300))).isoformat()  # type: ignore[misc]
    for start in (datetime.date(1980, 1, 1), datetime.date(2090, 1, 1), datetime.date(2024, 1, 1)):
        yield lambda n, start=start: (start + datetime.timedelta(days=n % 3000)).isoformat()  # type: ignore[misc]


def _objects(strings: tuple[str, ...], numbers: list[float]) -> Iterator[Form]:
    yield lambda n: json.dumps({"row": n})
    yield _always("{}")
    for value in (*strings, *numbers):
        yield _always(json.dumps(dict.fromkeys(strings, value)))
    yield lambda n: json.dumps(dict.fromkeys(strings, n))
    yield from map(_always, ("[]", '"row"', "1", "true", "null"))


def _others(column: Column) -> Iterator[Form]:
    width = re.search(r"\((\d+)\)", column.modified)
    size = int(width[1]) if width else 1
    known: dict[str, Form] = {
        "bool": lambda n: "true" if n % 2 == 0 else "false",
        "uuid": lambda n: str(uuid.UUID(int=n + (4 << 76))),
        "bytea": lambda n: "\\x" + (b"row %d" % n).hex(),
        "time": lambda n: f"{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}",
        "timetz": lambda n: f"{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}+00",
        "interval": lambda n: f"{n} minutes",
        "inet": lambda n: f"10.{n // 65536 % 256}.{n // 256 % 256}.{n % 256}",
        "cidr": lambda n: f"10.{n // 65536 % 256}.{n // 256 % 256}.{n % 256}/32",
        "macaddr": lambda n: f"02:00:00:{n // 65536 % 256:02x}:{n // 256 % 256:02x}:{n % 256:02x}",
        "bit": lambda n: f"{n % 2**size:0{size}b}",
        "varbit": lambda n: f"{n % 2**size:0{size}b}",
        "point": lambda n: f"({n},{n})",
        "line": lambda n: f"{{1,1,{n}}}",
        "lseg": lambda n: f"[({n},0),({n},1)]",
        "box": lambda n: f"({n},0),({n + 1},1)",
        "path": lambda n: f"(({n},0),({n},1))",
        "polygon": lambda n: f"(({n},0),({n},1),({n + 1},1))",
        "circle": lambda n: f"<({n},0),1>",
        "xml": lambda n: f"<row>{n}</row>",
        "tsvector": lambda n: f"row{n}",
        "tsquery": lambda n: f"row{n}",
        "pg_lsn": lambda n: f"0/{n:X}",
        "hstore": lambda n: f"row=>{n}",
        "ltree": lambda n: f"row.r{n}",
        "vector": lambda n: "[" + ",".join(["1"] * size) + "]",
    }  # fmt: skip
    if column.kind in known:
        yield known[column.kind]
    if column.kind == "bool":
        yield from (_always("true"), _always("false"))
    yield lambda n: f"row {n}"
    yield lambda n: f"({n})"
    yield from map(_always, ("", "()", "0", "{}"))
