"""The documentation: its links lead somewhere, its declarations are valid, and no option or check is left out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.contracts.matrix import load
from harness.contracts.matrix.declaration import load_matrix, load_router
from harness.contracts.matrix.owners import owners_of
from harness.contracts.matrix.tables import MatrixFile
from harness.contracts.matrix.verdicts import MEANING
from harness.contracts.registry import FILES, contract, contracts
from harness.credentials.identities import USUAL_PEOPLE
from harness.fake_clerk.seed import load_seed
from harness.report.remedies import FAMILIES, OF_VERDICT
from harness.run.option_table import options
from tests.pages import DOCS, ROOT, anchors, broken
from tests.written import PAGES as PAGES_WRITTEN

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
OTHERS = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]
_TOML = re.compile(r"^```toml\n# (\S+\.toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def declarations(pages: list[Path] = PAGES) -> Iterator[tuple[str, str, str]]:
    """(page, file, text) of each block of TOML that begins with its file's name."""
    for page in pages:
        for file, text in _TOML.findall(page.read_text()):
            yield page.name, file, text


@pytest.mark.parametrize("page", PAGES + OTHERS, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# One thing\n\n## `[a.NAME]`, and b\n\n## Again\n\n## Again\n\n```sh\n# no heading\n```\n")
    right = "[a](other.md) [b](other.md#one-thing) [c](other.md#aname-and-b) [d](other.md#again-1) [e](https://x.example/y#z)"
    page.write_text(f"# Here\n\n[h](#here) {right} [f](gone.md) [g](other.md#no-heading) [i](#there)\n")
    assert broken(page) == ["gone.md", "other.md#no-heading", "#there"]


@pytest.mark.parametrize("page", sorted({each.page for each in FAMILIES} | {each[-1] for each in OF_VERDICT.values()}))
def test_remedies_lead_to_headings(page: str) -> None:
    file, _, anchor = page.partition("#")
    assert (DOCS / file).is_file()
    assert not anchor or anchor in anchors(DOCS / file)


@pytest.mark.parametrize("name", PAGES_WRITTEN)
def test_pages_that_are_written_are_current(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES_WRITTEN[name](), "make docs writes it anew"


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index] == []


@pytest.mark.parametrize("page", ["README.md", "matrix.md", "bridge.md", "node.md", "in-handler.md"])
def test_matrices_that_are_shown_are_valid(page: str, tmp_path: Path) -> None:
    for shown_on, file, text in declarations():
        if shown_on == page and file.startswith("suites/"):
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    assert load(tmp_path / "suites").policies["clerk"].accept == ["clerk"]


def test_contracts_that_are_shown_are_valid(tmp_path: Path) -> None:
    shown = [(Path(file).name, text) for _, file, text in declarations() if Path(file).name in FILES]
    assert {file for file, _ in shown} == set(FILES)
    (tmp_path / "frontend").mkdir()
    (tmp_path / "suites").mkdir()
    for file, text in shown:
        (tmp_path / "suites" / file).write_text(text)
        assert contract(FILES[file]).load(tmp_path / "suites") is not None


def test_seed_files_that_are_shown_are_valid(tmp_path: Path) -> None:
    ((_, file, text),) = [one for one in declarations() if one[1] == "people.toml"]
    (tmp_path / file).write_text(text)
    assert [user.email for user in load_seed(tmp_path / file).users] == ["alice@example.com"]


def test_criteria_that_are_shown_are_valid() -> None:
    (text,) = re.findall(
        r"^```toml\n(\[\[criteria\]\].*?)^```$", (DOCS / "matrix.md").read_text(), re.MULTILINE | re.DOTALL
    )
    matrix = MatrixFile.model_validate({"policies": {}} | tomllib.loads(text))
    assert [len(each.proof) for each in matrix.criteria] == [3, 2]


def test_every_block_of_toml_is_one_of_these() -> None:
    text = "".join(page.read_text() for page in PAGES)
    # One more shows criteria, and one lines of `[routes]`.
    assert text.count("```toml") == len(list(declarations())) + 2


def test_lines_that_say_whose_row_is_whose_are_valid(tmp_path: Path) -> None:
    (lines,) = re.findall(
        r"^```toml\n(\"GET /invoices.*?)^```$", (DOCS / "matrix.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "auth_matrix.toml").write_text('[policies.clerk]\naccept = ["clerk"]\n')
    (tmp_path / "invoices.toml").write_text(f'router = "invoices"\n[routes]\n{lines}')
    matrix, _ = load_matrix(tmp_path / "auth_matrix.toml")
    router = load_router(tmp_path / "invoices.toml", matrix)
    found = [owners_of(entry.example("bearer"), USUAL_PEOPLE, key) for key, entry in router.routes.items()]
    assert [owners and owners.people for owners in found] == [
        ("alice", "bob"),
        ("alice", "bob"),
        ("alice", "bob", "admin"),
        ("alice", "bob"),
    ]


def test_every_option_of_a_run_is_described_in_words() -> None:
    text = re.sub(r"<!-- options -->.*<!-- /options -->", "", (DOCS / "run.md").read_text(), flags=re.DOTALL)
    described = set(re.findall(r"--[a-z-]+", text))
    assert {each.flag for each in options() if "run" in each.commands} - described == set()


def test_every_check_of_a_contract_is_on_its_page() -> None:
    for one in contracts():
        text = (DOCS / one.file.replace("_", "-")).with_suffix(".md").read_text()
        assert [spec.name for spec in one.checks if f"`{spec.name}`" not in text] == []


def test_every_verdict_is_explained() -> None:
    text = (DOCS / "verdicts.md").read_text()
    assert [verdict for verdict in ("pass", *MEANING) if f"`{verdict}`" not in text] == []


def test_the_readme_is_a_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
