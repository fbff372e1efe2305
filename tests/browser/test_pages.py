"""Every page of a report in a real browser: without an error, by keyboard, narrow and dark, printed, and led by its address."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.report.html import HtmlReport, page
from tests.browser.conftest import Browser
from tests.browser.records import ALL, HOSTILE, Made, large

SECTIONS = ["glance", "causes", "access", "criteria", "cells", "contracts", "policies", "provenance"]
OPEN_ALL = "document.querySelectorAll('details').forEach(box => { box.open = true; box.fill?.(); })"


WIDTHS = (390, 1024, 1440)
"""A telephone, a small and a usual desktop, in CSS pixels."""


@pytest.mark.parametrize("name", ALL)
def test_every_part_is_drawn_at_every_width_and_nothing_complains(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.open(pages[name], "#/cells?verdict=breach")
    browser.ask(OPEN_ALL)
    expected = SECTIONS if name != "incomplete" else [part for part in SECTIONS if part != "contracts"]
    assert browser.ask("[...document.querySelectorAll('main > section')].map(part => part.id)") == expected
    for width in WIDTHS:
        browser.do("view", width=width)
        assert browser.ask("document.documentElement.scrollWidth") <= width
    browser.ask("location.hash = '#/cell?route=GET+%2F__proto__&credential=legacy'")
    browser.wait("document.querySelector('dialog').open")
    for width in WIDTHS:
        browser.do("view", width=width)
        assert browser.ask(
            "document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth"
        )
    assert browser.told() == []


@pytest.mark.parametrize("name", ["passing", "failing", "hostile"])
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name], width=1024)
    browser.ask(OPEN_ALL)
    browser.ask("document.querySelectorAll('[aria-expanded=false]').forEach(button => button.click())")
    assert browser.do("axe") == []
    browser.do("view", width=390, scheme="dark")
    assert browser.do("axe", rules=["color-contrast", "scrollable-region-focusable"]) == []
    browser.ask("location.hash = '#/cell?route=GET+%2Fopen&credential=missing'")
    browser.wait("document.querySelector('dialog').open")
    assert browser.do("axe") == []


def contracts_of(browser: Browser, page: Path, check: str) -> str:
    """What a page says of the contracts, all of it opened, when this check is there."""
    browser.open(page)
    browser.wait(
        f"[...document.querySelectorAll('#contracts summary')].some(box => box.textContent.startsWith('{check}:'))"
    )
    browser.ask(OPEN_ALL)
    browser.ask(OPEN_ALL)  # Those, too, that were in them.
    return str(browser.ask("document.getElementById('contracts').innerText"))


def test_a_rehearsal_is_drawn_at_both_sizes(browser: Browser, pages: dict[str, Path]) -> None:
    told = contracts_of(browser, pages["passing"], "rehearsal")
    for words in (
        "2.00 s in all, 1,000,000 rows",
        "1.00 s ACCESS EXCLUSIVE on users",
        "The lock grows like rows^1.0, and is about 10.00 s with ten million rows.",
        "The time is about 0.00 s with ten million rows.",
    ):
        assert words in told, told
    widths = browser.ask("[...document.querySelectorAll('#contracts .bar i')].map(bar => bar.style.width)")
    assert {"45%", "4.5%", "22.5%", "2.25%"} <= set(widths)


def test_a_mapping_is_drawn_before_and_after(browser: Browser, pages: dict[str, Path]) -> None:
    told = contracts_of(browser, pages["passing"], "mapping")
    for words in (
        "Before the migrations",
        "id (40) + Clerk's id (20), 3 of nobody",
        "1 statement, by reading all rows, 3.5 ms",
        "1 statement, by the index users_pkey, 0.1 ms",
    ):
        assert words in told, told
    line = "[line.getAttribute('class'), line.hasAttribute('stroke-dasharray')]"
    lines = browser.ask(f"[...document.querySelectorAll('.relations line')].map(line => {line})")
    assert lines == [["agrees", False], ["agrees", False], ["apart", True], ["apart", True]]


@pytest.mark.parametrize("name", ["passing", "failing", "contracts"])
def test_the_matrix_says_with_how_much_each_route_was_really_tried(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.open(pages[name])
    told = browser.ask("document.querySelector('#cells p').innerText")
    least, most = ALL[name]().kinds
    number = f"{least} to {most} kinds" if least != most else f"{most} kinds"
    assert (f"Each route was tried with {number} of credentials." in told) == (most > 0), told


def test_what_is_asked_first_is_answered_above_the_fold(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    low = "Math.max(...[...document.querySelectorAll('.glance .card h3')].map(title => title.getBoundingClientRect().bottom))"
    assert browser.ask(low) < 900
    card = "document.getElementById('card-{}').parentElement.innerText"
    assert "current_user` admits the old token on 9 routes of 3 routers" in browser.ask(card.format("gravest"))
    old = browser.ask(card.format("old"))
    assert "3 routers take it, and must not" in old and "not known" in old
    public = browser.ask(card.format("public"))
    assert "must not be" in public and "GET /open" in public
    assert "admin" in browser.ask(card.format("who"))
    assert "No legacy token opens any route" in browser.ask(card.format("criteria"))
    unexamined = browser.ask(card.format("unexamined"))
    assert "the app is not started here" in unexamined and "3 cells that prove nothing" in unexamined
    browser.open(pages["incomplete"])
    assert "the run was ended by SIGTERM" in browser.ask("document.querySelector('[role=alert]').innerText")
    assert "7 the run is incomplete" in browser.ask(card.format("unexamined"))


def test_public_routes_that_write_are_marked_and_refusals_are_told(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["passing"])
    lines = browser.ask(
        "[...document.getElementById('card-public').parentElement.querySelectorAll('li')].map(line => line.innerText)"
    )
    assert [("writes" in line, "/contact" in line) for line in lines] == [(True, True), (False, False)]
    policies = browser.ask("document.getElementById('policies').innerText")
    assert "401 or 403; missing 403" in policies and "2027-01-01" in policies and "header:x-key" in policies


def test_filters_stand_in_the_address_and_come_back_from_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    browser.do("choose", field="verdict", value="breach")
    browser.do("choose", field="router", value="r1")
    count = "document.querySelector('#results b')?.textContent"
    browser.wait(f"{count} === '3 cells'")
    address = browser.ask("location.hash")
    assert address == "#/cells?verdict=breach&router=r1"
    browser.open(pages["failing"], address)
    browser.wait(f"{count} === '3 cells'")
    browser.do("type", field="q", value="/old/4")
    browser.wait(f"{count} === '1 cell'")
    browser.do("click", selector="form button[type=reset]")
    browser.wait("location.hash === '#cells' && !document.querySelector('#results b')")
    for field, value, cells in [
        ("function", "app.auth:current_user", 10), ("policy", "public", 10), ("group", "absent", 16), ("method", "POST", 10),
        ("credential", "legacy", 16), ("verdict", "leak", 1),
    ]:  # fmt: skip
        browser.ask(f"location.hash = '#/cells?{field}={value}'")
        browser.wait(f"{count}?.startsWith('{cells} cell')")


def test_a_cell_has_a_link_and_shows_request_token_and_commands(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"], "#/cells?q=%2Fold%2F4&credential=legacy")
    browser.wait("document.querySelector('#results td a')")
    browser.do("click", selector="#results td a")
    browser.wait("document.querySelector('dialog').open")
    assert browser.ask("location.hash") == "#/cell?route=GET+%2Fold%2F4&credential=legacy"
    text = browser.ask("document.querySelector('dialog').innerText")
    for part in (
        "legacy on GET /old/4", "must be rejected, was let in by legacy", "app.auth:current_user", "GET /old/4\n", "authorization",
        'clerk-harness token legacy --issuer "$CLERK_HARNESS_URL"', '--route "GET /old/4" --credentials legacy', "CWE-345",
    ):  # fmt: skip
        assert part in text, part
    browser.do("press", key="Escape")
    browser.wait("location.hash === '#/cells?q=%2Fold%2F4&credential=legacy'")
    browser.open(pages["passing"], "#/cell?route=POST+%2Fjobs&credential=forged")
    browser.wait("document.querySelector('dialog').open")
    text = browser.ask("document.querySelector('dialog').innerText")
    assert (
        '"alg": "RS256"' in text
        and '"exp": "now + 60 s"' in text
        and "x-key" in text
        and '-H "x-key: $(clerk-harness' in text
    )
    assert '--data-raw \'{"name":' in text.replace('{"name": ', '{"name":')


def test_a_link_to_a_cell_that_is_not_there_says_so(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"], "#/cell?route=GET+%2Fgone&credential=legacy")
    browser.wait("document.querySelector('dialog').open")
    assert "no such cell" in browser.ask("document.querySelector('dialog').innerText")
    assert browser.told() == []


def test_a_cause_has_a_link_that_opens_it(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    identity = browser.ask("[...document.querySelectorAll('#causes > details')].at(-1).id").removeprefix("cause-")
    browser.open(pages["failing"], f"#/cause/{identity}")
    browser.wait(f"document.getElementById('cause-{identity}').open")
    assert browser.ask(f"document.activeElement.closest('details').id === 'cause-{identity}'")


def test_the_story_of_a_contract_is_told_step_by_step_and_its_costs_are_drawn(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.open(pages["failing"])
    browser.ask(OPEN_ALL)
    browser.ask(OPEN_ALL)  # Those, too, that were in them.
    told = browser.ask("document.getElementById('contracts').innerText")
    assert "user.created for alice again" in told and "(no rows)" in told and "id=2 alice" in told
    widths = browser.ask("[...document.querySelectorAll('.bar i')].map(bar => bar.getBoundingClientRect().width)")
    assert len(widths) == 4 and widths[0] > widths[1] > 0


def test_the_matrix_is_led_by_keyboard(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    browser.do("press", key="Tab")
    assert browser.ask("document.activeElement.className") == "skip"
    assert browser.ask("document.activeElement.getBoundingClientRect().left") >= 0
    browser.ask("document.querySelector('#cells button.plain').focus()")
    browser.do("press", key="Enter")
    assert browser.ask("document.activeElement.getAttribute('aria-expanded')") == "true"
    browser.do("press", key="Tab")
    browser.do("press", key="Enter")
    browser.wait("document.querySelector('#results b')")


def test_print_opens_the_evidence(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    assert browser.ask("[...document.querySelectorAll('details')].every(box => box.open)") is False
    assert browser.do("print") > 0
    assert browser.ask("[...document.querySelectorAll('details')].every(box => box.open)") is True
    told = browser.ask(
        "[...document.querySelectorAll('#causes > details')].map(box => box.querySelectorAll('dl').length)"
    )
    assert told == [1] * len(told)


def test_a_verdict_is_told_apart_without_colour(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    words = browser.ask("[...document.querySelectorAll('.figures .badge')].map(badge => badge.innerText.split(' '))")
    assert len({sign for sign, *_ in words}) == len(words) == 9
    assert all(len(parts) == 3 for parts in words)


def test_hostile_texts_stay_texts(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"])
    browser.ask(OPEN_ALL)
    assert browser.ask("document.querySelectorAll('main script, main b[onmouseover], dialog script').length") == 0
    assert "{{data}}" in HOSTILE and "{{data}}" in browser.ask("document.title")
    assert "\u202e" not in browser.ask("document.documentElement.outerHTML")


def test_a_large_matrix_is_small_and_searched(browser: Browser, tmp_path: Path) -> None:
    text = page(large(1000, 250), "FAILED")
    assert len(text.encode()) < 3_000_000
    file = tmp_path / "large.html"
    file.write_text(text, encoding="utf-8")
    browser.open(file, "#/cells?router=router7")
    browser.wait("document.querySelector('#results b')?.textContent === '12,500 cells'")
    assert browser.ask("document.querySelectorAll('#results tbody tr').length") == 100
    browser.do("click", selector="#results > button")
    assert browser.ask("document.querySelectorAll('#results tbody tr').length") == 600
    assert browser.ask("document.querySelectorAll('*').length") < 20_000


def test_what_the_document_lacks_is_left_out(browser: Browser, tmp_path: Path) -> None:
    """A report of another version may have less in its JSON, and more."""
    from harness.report.json_report import document
    from tests.browser.records import failing

    told = document(failing())
    for name in ("glance", "provenance", "tokens"):
        del told[name]
    told["part"] = "2 of 10 routers"
    told["causes"][0]["locations"] = [{"file": "app/auth.py", "line": 12}]
    told["routers"][0]["routes"][0] |= {"source": {"file": "app/x.py", "line": 3}}
    for router in told["routers"]:
        for route in router["routes"]:
            del route["request"]
    file = tmp_path / "less.html"
    file.write_text(page(told, "FAILED"), encoding="utf-8")
    browser.open(file, "#/cell?route=GET+%2Fopen&credential=missing")
    browser.wait("document.querySelector('dialog').open")
    assert browser.told() == []
    text = browser.ask("document.body.innerText")
    assert "2 of 10 routers" in text and "app/auth.py:12" in text


def test_a_browser_that_cannot_unpack_the_cells_is_told_so(browser: Browser, pages: dict[str, Path]) -> None:
    browser.do("open", file=str(pages["failing"]), without="DecompressionStream")
    browser.wait("document.querySelector('[role=alert]')")
    assert "auth-matrix.json has them all" in browser.ask("document.querySelector('[role=alert]').innerText")
    assert "current_user` admits the old token" in browser.ask("document.getElementById('causes').innerText")


def test_a_page_may_ask_no_network(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["failing"])
    browser.ask("void fetch('http://127.0.0.1:9/').catch(() => { document.body.dataset.refused = 'yes' })")
    browser.wait("document.body.dataset.refused")
    assert any("Content Security Policy" in line for line in browser.told())


def test_a_part_that_passed_says_that_it_is_a_part(browser: Browser, tmp_path: Path) -> None:
    made = Made()
    made.route("GET /me", "users", "clerk")
    record = made.record(narrowed="--router users")
    assert record.passed
    file = tmp_path / "part.html"
    file.write_text(HtmlReport().render(record), encoding="utf-8")
    browser.open(file)
    assert browser.ask("document.title").startswith("Auth matrix passed (a part)")
    assert "passed (a part)" in browser.ask("document.querySelector('h1').innerText")
    assert "the rest of the matrix was not run" in browser.ask("document.getElementById('causes').innerText")
    assert "--router users" in browser.ask("document.getElementById('glance').innerText")
