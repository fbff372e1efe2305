"""What `--depth guards` and `--depth quick` miss: flaws in one of two routes that share a guard. `python -m tests.zoo.depths`.

Of each flawed animal and the correct code that it was made of one module is made, whose functions do what is wrong on one of two
routes only, and what is right on the other: the worst case for a run that tries the catalogue once for each guard. The probe sees
the same functions on both. Writes docs/depth.md; exit code 1 where the whole catalogue misses one.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.credentials import CATALOGUE
from harness.run.options import Options
from tests.conftest import judged
from tests.zoo.animals import pens
from tests.zoo.batches import DOMAIN, ENVIRONMENT, MATRIX
from tests.zoo.model import Animal

ROOT = Path(__file__).resolve().parents[2]
Depth = Literal["whole", "guards", "quick"]
DEPTHS: tuple[Depth, ...] = ("whole", "guards", "quick")
_PAGE = ROOT / "docs" / "depth.md"
_HERD = """
import contextvars, importlib
from fastapi import FastAPI
HERE = contextvars.ContextVar("here", default=False)
def flawed_here(): return HERE.get()
class Marked:
    def __init__(self, app, flawed):
        self.app, self.flawed = app, flawed
    async def __call__(self, scope, receive, send):
        token = HERE.set(self.flawed)
        try:
            await self.app(scope, receive, send)
        finally:
            HERE.reset(token)
def made(animals):
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for name, module in animals:
        inner = importlib.import_module(module).app
        app.mount(f"/{name}-sound", Marked(inner, False))
        app.mount(f"/{name}-flawed", Marked(inner, True))
    return app
"""


@dataclass(frozen=True)
class Merged:
    """A flawed animal whose flaw is on one route of two."""

    animal: Animal
    code: str


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def merged(animal: Animal) -> Merged | None:
    """One module of the flawed code and of the correct; None where they differ in more than the bodies of functions."""
    if not animal.sound or animal.host != "herd" or animal.database:
        return None
    right, wrong = ast.parse(animal.sound), ast.parse(animal.code)
    rights, wrongs = _functions(right), _functions(wrong)
    others = [
        [ast.dump(node) for node in tree.body if node not in known.values()]
        for tree, known in ((right, rights), (wrong, wrongs))
    ]
    if others[0] != others[1] or rights.keys() != wrongs.keys():
        return None
    changed = 0
    for name, function in rights.items():
        other = wrongs[name]
        if ast.dump(function) == ast.dump(other):
            continue
        heads = [ast.dump(each.args) + "".join(map(ast.dump, each.decorator_list)) for each in (function, other)]
        if heads[0] != heads[1] or type(function) is not type(other):
            return None
        test = ast.parse("__import__('herd').flawed_here()", mode="eval").body
        function.body = [ast.If(test=test, body=other.body, orelse=function.body)]
        changed += 1
    return Merged(animal, ast.unparse(ast.fix_missing_locations(right))) if changed else None


def missed(animals: list[Merged], depth: Depth) -> set[str]:
    """The animals on whose flawed route a run of that depth finds nothing."""
    needed = {name.partition("@")[0] for each in animals for name in each.animal.expects}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suites = folder / "suites"
        (suites / "routers").mkdir(parents=True)
        for number, each in enumerate(animals):
            animal = each.animal
            (folder / f"{animal.module}.py").write_text("#\n" * (number * 500) + each.code)
            lines = [
                animal.routes.format(at=f"/{animal.name}-{which}", policy=animal.policy)
                for which in ("sound", "flawed")
            ]
            (suites / "routers" / f"{animal.name}.toml").write_text(
                f'router = "{animal.name}"\n[routes]\n' + "\n".join(lines) + "\n"
            )
        (folder / "herd.py").write_text(_HERD)
        modules = [(each.animal.name, each.animal.module) for each in animals]
        (folder / "pair.py").write_text(f"from herd import made\napp = made({modules!r})\n")
        settings = animals[0].animal.settings
        (suites / "auth_matrix.toml").write_text(MATRIX.format(domain=DOMAIN, settings=settings, database=""))
        usual = [
            c.name
            for c in CATALOGUE.values()
            if c.drill in (None, "pair", "identity") and (c.name != "hs256-shared-secrets" or c.name in needed)
        ]
        options = Options(
            suites=suites, agents=2, env=ENVIRONMENT, drills=False, credentials=[] if depth == "quick" else usual, strict=True, depth=depth,
            app="pair:app", app_dir=folder, python=sys.executable,
        )  # fmt: skip
        found = {v.router for v in judged(options).record.verdicts if v.failed and f"/{v.router}-flawed" in v.route}
    return {each.animal.name for each in animals} - found


def page(groups: dict[str, list[Merged]], missing: dict[Depth, set[str]]) -> str:
    """The page of the documentation."""
    every = [each for animals in groups.values() for each in animals]
    kinds = {each.animal.name: kind for kind, animals in groups.items() for each in animals}
    lines = [
        "# What a shallower run misses", "",
        "Written by `make depths`. Of every flawed backend of the zoo whose flaw lies in the body of a function, a backend is made in which it "
        "does harm on one of two routes only: the functions before the handler are the same on both, and the probe sees no difference. That is the "
        "worst case for `--depth guards`, which tries most of the catalogue on one route of each guard; where a guard does the same for every route, "
        "as guards do, `guards` finds what `whole` finds.", "",
        "| depth | flaws of one route | found | missed |", "|---|---:|---:|---:|",
        *(f"| `{depth}` | {len(every)} | {len(every) - len(missing[depth])} | {len(missing[depth])} |" for depth in DEPTHS), "",
        "What depends on path, method, role, person or row is tried on every route at every depth but `quick`, and sentinels of each group are "
        "tried everywhere: so `guards` misses nothing there. It misses these, all of which need a guard that treats one route otherwise:", "",
        "| kind of flaw | missed by `guards` | of |", "|---|---:|---:|",
    ]  # fmt: skip
    lost, total = Counter(kinds[name] for name in missing["guards"]), Counter(kinds.values())
    lines += [f"| {kind} | {lost[kind]} | {total[kind]} |" for kind in groups]
    lines += ["", "## The flaws that `guards` misses on one route", ""]
    lines += [
        f"- `{each.animal.name}`: {each.animal.description}" for each in every if each.animal.name in missing["guards"]
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Try every pair at each depth, and write the page."""
    groups = {
        name: [each for animal in animals if not animal.correct and (each := merged(animal))]
        for name, animals in pens().items()
    }
    groups = {name: animals for name, animals in groups.items() if animals}
    missing: dict[Depth, set[str]] = {depth: set() for depth in DEPTHS}
    for name, animals in groups.items():
        for depth in DEPTHS:
            lost = missed(animals, depth)
            missing[depth] |= lost
            print(
                f"{name}: {depth} misses {len(lost)} of {len(animals)}: {', '.join(sorted(lost))}",
                file=sys.stderr,
                flush=True,
            )
    _PAGE.write_text(page(groups, missing), encoding="utf-8")
    return int(bool(missing["whole"]))


if __name__ == "__main__":
    sys.exit(main())
