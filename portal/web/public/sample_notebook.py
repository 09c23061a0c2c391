"""A look into a course: the first notebook of its learner version, which has neither solutions nor hidden tests, read-only.

A notebook's texts are Markdown by its authors. HTML in them is shown as text, pictures are told by their description, links lead only to http(s) and e-mail;
so nothing in a notebook can do anything on this page. Outputs are not shown: learner versions have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from courses.errors import DiagnosedError
from courses.notebook import load_notebooks
from courses.settings import Site
from portal.web.public.course_words import Gettext
from portal.web.public.versions import ReleasedCourse

_MOST_CELLS = 60
_LONGEST_CELL = 20_000


@dataclass(frozen=True, slots=True)
class SampleCell:
    """A cell: text as harmless HTML, or code."""

    html: Markup | None
    code: str


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A notebook to look at."""

    title: str
    course: str
    course_title: str
    assessment: str
    cells: tuple[SampleCell, ...]
    left_out: int
    """Cells at the end that are not shown."""


def find_sample(site: Site, course: ReleasedCourse, language: str, gettext: Gettext) -> SamplePage | None:
    """Return the first notebook of the first assessment in the exchange, None if there is none to show."""
    manifest = course.current.manifest
    assessment = manifest.assessments[0]
    folder = site.exchange / course.id / "outbound" / assessment.id
    cells = _cells(folder)
    if not cells:
        return None
    return SamplePage(
        title=gettext("A look into the course"),
        course=course.id,
        course_title=manifest.title.in_language(language),
        assessment=assessment.title.in_language(language),
        cells=tuple(_shown(kind, source) for kind, source in cells[:_MOST_CELLS]),
        left_out=max(0, len(cells) - _MOST_CELLS),
    )


def harmless_html(markdown: str) -> Markup:
    """Return Markdown as HTML in which nothing of the text is an element of its own: no HTML, no pictures, headings as strong lines."""
    return Markup(_renderer().render(markdown[:_LONGEST_CELL]))  # noqa: S704 -- made by the renderer, which escapes all text


def _cells(folder: Path) -> list[tuple[str, str]]:
    if not folder.is_dir():
        return []
    try:
        notebooks = load_notebooks(folder)
    except DiagnosedError:
        return []
    return [(cell.type, cell.source) for notebook in notebooks[:1] for cell in notebook.cells if cell.source.strip() and cell.type != "raw"]


def _shown(kind: str, source: str) -> SampleCell:
    return SampleCell(harmless_html(source), "") if kind == "markdown" else SampleCell(None, source[:_LONGEST_CELL])


@cache
def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    renderer.add_render_rule("heading_open", _strong_line_begins)
    renderer.add_render_rule("heading_close", _strong_line_ends)
    renderer.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0" role="region" aria-label="table"><table>')
    renderer.add_render_rule("table_close", lambda *_: "</table></div>")
    return renderer


def _strong_line_begins(*_: object) -> str:
    """Return how a heading begins: the page has headings of its own, whose order those of a notebook would break."""
    return "<p><strong>"


def _strong_line_ends(_renderer: object, _tokens: list[Token], *_: object) -> str:
    return "</strong></p>"
