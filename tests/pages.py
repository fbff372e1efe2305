"""The documentation as Markdown: links, anchors as GitHub makes them of headings, and blocks of code that name their file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_BLOCK = re.compile(r"^```\w+\n(?:#|//) (\S+\.\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(file, anchor) of each link that leads to no other host; either may be empty."""
    for found in _LINK.finditer(_CODE.sub("", page.read_text())):
        yield found[1], found[2] or ""


def anchors(page: Path) -> set[str]:
    """What a page's headings can be linked by. Source: github.com/Flet/github-slugger."""
    found: set[str] = set()
    for heading in _HEADING.findall(_CODE.sub("", page.read_text())):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found.add(
            slug if slug not in found else next(f"{slug}-{n}" for n in range(1, 99) if f"{slug}-{n}" not in found)
        )
    return found


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    wrong = []
    for file, anchor in links(page):
        target = page.parent / file if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            wrong.append(f"{file}#{anchor}" if anchor else file)
    return wrong


def blocks(page: Path) -> list[tuple[str, str]]:
    """(file, text) of each block of code that begins with its file's name, in the page's order."""
    return _BLOCK.findall(page.read_text())
