"""The text cells of a notebook as learners read them: headings, pictures, links and tables, code left out.

Only what the checks need of CommonMark and GitHub's tables, line by line: fenced and inline code is blanked first, as are nbgrader's marking guides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from courses.notebook import Cell
from courses.static_checks.marks import shown_to_learners

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_MATH = re.compile(r"\$\$.+?\$\$|(?<![\\$\w])\$(?!\s)[^$\n]+?(?<!\s)\$(?!\d)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(?![ \t]*(?:[#>|*+-]|\d+\.))[ \t]{0,3}\S[^\n]*\n {0,3}(=+|-{2,})[ \t]*$", re.MULTILINE)
_HTML_HEADING = re.compile(r"<h([1-6])\b", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\(\s*<?([^)\s>]*)[^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\(\s*<?([^)\s>]*)[^)]*\)")
_BARE_ADDRESS = re.compile(r"(?<![(\[\"'=\w/:])<?(https?://[^\s<>)\]]+)")
_TABLE_HEAD = re.compile(r"^[ \t]*(\|?[^\n]*\|[^\n]*)\n[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its words."""

    words: str
    target: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link with the words that one clicks."""

    words: str
    target: str


def readable_text(cell: Cell) -> str:
    """Return what learners read of a Markdown cell, with code and formulas blanked."""
    text = re.sub(r"<!--.*?-->", "", shown_to_learners(cell), flags=re.DOTALL)
    for pattern in (_FENCE, _INLINE_CODE, _MATH):
        text = pattern.sub(lambda match: "code" if "\n" not in match[0] else "\n" * match[0].count("\n"), text)
    return text


def headings(text: str) -> list[int]:
    """Return the levels of the headings, in order."""
    found = [(match.start(), len(match[1])) for match in _HEADING.finditer(text)]
    found += [(match.start(), 1 if match[1].startswith("=") else 2) for match in _UNDERLINED.finditer(text)]
    found += [(match.start(), int(match[1])) for match in _HTML_HEADING.finditer(text)]
    return [level for _, level in sorted(found, key=lambda each: each[0])]


def pictures(text: str) -> Iterator[Picture]:
    """Yield the pictures, Markdown's and HTML's; one of HTML that is marked as decoration is left out."""
    for match in _IMAGE.finditer(text):
        yield Picture(match[1].strip(), match[2] or "")
    for tag, attributes in _tags(text):
        if tag == "img" and attributes.get("role") != "presentation" and attributes.get("aria-hidden") != "true":
            yield Picture((attributes.get("alt") or "").strip(), attributes.get("src") or "")


def links(text: str) -> Iterator[Link]:
    """Yield Markdown's links, and addresses that stand there bare, with themselves as words."""
    for match in _LINK.finditer(text):
        yield Link(match[1].strip(), match[2])
    for match in _BARE_ADDRESS.finditer(
        _LINK.sub("", _IMAGE.sub("", re.sub(r"<a\b.*?</a>|^\s*\[[^\]]+\]:.*$", "", text, flags=re.DOTALL | re.MULTILINE)))
    ):
        yield Link(match[1], match[1])


def has_table_without_header(text: str) -> bool:
    """Whether a table's header row is empty, or an HTML table has no `th`."""
    if any(not match[1].replace("|", "").strip() for match in _TABLE_HEAD.finditer(text)):
        return True
    tags = [tag for tag, _ in _tags(text)]
    return "table" in tags and "th" not in tags


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    if "<" not in text:
        return []
    parser = _Tags()
    parser.feed(text)
    return parser.found
