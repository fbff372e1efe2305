"""What a project's files say of its database: the variables by which it learns of it, driver, migrations, seed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.run.project_files import read_quietly, shown
from harness.targets.app import find_python

_DRIVERS = ("asyncpg", "psycopg2", "psycopg", "pg8000")
_URL_VARIABLE = re.compile(r"""["']([A-Z0-9_]*(?:DATABASE|DB|POSTGRES|PG|SQLALCHEMY)[A-Z0-9_]*(?:URL|URI|DSN))["']""")
_URL_SETTING = re.compile(
    r"^\s+(database_url|db_url|postgres_url|database_uri|sqlalchemy_database_ur[il]|postgres_dsn)\s*:", re.I | re.M
)
_OF = r"(?:[A-Z0-9]+_)*(?:PG|DB|DATABASE|POSTGRES|POSTGRESQL|SQL|RDS)"
_PARTS = {
    "host": rf"{_OF}_?(?:HOST|HOSTNAME|SERVER|HOST_NAME)", "port": rf"{_OF}_?PORT", "user": rf"{_OF}_?(?:USER|USERNAME|USER_NAME)",
    "password": rf"{_OF}_?(?:PASSWORD|PASS|PASSWD|PWD)", "name": rf"{_OF}_?(?:NAME|DATABASE|DB|DBNAME|DB_NAME)",
}  # fmt: skip
"""Names of variables for the parts of an address: libpq's, and those of usual images, frameworks and hosts."""
_TLS_MODE = rf"{_OF}_?SSL_?MODE"
_TLS_WANTED = re.compile(
    r"""sslmode=(require|verify-\w+)|["']?ssl(?:mode)?["']?\s*[:=]\s*["'](require|verify-\w+)["']"""
)
_SEEDS = (
    "seed*.sql",
    "db/seed*.sql",
    "database/seed*.sql",
    "sql/seed*.sql",
    "seeds/*.sql",
    "db/seeds/*.sql",
    "scripts/seed*.sql",
)
_TABLES = tuple(
    f"{place}{name}" for place in ("", "db/", "sql/", "database/") for name in ("schema.sql", "init.sql", "tables.sql")
)
"""Where the statements stand that make the tables, where nothing migrates."""


@dataclass
class ProjectDatabase:
    """What was found; empty where there was nothing. `env`: see `env` of `[database]`; `because`: a sentence for each thing."""

    migrate: str | None = None
    scheme: str | None = None
    url_env: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    seed: Path | None = None
    because: list[str] = field(default_factory=list)


def find_database(app_dir: Path, folder: Path, texts: Mapping[Path, str]) -> ProjectDatabase:
    """Look for a Postgres that the app uses. `texts`: what stands in its Python files."""
    found = ProjectDatabase()
    declared = "\n".join(
        read_quietly(path) for pattern in ("requirements*.txt", "pyproject.toml", "Pipfile", "setup.cfg", "*/requirements*.txt")
        for path in sorted(folder.glob(pattern))
    )  # fmt: skip
    code = "\n".join(texts.values())
    everything = f"{declared}\n{code}"
    if "sqlite" in code and "postgres" not in everything.lower():
        return found
    scheme = next(iter(re.findall(r"\b(postgresql\+\w+)://", code)), None)
    drivers = [name for name in _DRIVERS if re.search(rf"\b{name}\b", everything)] or _installed(app_dir)
    variable, path = _url_variable(texts)
    single = single_variables(code)
    if (scheme is None and not drivers) or not (variable or single or re.search(r"alembic|DATABASES", everything)):
        return found
    _find_migrations(app_dir, folder, found)
    if scheme is None and drivers and "sqlalchemy" in everything.lower():
        asynchronous = "asyncpg" in drivers and "create_async_engine" in code
        synchronous = "psycopg" in drivers and "psycopg2" not in drivers
        scheme = "postgresql+asyncpg" if asynchronous else "postgresql+psycopg" if synchronous else None
    if variable is None and not single and found.migrate is None:
        return found
    found.scheme, found.url_env, found.env = scheme, variable, single
    if path is not None:
        as_written = f", as {scheme}://" if scheme else ""
        found.because.append(f"a Postgres of its own by {variable}{as_written}: {shown(path, folder)} asks for it")
    if single:
        found.because.append(f"a Postgres of its own by {', '.join(single)}: the code asks for them")
    find_seed(app_dir, folder, found)
    if found.migrate is None:
        found.because.append(
            "no migrations found: --migrate COMMAND makes the tables, unless the app does at its start"
        )
    if _TLS_WANTED.search(code) and not any(re.fullmatch(_TLS_MODE, name) for name in single):
        found.because.append(
            "no TLS: the code asks for it (sslmode=require), and the embedded Postgres has none; where the app does not "
            "start, let a variable say sslmode, or give a server with TLS by --postgres URL"
        )
    return found


def single_variables(code: str) -> dict[str, str]:
    """The variables of parts of an address that code reads, each with the part; none where they make no address."""
    names = re.findall(r"""["']([A-Z][A-Z0-9_]*)["']|\benviron\.([A-Z][A-Z0-9_]*)\b""", code)
    fields = re.findall(r"^\s+([A-Za-z]\w*)\s*:\s*(?:str|int|SecretStr|Optional|PositiveInt)", code, re.MULTILINE)
    asked = dict.fromkeys([*(name for pair in names for name in pair if name), *(name.upper() for name in fields)])
    found = {
        name: f"{{{part}}}" for part, pattern in _PARTS.items() for name in asked if re.fullmatch(pattern, name)
    }  # fmt: skip
    if not {"{host}", "{name}"} <= set(found.values()):
        return {}
    return found | {name: "disable" for name in asked if re.fullmatch(_TLS_MODE, name)}


def find_seed(app_dir: Path, folder: Path, found: ProjectDatabase) -> None:
    """Look for files of SQL that make the tables, where nothing else does, and that fill them."""
    for directory in dict.fromkeys((app_dir, folder)):
        for name in _TABLES if found.migrate is None else ():
            if re.search(r"\bCREATE\s+TABLE\b", read_quietly(directory / name), re.I):
                found.seed = directory / name
                found.because.append(f"the tables of {shown(directory / name, folder)}, as a seed")
                return
        for path in (path for pattern in _SEEDS for path in sorted(directory.glob(pattern))):
            if re.search(r"\bINSERT\s+INTO\b", read_quietly(path), re.I):
                found.seed = path
                found.because.append(f"the seed {shown(path, folder)}: it inserts rows")
                return


_BASE = re.compile(r"^class (\w+)\([^)]*\bDeclarativeBase\b[^)]*\):|^(\w+)\s*=\s*declarative_base\(", re.M)
_ENGINE = re.compile(r"^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?(create_engine|create_async_engine)\(", re.M)


def create_all_command(app_dir: Path, texts: Mapping[Path, str]) -> str | None:
    """A command that makes the tables from SQLAlchemy's or SQLModel's models; None where there are none, or no engine."""
    base = next(((path, m[1] or m[2]) for path, text in texts.items() if (m := _BASE.search(text))), None)
    engine = next(((path, m[1], m[2]) for path, text in texts.items() if (m := _ENGINE.search(text))), None)
    tables = [path for path, text in texts.items() if "__tablename__" in text or "table=True" in text]
    if engine is None or (base is None and not any("SQLModel" in texts[path] for path in tables)):
        return None
    imported = [module for path in tables if (module := _module(path, app_dir))]
    where = _module(engine[0], app_dir)
    of = (
        f"from {_module(base[0], app_dir)} import {base[1]} as base"
        if base
        else "from sqlmodel import SQLModel as base"
    )
    if not where or (base is not None and not _module(base[0], app_dir)):
        return None
    make = "base.metadata.create_all(engine)"
    if engine[2] == "create_async_engine":
        make = "import asyncio; asyncio.run(make())"
        of += "\nasync def make():\n async with engine.begin() as c: await c.run_sync(base.metadata.create_all)"
    lines = [*(f"import {module}" for module in imported), f"from {where} import {engine[1]} as engine", of, make]
    return f'python -c "{chr(10).join(lines)}"' if "\n" in of else f'python -c "{"; ".join(lines)}"'


def _module(path: Path, app_dir: Path) -> str:
    """A file's name in an import; empty where it cannot be imported from the app's directory."""
    if not path.is_relative_to(app_dir):
        return ""
    parts = path.relative_to(app_dir).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return name if all(part.isidentifier() for part in name.split(".")) else ""


def _installed(app_dir: Path) -> list[str]:
    """The Postgres drivers of the app's Python."""
    packages = sorted(Path(find_python(app_dir)).parent.parent.glob("lib/python*/site-packages"))
    return [name for name in _DRIVERS if any((folder / name).is_dir() for folder in packages)]


def _url_variable(texts: Mapping[Path, str]) -> tuple[str, Path] | tuple[None, None]:
    """The variable by which the code learns its database's address, and the file that says so."""
    for path, text in texts.items():
        if match := _URL_VARIABLE.search(text) or _URL_SETTING.search(text):
            return match[1].upper(), path
    return None, None


def _find_migrations(app_dir: Path, folder: Path, found: ProjectDatabase) -> None:
    for directory in dict.fromkeys((app_dir, folder)):
        if (directory / "alembic.ini").is_file():
            relative = os.path.relpath(directory / "alembic.ini", app_dir)
            found.migrate = (
                "alembic upgrade head"
                if directory == app_dir
                else f"alembic -c {Path(relative).as_posix()} upgrade head"
            )
            found.because.append(f"migrations by `{found.migrate}`: {shown(directory / 'alembic.ini', folder)}")
            return
    if (app_dir / "manage.py").is_file():
        found.migrate = "python manage.py migrate"
        found.because.append(f"migrations by `{found.migrate}`")
