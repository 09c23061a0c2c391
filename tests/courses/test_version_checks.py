from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.catalogue import load_course
from courses.findings import Severity
from courses.manifest import CourseManifest
from courses.release_record import describe_release
from courses.released import Release, keep_release
from courses.settings import Site
from courses.version_changes import ChangeKind, changes_between, kind_of
from courses.version_checks import check_version, load_frozen_course, version_number
from tests.courses.tiny_site import MANIFEST, changed, load_tiny_course, make_tiny_site
from tests.small_course import nbgrader_cell, source_notebook

_PROSE = "Read the *question* first."


def notebook(edit: Callable[[list[object]], None] = lambda _cells: None) -> str:
    node = source_notebook()
    node.cells.insert(0, nbformat.v4.new_markdown_cell(_PROSE))
    edit(node.cells)
    for number, cell in enumerate(node.cells):
        cell.id = f"c{number}"
    return str(nbformat.writes(node))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose course is frozen as released in version 1.0.0, as a release leaves it."""
    site = make_tiny_site(tmp_path)
    (site.courses / "tiny-course" / "ps1" / "p1.ipynb").write_text(notebook(), encoding="utf-8")
    freeze(site, ("ps1",))
    return site


def freeze(site: Site, assignments: tuple[str, ...]) -> None:
    course, root = load_tiny_course(site), site.course_root("tiny-course")
    record = describe_release(course, {"python": "3.11"})
    shutil.copytree(course.folder, root / "releases" / record.content_hash / "tiny-course")
    keep_release(
        root, Release(course.id, record.version, record.content_hash, "2026-11-20T08:00:00+00:00", assignments, record.sources_sha256)
    )


def findings(site: Site) -> list[tuple[str, Severity, str]]:
    found = check_version(load_tiny_course(site), site.course_root("tiny-course"))
    assert {each.code for each in found} <= {"Q20"}
    return [(each.where, each.severity, f"{each.problem} {each.remedy}") for each in found]


def write_notebook(site: Site, edit: Callable[[list[object]], None]) -> None:
    (site.courses / "tiny-course" / "ps1" / "p1.ipynb").write_text(notebook(edit), encoding="utf-8")


def write_manifest(site: Site, text: str) -> None:
    (site.courses / "tiny-course" / "course.toml").write_text(text, encoding="utf-8")


def kind_now(site: Site) -> ChangeKind:
    from courses.released import find_release

    root = site.course_root("tiny-course")
    last = find_release(root)
    assert last is not None
    return kind_of(changes_between(load_frozen_course(root, last), load_tiny_course(site), last.assignments))


def test_an_unchanged_course_and_one_that_was_never_released_have_nothing_to_answer_for(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert findings(site) == []
    assert kind_now(site) is ChangeKind.NONE
    fresh = make_tiny_site(tmp_path_factory.mktemp("fresh"))
    assert check_version(load_tiny_course(fresh), fresh.course_root("tiny-course")) == []


def source(cell: int, old: str, new: str) -> Callable[[list[object]], None]:
    def edit(cells: list[object]) -> None:
        here = cells[cell]
        assert old in here.source  # type: ignore[attr-defined]
        here.source = here.source.replace(old, new)  # type: ignore[attr-defined]

    return edit


def metadata(cell: int, **values: object) -> Callable[[list[object]], None]:
    def edit(cells: list[object]) -> None:
        cells[cell].metadata["nbgrader"].update(values)  # type: ignore[attr-defined]

    return edit


EDITORIAL = {
    "prose": source(0, "question", "task"),
    "a comment in a test": source(3, "assert square(2)", "# an even number\nassert square(2)"),
    "the layout of a test": source(3, "square(2) == 4", "square( 2 )==4"),
    "the message of an assertion": source(3, "square(2) == 4", "square(2) == 4, 'square of 2'"),
    "the reference solution": source(2, "return n * n", "return n ** 2"),
    "a new text": lambda cells: cells.insert(1, nbformat.v4.new_markdown_cell("More.")),
}
ASSESSMENT = {
    "an open test": source(3, "square(2) == 4", "square(5) == 25"),
    "a hidden test": source(3, "square(-3) == 9", "square(-4) == 16"),
    "a hidden test becomes open": source(3, "### BEGIN HIDDEN TESTS\nassert square(-3) == 9\n### END HIDDEN TESTS", "assert square(-3) == 9"),
    "the set-up": source(1, "limit = 10", "limit = 20"),
    "points": metadata(3, points=3),
    "a cell's id": metadata(3, grade_id="test_squares"),
    "a cell's kind": metadata(2, locked=True, solution=False),
    "what an essay asks for": source(6, "Write here.", "Write three sentences."),
    "a cell that is gone": lambda cells: cells.pop(5),
    "a new test": lambda cells: cells.append(nbgrader_cell("code", "assert found == 3", "again", grade=True, locked=True, points=1)),
    "code outside nbgrader's cells": lambda cells: cells.insert(1, nbformat.v4.new_code_cell("limit = 5")),
    "the order of cells": lambda cells: cells.insert(1, cells.pop(4)),
    "what learners are given": source(2, "### BEGIN SOLUTION", "n = 1\n### BEGIN SOLUTION"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITORIAL)
def test_what_changes_no_verdict_is_editorial(site: Site, name: str) -> None:
    write_notebook(site, EDITORIAL[name])
    assert kind_now(site) is ChangeKind.EDITORIAL
    assert findings(site) == []


@pytest.mark.parametrize("name", ASSESSMENT)
def test_what_may_change_a_verdict_needs_a_new_version(site: Site, name: str) -> None:
    write_notebook(site, ASSESSMENT[name])
    assert kind_now(site) is ChangeKind.ASSESSMENT
    first = findings(site)[0]
    assert first[:2] == ("course.toml:3, version", Severity.BLOCKING)
    assert "version 1.0.0 is released, and since then the assessment changed (ps1/p1.ipynb" in first[2]


MANIFEST_CHANGES = [
    ('title = { en = "Squares" }', 'title = { en = "Squares, anew" }', ChangeKind.EDITORIAL),
    ('title = { en = "First" }', 'title = { en = "First one" }', ChangeKind.EDITORIAL),
    ("weight = 100", "weight = 100\ndue = 2026-12-24T12:00:00+08:00", ChangeKind.EDITORIAL),
    ('text = { en = "Compute squares." }', 'text = { en = "Compute squares.", fil = "Kuwadrado." }', ChangeKind.EDITORIAL),
    ("review_by = 2027-10-05", "review_by = 2027-11-05", ChangeKind.EDITORIAL),
    ("weight = 100", "weight = 100\nattempts = 2", ChangeKind.ASSESSMENT),
    ("weight = 100", 'weight = 100\ncells = { test_square = "manual" }', ChangeKind.ASSESSMENT),
    ("weight = 100", "weight = 100\nlimits = { cell_timeout_s = 3.0 }", ChangeKind.ASSESSMENT),
    ("pass_rule = { overall = 0.75", "pass_rule = { overall = 0.5", ChangeKind.ASSESSMENT),
    ('supervision = "none"', 'supervision = "remote"', ChangeKind.ASSESSMENT),
    ('text = { en = "Compute squares." }', 'text = { en = "Compute cubes." }', ChangeKind.OUTCOME),
    ('bloom = "apply"', 'bloom = "create"', ChangeKind.OUTCOME),
    ('validity = "P3Y"', 'validity = "P2Y"', ChangeKind.OUTCOME),
]


@pytest.mark.parametrize(("old", "new", "kind"), MANIFEST_CHANGES)
def test_fields_of_the_manifest_have_their_kind(site: Site, old: str, new: str, kind: ChangeKind) -> None:
    write_manifest(site, changed(old, new))
    assert kind_now(site) is kind
    assert [severity for _, severity, _ in findings(site)] == ([Severity.BLOCKING] if kind > ChangeKind.EDITORIAL else [])


def test_a_field_that_nobody_thought_of_counts_as_a_change_of_the_assessment() -> None:
    from courses.version_changes import _EDITORIAL_FIELDS, _OUTCOME_FIELDS, _kind_of_field

    assert _kind_of_field("something_new") is ChangeKind.ASSESSMENT
    assert set(CourseManifest.model_fields) >= _EDITORIAL_FIELDS | _OUTCOME_FIELDS


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ps1/data.csv", ChangeKind.ASSESSMENT), ("ps1/DATA.md", ChangeKind.EDITORIAL), ("ps1/helper.py", ChangeKind.ASSESSMENT), ("notes.txt", ChangeKind.EDITORIAL)],
)  # fmt: skip
def test_data_files_count_as_assessed_and_documents_do_not(site: Site, name: str, kind: ChangeKind) -> None:
    (site.courses / "tiny-course" / name).write_text("changed", encoding="utf-8")
    assert kind_now(site) is kind


def test_a_document_that_a_cell_reads_is_data(site: Site) -> None:
    write_notebook(site, source(1, "limit = 10", "limit = len(open('DATA.md').read())"))
    shutil.rmtree(site.course_root("tiny-course"))
    freeze(site, ("ps1",))
    (site.courses / "tiny-course" / "ps1" / "DATA.md").write_text("more", encoding="utf-8")
    assert kind_now(site) is ChangeKind.ASSESSMENT


def version(text: str, number: str, *lines: str) -> str:
    logged = "".join(
        f', {{ version = "{line.split()[0]}", date = 2026-11-01, kind = "{line.split()[1]}", text = "Changed." }}' for line in lines
    )
    text = text.replace('version = "1.0.0"\ncode', f'version = "{number}"\ncode')
    return text.replace('text = "First version." }]', f'text = "First version." }}{logged}]')


@pytest.mark.parametrize(
    ("number", "lines", "severities"),
    [
        ("1.1.0", ("1.1.0 assessment",), []),
        ("1.1.0", ("1.1.0 outcome",), []),
        ("1.2.0", ("1.1.0 assessment", "1.2.0 editorial"), []),
        ("1.1.0", ("1.1.0 editorial",), [Severity.BLOCKING]),
        ("1.1.0", ("1.2.0 assessment",), [Severity.BLOCKING]),
        ("1.1.0", (), [Severity.BLOCKING]),
        ("0.9.0", ("0.9.0 assessment",), [Severity.BLOCKING]),
        ("1.0.0", ("1.0.0 assessment",), [Severity.BLOCKING]),
    ],
)
def test_the_change_log_has_to_tell_of_a_new_versions_changes(
    site: Site, number: str, lines: tuple[str, ...], severities: list[Severity]
) -> None:
    write_notebook(site, ASSESSMENT["a hidden test"])
    write_manifest(site, version(MANIFEST, number, *lines))
    assert [severity for _, severity, _ in findings(site)] == severities


def test_a_new_version_of_changed_texts_without_a_line_in_the_change_log_is_a_warning(site: Site) -> None:
    write_manifest(site, version(MANIFEST, "1.0.1"))
    ((where, severity, text),) = findings(site)
    assert severity is Severity.WARNING and "change_log" in where and "has no line for version 1.0.1" in text


def test_ids_stay_within_a_version_and_the_nearest_new_one_is_named(site: Site) -> None:
    write_notebook(site, ASSESSMENT["a cell's id"])
    found = findings(site)
    assert [(where, severity) for where, severity, _ in found] == [
        ("course.toml:3, version", Severity.BLOCKING),
        ("ps1", Severity.BLOCKING),
    ]
    assert "cell 'test_square' was released in version 1.0.0 and is gone" in found[1][2]
    assert "Was it renamed to 'test_squares'?" in found[1][2]


def test_an_assignment_that_nobody_could_fetch_yet_may_change(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    freeze(site, ())
    write_notebook(site, ASSESSMENT["an open test"])
    assert kind_now(site) is ChangeKind.NONE
    write_manifest(site, changed("overall = 0.75", "overall = 0.5"))
    assert kind_now(site) is ChangeKind.ASSESSMENT


def test_code_that_is_no_python_is_compared_by_its_lines(site: Site) -> None:
    write_notebook(site, source(1, "limit = 10", "limit <- 10 %%"))
    assert kind_now(site) is ChangeKind.ASSESSMENT


@given(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)),
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)),
)
def test_versions_are_compared_as_numbers(first: tuple[int, int, int], second: tuple[int, int, int]) -> None:
    told = [version_number(".".join(map(str, each))) for each in (first, second)]
    assert (told[0] < told[1]) == (first < second)


def test_the_frozen_course_reads_as_it_was(site: Site) -> None:
    write_notebook(site, ASSESSMENT["an open test"])
    from courses.released import find_release

    last = find_release(site.course_root("tiny-course"))
    assert last is not None
    frozen = load_frozen_course(site.course_root("tiny-course"), last)
    assert "square(2) == 4" in frozen.notebooks["ps1"][0].cells[3].source
    assert load_course(site.courses, "tiny-course").notebooks["ps1"][0].cells[3].source != frozen.notebooks["ps1"][0].cells[3].source
