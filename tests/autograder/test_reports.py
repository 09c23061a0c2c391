from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from autograder import reports
from autograder.errors import ReportError
from autograder.gradebook import GradebookFrames, read_gradebook
from autograder.reports import ReportSubject, make_report, print_page
from tests.autograder.grading_calls import grade
from tests.small_course import SQUARE, SmallCourse

_NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_NAME = "<script>alert(1)</script>"


def subject(title: str = "Squares") -> ReportSubject:
    return ReportSubject(
        course="small", title=title, version="1.0.0", institution="Example State University", assignments=(("ps1", "First"),), pass_mark=0.5,
        overall={"ana": 0.55, "ben": 0.0}, statuses={"ana": ("eligible", ""), "ben": ("not yet", "Below the mark.")}, timezone="Asia/Manila",
    )  # fmt: skip


class _Page(HTMLParser):
    """Notes what an HTML page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def report(small_course_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on learners of several kinds, one with a name that is a program."""
    import shutil

    course = SmallCourse(shutil.copytree(small_course_template, tmp_path_factory.mktemp("report") / "course"))
    course.submit("ana", SQUARE, "found = 3")
    course.submit("ben", "square = abs", "found = 0")
    (course.submit(_NAME.replace("/", "").replace("<", "(").replace(">", ")")) / "p1.ipynb").write_text("{", encoding="utf-8")
    grade(course)
    return make_report(subject(f"Squares {_NAME}"), read_gradebook(course.open()), course.root / "reports" / "small.html", now=_NOW)


@pytest.mark.slow
def test_the_report_is_one_page_that_needs_nothing_else(report: Path) -> None:
    page = _Page(report.read_text(encoding="utf-8"))
    assert not [tag for tag, _ in page.tags if tag in {"script", "iframe", "link", "object", "embed"}]
    addresses = [str(found[name]) for _, found in page.tags for name in ("src", "href") if found.get(name)]
    assert [address for address in addresses if not address.startswith(("data:", "#"))] == []
    assert [name for _, found in page.tags for name in found if name.startswith("on")] == []


@pytest.mark.slow
def test_the_report_can_be_read_by_everyone(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    page = _Page(text)
    assert ("html", {"lang": "en"}) in page.tags
    assert re.search(r"<title>[^<]+</title>", text)
    pictures = [found for tag, found in page.tags if tag == "img"]
    assert pictures
    assert all(found.get("alt") for found in pictures), "every picture has a text"
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert "main" in [tag for tag, _ in page.tags]


@pytest.mark.slow
def test_the_report_says_who_is_where_and_nothing_as_zero_that_was_not_graded(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert "ana" in text and "ben" in text
    assert "ungraded" in text
    assert "23 November 2026, 16:00" in text, "in the site's time zone"
    assert _NAME not in text


@pytest.mark.slow
def test_the_executed_notebook_lies_beside_the_page(report: Path) -> None:
    node = nbformat.read(report.with_suffix(".ipynb"), as_version=4)
    assert not [output for cell in node.cells for output in cell.get("outputs", []) if output.output_type == "error"]


@pytest.mark.slow
def test_a_course_without_a_learner_has_a_report(small_course: SmallCourse) -> None:
    empty = ReportSubject(
        course="small", title="Squares", version="1.0.0", institution="E", assignments=(("ps1", "First"),), pass_mark=0.5, overall={},
        statuses={}, timezone="UTC",
    )  # fmt: skip
    path = make_report(empty, read_gradebook(small_course.open()), small_course.root / "r.html", now=_NOW)
    assert path.is_file()


@pytest.mark.slow
def test_a_template_that_fails_is_said_in_words_and_kept(
    small_course: SmallCourse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("data_file = ''", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell("1 / 0")]
    )
    node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (tmp_path / "mine.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    monkeypatch.setattr(reports, "_TEMPLATES", tmp_path)
    frames: GradebookFrames = read_gradebook(small_course.open())
    with pytest.raises(ReportError, match=r"r\.failed\.ipynb: the report's notebook fails: ZeroDivisionError"):
        make_report(subject(), frames, tmp_path / "r.html", now=_NOW, template="mine")
    assert (tmp_path / "r.failed.ipynb").is_file()
    assert not (tmp_path / "r.html").exists()


def test_a_title_is_text_and_no_markup() -> None:
    text = print_page(nbformat.writes(nbformat.v4.new_notebook()), title="<b> & co")
    assert "<title>&lt;b&gt; &amp; co</title>" in text
