from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from autograder import reports
from autograder.analysis.attempt_scores import attempt_frames
from autograder.analysis.course_results import CourseSubject, course_tables
from autograder.analysis.failing_messages import failing_messages
from autograder.analysis.item_analysis import responses_of
from autograder.analysis.outcomes import OutcomeGoal
from autograder.errors import ReportError
from autograder.gradebook import gradebook_reader
from autograder.reports import ReportContent, make_report, print_page
from autograder.variant_comparison import COLUMNS
from tests.autograder.grading_calls import grade
from tests.small_course import SQUARE, SmallCourse

_NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_NAME = "<script>alert(1)</script>"


def content(course: SmallCourse, title: str = "Squares") -> ReportContent:
    """What the report of the small course says."""
    reader = gradebook_reader(course.open(), attempt_rules={})
    found = reader.read(reader.learners)
    statuses = {learner: ("eligible", "") if learner == "ana" else ("not yet", "Below the mark.") for learner in reader.learners}
    subject = CourseSubject(
        course="small", title=title, version="1.0.0", institution="Example State University", assignments=(("ps1", "First"),),
        weights={"ps1": 100.0}, pass_mark=0.5, allowed={}, goals=(OutcomeGoal("LO1", "Square numbers", 0.5),),
        overall=dict.fromkeys(reader.learners, 0.2), outcome_shares={learner: {"LO1": 0.5} for learner in reader.learners}, statuses=statuses,
        credentialed=0, timezone="Asia/Manila",
    )  # fmt: skip
    responses = responses_of(found.frames.cells)
    tables = course_tables(subject, found.frames.assignments, responses, attempt_frames(found.attempts), now=_NOW)
    tables["messages"] = failing_messages(course.open(), responses)
    told = {name: getattr(subject, name) for name in ("course", "title", "version", "institution", "assignments", "pass_mark")}
    return ReportContent(f"{title} 1.0.0: cohort report", told, tables, subject.timezone)


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
    """A report on learners of several kinds, one with a name that is a program, one whose message is one."""
    course = SmallCourse(shutil.copytree(small_course_template, tmp_path_factory.mktemp("report") / "course"))
    for number in range(10):
        course.submit(f"learner{number}", SQUARE if number % 2 else "square = abs", "found = 3" if number % 3 else "found = 0")
    course.submit("ana", SQUARE, "found = 3")
    course.submit("ben", f"def square(n):\n    raise ValueError('{_NAME}')", "found = 0")
    (course.submit(_NAME.replace("/", "").replace("<", "(").replace(">", ")")) / "p1.ipynb").write_text("{", encoding="utf-8")
    grade(course)
    path = course.root / "reports" / "small.html"
    return make_report(content(course, f"Squares {_NAME}"), path, now=_NOW, parquet=True)


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
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert re.search(r"<title>[^<]+</title>", text)
    pictures = [found for tag, found in page.tags if tag in {"img", "svg"}]
    assert len(pictures) >= 4
    assert all(found.get("alt") or (found.get("role") == "img" and found.get("aria-label")) for found in pictures), (
        "every picture has a text"
    )
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), "no heading leaves out a level"
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("scope") for tag, found in page.tags if tag == "th")
    assert "main" in tags


@pytest.mark.slow
def test_the_report_says_who_is_where_and_nothing_as_zero_that_was_not_graded(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert "ana" in text and "ben" in text
    assert "ungraded" in text
    assert "23 November 2026, 16:00" in text, "in the site's time zone"
    assert _NAME not in text


@pytest.mark.slow
def test_the_report_tells_what_failing_tests_said_and_how_hard_items_were(report: Path) -> None:
    tables = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))["tables"]
    facility = {row["cell"]: row["facility"] for row in tables["items"]}
    assert facility["test_square"] == pytest.approx(6 / 12)
    assert {row["cell"] for row in tables["messages"]} >= {"test_square"}
    assert sum(row["learners"] for row in tables["messages"] if row["cell"] == "test_square") == 6
    assert [row["stage"] for row in tables["funnel"]][:2] == ["enrolled", "handed something in"]


@pytest.mark.slow
def test_the_tables_lie_beside_the_page_as_json_and_parquet_alike(report: Path) -> None:
    tables = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))["tables"]
    folder = report.with_name("small-tables")
    assert {path.stem for path in folder.glob("*.parquet")} == set(tables)
    assert pd.read_parquet(folder / "items.parquet")["cell"].tolist() == [row["cell"] for row in tables["items"]]


@pytest.mark.slow
def test_the_executed_notebook_lies_beside_the_page(report: Path) -> None:
    node = nbformat.read(report.with_suffix(".ipynb"), as_version=4)
    assert not [output for cell in node.cells for output in cell.get("outputs", []) if output.output_type == "error"]


@pytest.mark.slow
def test_a_course_without_a_learner_has_a_report(small_course: SmallCourse) -> None:
    path = make_report(content(small_course), small_course.root / "r.html", now=_NOW)
    text = path.read_text(encoding="utf-8")
    assert "No item is graded yet." in text
    assert ">Variants<" not in text, "nobody has variants"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learners", "probabilities", "words"),
    [
        ((9, 9, 9), (None, None, None), ["First: too few learners to say whether a variant was harder"]),
        ((20, 20, 20), (0.4, 0.5, 0.6), ["First: no variant was harder or easier than chance explains."]),
        (
            (20, 20, 4),
            (0.4, 0.001, None),
            [
                "First: variant 2 was easier. Its 20 learners earned 90 % of the points, the 30 with another variant 60 %",
                "First, variant 3",
            ],
        ),
        ((20, 20, 4), (0.4, 0.5, None), ["of 1 variants too few learners are decided"]),
    ],
)
def test_the_report_says_in_words_what_is_known_of_variants(
    small_course: SmallCourse, learners: tuple[int, ...], probabilities: tuple[float | None, ...], words: list[str]
) -> None:
    rows = [
        ("ps1", number + 1, count, 0.9, 30, 0.6, 0.3, float("nan") if p is None else p, p is not None and p < 0.05)
        for number, (count, p) in enumerate(zip(learners, probabilities, strict=True))
    ]
    made = content(small_course)
    tables = {**made.tables, "variants": pd.DataFrame(rows, columns=list(COLUMNS))}
    text = make_report(replace(made, tables=tables), small_course.root / "r.html", now=_NOW).read_text(encoding="utf-8")
    assert text.count(">Variants<") == 1
    assert [each for each in words if each not in text] == []


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
    with pytest.raises(ReportError, match=r"r\.failed\.ipynb: the report's notebook fails: ZeroDivisionError"):
        make_report(content(small_course), tmp_path / "r.html", now=_NOW, template="mine")
    assert (tmp_path / "r.failed.ipynb").is_file()
    assert not (tmp_path / "r.html").exists()


def test_a_title_is_text_and_no_markup() -> None:
    text = print_page(nbformat.writes(nbformat.v4.new_notebook()), title="<b> & co")
    assert "<title>&lt;b&gt; &amp; co</title>" in text
