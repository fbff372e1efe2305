"""`python -m app.manage migrate`: bring the database to where this stage of the platform expects it."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from app import settings

TARGETS = {"mixed": "0001_legacy", "unified": "head"}


def config() -> Config:
    root = Path(__file__).resolve().parent.parent
    result = Config(str(root / "alembic.ini"))
    result.set_main_option("script_location", str(root / "migrations"))
    return result


def main() -> int:
    if sys.argv[1:] != ["migrate"]:
        print("usage: python -m app.manage migrate", file=sys.stderr)
        return 2
    command.upgrade(config(), TARGETS[settings.STAGE])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
