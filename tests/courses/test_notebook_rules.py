from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pytest

from courses.checks import check_course
from courses.findings import Finding
from courses.static_checks.notebook_rules import check_notebooks
from tests.courses.tiny_site import MANIFEST, changed, load_tiny_course, make_tiny_site
from tests.small_course import nbgrader_cell, source_notebook

_BY_DESIGN = {"A03", "N13", "Q06", "Q18"}
"""What the tiny course has: no title, data without a licence, and a pass mark that nobody reaches without the essay."""


def find(root: Path, node: Any = None, *, manifest: str = MANIFEST) -> list[Finding]:
    site = make_tiny_site(root, manifest=manifest)
    if node is not None:
        (site.courses / "tiny-course" / "ps1" / "p1.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    return [finding for finding in check_notebooks(load_tiny_course(site)) if finding.code not in _BY_DESIGN]


def with_test(source: str, **metadata: object) -> Any:
    node = source_notebook()
    node.cells[2].source = source
    node.cells[2].metadata["nbgrader"].update(metadata)
    return node


def test_the_good_course_has_no_finding(tmp_path: Path) -> None:
    assert find(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("assert square(2) == 4", []),
        ("x = square(2)", ["N05"]),
        ("def helper():\n    return 1", ["N05"]),
        ("square(2) == 4", ["N06"]),
        ("assert square(2) == 4\nsquare(3) == 9", ["N06"]),
        ("1 < square(2) < 9", ["N06"]),
        ("import numpy as np\nnp.testing.assert_allclose(square(2), 4)", []),
        ("check_square(square)", []),
        ("raise ValueError", []),
        ("with raises(TypeError):\n    square('a')", []),
        ("points = 2\npoints", []),
        ("%matplotlib inline\nassert square(2) == 4", []),
        ("%%bash\necho 1", []),
        ("assert (", []),
        ("### BEGIN HIDDEN TESTS\nassert square(2) == 4", ["N08"]),
        ("### BEGIN HIDDEN TESTS\nassert square(2) == 4\n### END HIDDEN TESTS", []),
    ],
)
def test_what_a_test_cell_says_decides_what_is_found(tmp_path: Path, source: str, codes: list[str]) -> None:
    found = [finding.code for finding in find(tmp_path, with_test(source))]
    assert [code for code in found if code in {"N05", "N06", "N08"}] == codes


def test_a_test_before_any_answer_is_a_warning(tmp_path: Path) -> None:
    node = source_notebook()
    node.cells.insert(0, node.cells.pop(2))
    assert [finding.code for finding in find(tmp_path, node)] == ["N07", "N19"]


@pytest.mark.parametrize("mark", ["### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "###BEGIN SOLUTION\nx = 1"])
@pytest.mark.parametrize("kind", ["read-only", "plain"])
def test_a_solution_in_a_cell_that_learners_get_whole_blocks(tmp_path: Path, mark: str, kind: str) -> None:
    node = source_notebook()
    if kind == "plain":
        node.cells.append(nbformat.v4.new_code_cell(mark))
    else:
        node.cells[0].source = mark
    assert [(finding.code, finding.is_blocking) for finding in find(tmp_path, node)] == [("N04", True)]


def test_an_id_used_twice_blocks(tmp_path: Path) -> None:
    node = source_notebook()
    double = nbgrader_cell("code", "y = 1", "found", solution=True)
    double.id = "another"
    node.cells.append(double)
    assert [finding.code for finding in find(tmp_path, node)] == ["N03", "N19"]


def test_a_graded_cell_that_is_evidence_of_nothing_blocks(tmp_path: Path) -> None:
    findings = find(tmp_path, manifest=changed('  { cell = "essay", outcomes = ["squares"] },\n', ""))
    assert [(finding.code, finding.is_blocking) for finding in findings] == [("Q05", True)]
    assert "'essay'" in findings[0].problem


def test_an_item_that_is_no_graded_cell_blocks(tmp_path: Path) -> None:
    findings = find(tmp_path, manifest=changed('cell = "essay"', 'cell = "setup"'))
    assert sorted(finding.problem for finding in findings) == [
        "graded cell 'essay' gives evidence of no outcome",
        "item 'setup' is no graded cell of the notebooks",
    ]


def test_an_outcome_without_a_graded_cell_blocks(tmp_path: Path) -> None:
    more = '[[outcomes]]\nid = "cubes"\ntext = { en = "Compute cubes." }\nbloom = "apply"\n\n[notional_hours]'
    assert [finding.problem for finding in find(tmp_path, manifest=changed("[notional_hours]", more))] == ["outcome cubes is not assessed"]


@pytest.mark.parametrize(("text", "found"), [("![](a.png)", True), ("<img src='a.png'>", True), ("![A plot](a.png)", False)])
def test_a_picture_without_words_is_a_warning(tmp_path: Path, text: str, found: bool) -> None:
    node = source_notebook()
    node.cells.append(nbformat.v4.new_markdown_cell(text))
    assert ("Q17" in [finding.code for finding in find(tmp_path, node)]) is found


def test_the_gate_puts_blocking_findings_first(tmp_path: Path) -> None:
    site = make_tiny_site(
        tmp_path, manifest=changed('evidence_of_need = "A survey of employers."\n', "").replace("overall = 0.75", "overall = 0")
    )
    findings = check_course(load_tiny_course(site), today=date(2026, 11, 20))
    assert [(finding.code, finding.is_blocking) for finding in findings] == [("Q06", True), ("A03", False), ("Q09", False), ("Q18", False)]
