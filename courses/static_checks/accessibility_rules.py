"""The rules of texts that everyone can read: pictures in words, headings in order, links that say where they lead (WCAG 2.2: 1.1.1, 1.3.1, 1.4.1, 2.4.4, 2.4.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote

from courses.findings import Finding
from courses.notebook import Notebook
from courses.static_checks.markdown_text import Picture, has_table_without_header, headings, links, pictures, readable_text
from courses.static_checks.places import Spot, cell_spot, notebook_spot

_NO_WORDS = re.compile(
    r"(an? )?(image|img|picture|photo|figure|fig|graphic|screenshot|alt( text)?|untitled|larawan|title)[\s.:#_-]*\d*"
    r"|[\w .()-]+\.(png|jpe?g|gif|svg|webp|bmp|tiff?|pdf)|(image|img|screen ?shot|dsc)[\s_-]?\d[\w. -]*",
    re.IGNORECASE,
)
_EMPTY_LINK = re.compile(
    r"((click|tap|press|see|go|look|read)( on)?( it)?( (here|this|more|there))?|here|this|this (link|page|site|website|one)|link|more|read more|learn more|details|dito|ito"
    r"|rito|i-?click( dito)?|pindutin( dito)?)[.!:…→> ]*",
    re.IGNORECASE,
)
_COLOUR = "(?:red|green|blue|yellow|orange|purple|pink|violet|pula|berde|asul|dilaw)"
_COLOUR_ONLY = re.compile(
    rf"\b(?:shown|marked|highlighted|printed|written|coloured|colored|labelled|labeled|indicated|displayed)\s+in\s+{_COLOUR}\b"
    rf"|\b(?:the|each|every|all|all the|click the|press the)\s+{_COLOUR}\s+(?:one|ones|cells?|box|boxes|button|buttons|text|words?|lines?|bars?|dots?|points?|parts?|rows?|columns?)\b",
    re.IGNORECASE,
)
_ADDRESS_OF_A_FILE = re.compile(r"(?![a-z][a-z0-9+.-]*:|#|/|data:)[^?#]+", re.IGNORECASE)


def check_texts(notebook: Notebook, assignment: str) -> Iterator[Finding]:
    """Yield what keeps somebody from reading the notebook's texts."""
    levels: list[tuple[int, Spot]] = []
    for cell in notebook.cells:
        if cell.type == "markdown":
            text, spot = readable_text(cell), cell_spot(assignment, notebook, cell)
            levels += [(level, spot) for level in headings(text)]
            yield from _pictures(text, notebook, spot)
            yield from _links(text, spot)
            if has_table_without_header(text):
                yield spot.warning("A06", "a table has no header", "Name each column in the table's first row.")
            if match := _COLOUR_ONLY.search(text):
                yield spot.warning(
                    "A07", f"the text tells things apart by colour alone: {match[0]!r}", "Say also where it is, or what shape it has."
                )
    yield from _headings(levels, notebook_spot(assignment, notebook))


def _pictures(text: str, notebook: Notebook, spot: Spot) -> Iterator[Finding]:
    """Q17, A01, N33: a picture is there, and has words."""
    for picture in pictures(text):
        if not picture.words:
            yield spot.warning("Q17", "a picture has no text for those who cannot see it", "Write ![what it shows](file).")
        elif _NO_WORDS.fullmatch(picture.words):
            yield spot.warning(
                "A01",
                f"the text of a picture says nothing: {picture.words!r}",
                "Say what the picture shows, as you would on the telephone.",
            )
        if _is_missing(picture, notebook):
            yield spot.blocking(
                "N33", f"the picture {picture.target} lies not beside the notebook", "Put the file into the assignment's folder."
            )


def _is_missing(picture: Picture, notebook: Notebook) -> bool:
    target = unquote(picture.target)
    if not target or not _ADDRESS_OF_A_FILE.fullmatch(target):
        return False
    return not (notebook.path.parent / target).exists()


def _links(text: str, spot: Spot) -> Iterator[Finding]:
    """A05: one reads links by themselves, in a list."""
    for link in links(text):
        words = re.sub(r"[*_`]", "", link.words).strip()
        if _EMPTY_LINK.fullmatch(words) or (words == link.target and "://" in words):
            problem = (
                f"the words of a link do not say where it leads: {words!r}"
                if "://" not in words
                else f"an address stands there without words: {words}"
            )
            yield spot.warning("A05", problem, "Write [what one finds there](address).")


def _headings(levels: list[tuple[int, Spot]], notebook: Spot) -> Iterator[Finding]:
    """A02, A03, A04: the headings are the table of contents that a screen reader reads."""
    titles = [spot for level, spot in levels if level == 1]
    if not titles:
        yield notebook.warning("A03", "the notebook has no title", "Begin it with one heading of the first level: # Title.")
    for spot in titles[1:]:
        yield spot.warning("A04", "the notebook has a second title", "Keep one heading of the first level (#), and use ## for its parts.")
    for (before, _), (level, spot) in pairwise(levels):
        if level > before + 1:
            yield spot.warning(
                "A02",
                f"a heading of level {level} follows one of level {before}",
                f"Use {'#' * (before + 1)}, so that no level is left out.",
            )
