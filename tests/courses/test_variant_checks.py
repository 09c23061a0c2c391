"""V01 to V04: each mistake of an author is found where it is, and a good course has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from courses.catalogue import load_course
from courses.findings import Finding
from courses.variant_checks import check_variants
from tests.small_course import nbgrader_cell
from tests.varied_site import ASSIGNMENT, COURSE, FIXED, make_varied_site, manifest_text, varied_notebook


def findings(root: Path, *, manifest: str | None = None, notebook: Any = None, extra: str = "") -> list[Finding]:
    site = make_varied_site(root, manifest=manifest, notebook=notebook)
    if extra:
        (site.courses / COURSE / ASSIGNMENT / extra).write_text("", encoding="utf-8")
    return check_variants(load_course(site.courses, COURSE))


def told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.code, each.where) for each in found]


@pytest.mark.parametrize("variants", [FIXED, '{ drawn = { n = { integer = [1, 90] }, name = { choice = ["a", "b"] } } }'])
def test_a_good_course_has_no_findings(tmp_path: Path, variants: str) -> None:
    assert findings(tmp_path, manifest=manifest_text(variants)) == []


def test_a_course_without_variants_has_none_either(tmp_path: Path) -> None:
    assert findings(tmp_path, manifest=manifest_text(None, promised=False)) == []


TABLE, CELL = "course.toml, assessments[ps1].variants", "ps1/p1.ipynb, values"


@pytest.mark.parametrize(
    ("notebook", "expected", "words"),
    [
        (varied_notebook(tags=()), [("V01", TABLE)], "no cell is tagged"),
        (varied_notebook(locked=False), [("V01", "ps1/p1.ipynb, cell 1"), ("V02", TABLE), ("V02", TABLE)], "is no read-only code cell"),
        (varied_notebook("%time\nn = 3\nname = 'a'\ntwice = 2"), [("V01", CELL), ("V02", TABLE), ("V02", TABLE)], "no plain Python"),
        (varied_notebook("n = 3\ntwice = 6"), [("V02", TABLE)], "'name' is set in no cell"),
        (varied_notebook("n = 3\nn = 4\nname = 'a'\ntwice = 2 * n"), [("V02", TABLE)], "'n' is set in no cell"),
        (varied_notebook("n = '3'\nname = 'a'\ntwice = 6"), [("V02", CELL)], "of another type"),
        (varied_notebook("n = True\nname = 'a'\ntwice = 6"), [("V02", CELL)], "of another type"),
        (varied_notebook("n = int('3')\nname = 'a'\ntwice = 6"), [("V02", CELL)], "no plain value"),
    ],
)
def test_a_cell_that_does_not_fit_blocks(tmp_path: Path, notebook: Any, expected: list[tuple[str, str]], words: str) -> None:
    found = findings(tmp_path, notebook=notebook)
    assert told(found) == expected
    assert all(each.is_blocking for each in found)
    assert words in found[0].problem


def test_a_second_parameters_cell_blocks(tmp_path: Path) -> None:
    notebook = varied_notebook()
    second = nbgrader_cell("code", "m = 1", "second", locked=True)
    second.metadata["tags"] = ["parameters"]
    notebook.cells.insert(1, second)
    assert told(findings(tmp_path, notebook=notebook)) == [("V01", "ps1/p1.ipynb, second")]


def test_another_language_blocks(tmp_path: Path) -> None:
    notebook = varied_notebook()
    notebook.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    (found,) = (each for each in findings(tmp_path, notebook=notebook) if each.code == "V01")
    assert "are for Python notebooks" in found.problem


def test_a_file_of_the_releases_name_blocks(tmp_path: Path) -> None:
    assert told(findings(tmp_path, extra="my_variant.py")) == [("V01", TABLE)]


def test_a_promise_that_is_not_kept_is_told_both_ways(tmp_path: Path) -> None:
    assert told(findings(tmp_path / "a", manifest=manifest_text(None))) == [("V03", "course.toml, integrity")]
    assert told(findings(tmp_path / "b", manifest=manifest_text(promised=False))) == [("V03", "course.toml, integrity")]


def test_too_few_different_variants_are_told(tmp_path: Path) -> None:
    (found,) = findings(
        tmp_path, manifest=manifest_text('{ drawn = { n = { integer = [1, 3] }, name = { choice = ["a", "b"] } }, pool = 30 }')
    )
    assert (found.code, found.problem) == ("V04", "only 6 of 30 variants differ")


def test_tests_that_look_at_no_parameter_are_told(tmp_path: Path) -> None:
    notebook = varied_notebook()
    for cell in notebook.cells[1:]:
        cell.source = (
            cell.source.replace("range(n)", "range(3)").replace("n * (n - 1) // 2", "3").replace("twice", "6").replace("x * n", "x * 3")
        )
    (found,) = findings(tmp_path, notebook=notebook)
    assert (found.code, found.where, found.is_blocking) == ("V04", CELL, False)
