"""What the rules must not say: good practice of real courses fires nothing, and whatever a cell holds, no rule breaks down."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.nbgraderformat.common import SchemaMismatchError, ValidationError

from courses.findings import Finding
from courses.notebook import load_notebook
from courses.static_checks.markdown_text import headings, links, pictures
from courses.static_checks.metadata_rules import check_cells
from courses.static_checks.names_in_code import names_in
from courses.static_checks.notebook_rules import check_notebook, check_notebooks
from tests.courses.bad_courses.edits import Edit, all_of, appended, graded, inserted, replaced, source
from tests.courses.bad_courses.good_course import Draft

_USER_GUIDE = Path(str(importlib.util.find_spec("nbgrader").origin)).parent / "docs/source/user_guide/source"  # type: ignore[union-attr]


def checked(edit: Edit, folder: Path) -> list[Finding]:
    draft = Draft()
    edit(draft)
    return check_notebooks(draft.write(folder))


GOOD = {
    "NumPy's assertions": source("test_square", "import numpy as np\nnp.testing.assert_allclose(square(2), 4)"),
    "pandas's assertions": source("test_square", "from pandas import testing as tm, Series\ntm.assert_series_equal(Series([square(2)]), Series([4]))"),
    "an error that is asked for": source("test_square", "try:\n    square('a')\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('no error')"),
    "pytest's raises": source("test_square", "import pytest\nwith pytest.raises(TypeError):\n    square('a')"),
    "a branch that is marked": source("test_square", "try:\n    square('a')\nexcept TypeError:\n    assert True\nelse:\n    assert False, 'no error'"),
    "a case of unittest": source("test_square", "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(square(2), 4)\nresult = unittest.TestResult()\nT('test').run(result)\nassert result.wasSuccessful()"),
    "a function that asserts": source("test_square", "def compare(n):\n    assert square(n) == n * n\nfor n in range(3):\n    compare(n)"),
    "a function that is handed on": source("test_square", "def compare(n):\n    assert square(n) == n * n\nlist(map(compare, range(3)))"),
    "a checker from elsewhere": source("test_square", "grader_check('square')\nsquare"),
    "partial credit": source("test_square", "points = 0\nfor n in range(3):\n    points += square(n) == n * n\nfloat(points)"),
    "partial credit by assertions": source("test_square", "points = 0\ntry:\n    assert square(2) == 4\n    points = 3\nexcept AssertionError:\n    points = 1\npoints"),
    "words after assertions": appended("test_square", "'All tests passed!'"),
    "True after assertions": appended("test_square", "True"),
    "a picture after assertions": appended("test_square", "import matplotlib.pyplot as plt\nplt.plot([1]);"),
    "a comparison that is not shown": source("test_square", "assert square(2) == 4\nsame = square(3) == 9"),
    "nbgrader's own tests": source("test_square", "### AUTOTEST square(2); square(3)\n### HASHED AUTOTEST square(4)"),
    "a file of tests": source("test_square", "%run -i tests.py"),
    "a shell cell": source("test_square", "%%bash\nexit 1"),
    "a cell that is no Python": source("test_square", "x = !ls\n?square"),
    "a quiet warning": appended("test_square", "import warnings\nwith warnings.catch_warnings(record=True):\n    warnings.warn('x')"),
    "a seed in the test": all_of(replaced("square", "return n * n", "import random\n    return n * n + 0 * random.random()"), source("test_square", "import random\nrandom.seed(1)\nassert square(2) == 4")),
    "a generator with a seed": appended("test_square", "import numpy as np\nn = int(np.random.default_rng(seed=1).integers(9))\nassert square(n) == n * n"),
    "a generator that is given": replaced("square", "return n * n", "draw = lambda rng: rng.random()\n    return n * n"),
    "an answer used through another cell": all_of(inserted("test_square", "nine = square(3)"), source("test_square", "assert nine == 9")),
    "an answer seen by its picture": source("test_square", "import matplotlib.pyplot as plt\nassert plt.gcf() is not None"),
    "an answer seen by its file": all_of(source("total", "total = 1\n### BEGIN SOLUTION\nopen('out.csv', 'w').write('1')\ntotal = 1\n### END SOLUTION"), source("test_total", "assert open('out.csv').read() == '1'")),
    "a helper in an untagged cell": all_of(inserted("square", "def triple(n):\n    return 3 * n"), appended("test_square", "assert triple(square(1)) == 3")),
    "a new table in a demonstration": inserted("total", "n = 5\nsquare_of_n = square(n)"),
    "a table that is mended in place": all_of(inserted("square", "table = {}"), source("square", "### BEGIN SOLUTION\ntable['x'] = 4\n### END SOLUTION\n\ndef square(n):\n    return n * n"), source("test_square", "assert table['x'] == 4")),
    "a function that is lost on purpose": source("test_square", "kept = square\ndel square\ntry:\n    assert kept(2) == 4\nfinally:\n    square = kept"),
    "a file that the notebook writes": inserted("essay", "with open('new.txt', 'w') as file:\n    file.write('x')\nprint(open('new.txt').read())"),
    "a file that is missing on purpose": inserted("essay", "try:\n    open('none.txt')\nexcept FileNotFoundError:\n    print('none')"),
    "a file that an answer may write": all_of(source("total", "total = None\n### BEGIN SOLUTION\nname = 'out.csv'\nrows_written = name\ntotal = 1\n### END SOLUTION"), source("test_total", "assert total == 1\nopen('out.csv').close()")),
    "an archive that is unpacked": inserted("essay", "import zipfile\nzipfile.ZipFile(rows[0]['a']).extractall()\nprint(open('inside.csv').read())"),
    "a path that is only named": inserted("essay", "from pathlib import Path\nprint(Path('report.md').stem)"),
    "an evaluator from elsewhere": source("test_square", "quiz.evaluate(square)\n'Thank you!'"),
    "an answer behind a new definition": all_of(source("demonstration", "nine = square(3)"), inserted("total", "def square(n):\n    return n * n"), graded("test_nine", "assert nine == 9 and square(1) == 1")),
    "paths as data": inserted("essay", "from pathlib import PurePath\nprint(PurePath('/home/ana/x.txt').name, '/home/ana'.split('/'))"),
    "addresses as data": inserted("essay", "from urllib.parse import urlparse\nprint(urlparse('https://uni.example/a').netloc)"),
    "a message about the input": replaced("test_square", "'Try a negative number.'", "'Try -13: a square is never negative.'"),
    "headings in code": inserted("essay", "```python\n# a comment\n#### another\n```\n\n    # indented\n\n`# x`", "markdown"),
    "an address in code": inserted("essay", "Type `https://uni.example` or\n\n```\nhttps://uni.example\n```", "markdown"),
    "an address in a link": inserted("essay", "[The university's page](https://uni.example/a_(b)) and <a href='https://uni.example'>its library</a>", "markdown"),
    "a decoration": inserted("essay", "<img src='square.png' role='presentation'>", "markdown"),
    "a table with a corner left empty": inserted("essay", "|  | mean |\n|---|---|\n| a | 1 |", "markdown"),
    "a ruler that is no heading": inserted("essay", "Text.\n\n---\n\nMore text.", "markdown"),
    "colours as a topic": inserted("essay", "The apples are red and green. Draw a red line with long dashes.", "markdown"),
}  # fmt: skip


@pytest.mark.parametrize("edit", GOOD.values(), ids=GOOD.keys())
def test_good_practice_is_no_finding(edit: Edit, tmp_path: Path) -> None:
    assert [(finding.code, finding.problem) for finding in checked(edit, tmp_path)] == []


def test_a_module_beside_the_notebook_is_looked_into(tmp_path: Path) -> None:
    def edit(draft: Draft, body: str) -> None:
        draft.files["checks.py"] = f"def check_square(function):\n    {body}\n".encode()
        draft.cell("test_square").source = "from checks import check_square\nok = check_square(square)"

    assert checked(lambda draft: edit(draft, "assert function(2) == 4"), tmp_path / "good") == []
    found = checked(lambda draft: edit(draft, "return function(2) == 4"), tmp_path / "bad")
    assert [finding.code for finding in found] == ["N05"], "its name promises a check, and its text does not keep it"


def test_another_language_is_not_judged_by_the_rules_of_python(tmp_path: Path) -> None:
    def edit(draft: Draft) -> None:
        draft.notebook.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
        for name, text in {"setup": 'rows <- read.csv("none.csv")', "square": "square <- 1", "test_square": "square == 4"}.items():
            draft.cell(name).source = text

    assert checked(edit, tmp_path) == []


@pytest.mark.parametrize(
    ("assignment", "notebook", "codes"),
    [
        ("ps1", "problem1", ["A03", "Q17"]),
        ("ps1", "problem2", ["A03"]),
        ("ps1_autotest", "problem1", ["A03", "N09", "Q17"]),
        ("ps1_autotest", "problem2", ["A03"]),
    ],
)
def test_in_nbgraders_own_course_is_found_what_there_is(assignment: str, notebook: str, codes: list[str]) -> None:
    path = _USER_GUIDE / assignment / f"{notebook}.ipynb"
    assert sorted(finding.code for finding in check_notebook(load_notebook(path), assignment)) == codes


_PIECES = st.sampled_from(
    ["square", "assert ", "(", ")", "\n", "    ", "def f():", "return", "x = ", "== 4", "'", "%run ", "!ls", ":", "for x in y:", "lambda: ", "[", "]", "{", "}",
     "import numpy as np", "np.random.", "# ", "### BEGIN SOLUTION", "### END SOLUTION", "### BEGIN HIDDEN TESTS", "await ", "\\", "|", "---", "![", "](", "<img", "<a",
     "http://", "*", "match x:", "case ", "try:", "except* E:", "\x0c", "é", "del ", "global x", "class A:", "yield", ";", "__"]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts=st.lists(st.lists(_PIECES, max_size=12).map("".join), min_size=4, max_size=4))
def test_no_text_of_cells_breaks_a_rule_down(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    def edit(draft: Draft) -> None:
        for name, text in zip(("introduction", "square", "test_square", "demonstration"), texts, strict=True):
            draft.cell(name).source = text

    checked(edit, tmp_path_factory.mktemp("course"))


_FLAG = st.sampled_from([True, False, None, "yes"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["code", "markdown"]),
    ours=st.fixed_dictionaries(
        {
            "grade": _FLAG,
            "solution": _FLAG,
            "locked": _FLAG,
            "task": _FLAG,
            "schema_version": st.sampled_from([3, 3, 3, 2, 4, None]),
            "grade_id": st.just("a"),
        },
        optional={"points": st.just(1), "extra": st.just(1), "cell_type": st.just("code")},
    ),
)
def test_metadata_is_refused_where_nbgrader_refuses_it(kind: str, ours: dict[str, Any], tmp_path: Path) -> None:
    kept = {key: value for key, value in ours.items() if value is not None}
    if "points" not in kept and (kept.get("grade") or kept.get("task")):
        kept["points"] = 1  # without them the notebook is not read at all
    cell = nbformat.v4.new_code_cell("") if kind == "code" else nbformat.v4.new_markdown_cell("")
    cell.metadata["nbgrader"] = kept
    node = nbformat.v4.new_notebook(cells=[cell])
    path = tmp_path / "n.ipynb"
    path.write_text(nbformat.writes(node), encoding="utf-8")
    refused = any(finding.code in {"N12", "N13"} for finding in check_cells(load_notebook(path), "ps1"))
    try:
        MetadataValidator().validate_nb(node)
    except (ValidationError, SchemaMismatchError):
        assert refused
    else:
        assert not refused


@pytest.mark.parametrize(
    ("code", "reads", "binds"),
    [
        ("kept = square\ndel square\nsquare = kept", {"square"}, {"kept", "square"}),
        ("for i in range(3):\n    x = i + y", {"range", "y"}, {"i", "x"}),
        ("[q for q in w if z]", {"w", "z"}, set()),
        ("def g(a, *r, k=d):\n    t = a\n    return t + h", {"d", "h"}, {"g"}),
        ("def g():\n    global x\n    x = 1", set(), {"g"}),
        ("class A(B):\n    c = 1\n    def m(self):\n        return self.c + d", {"B", "d"}, {"A"}),
        ("try:\n    f()\nexcept E as e:\n    e\nelse:\n    g", {"f", "E", "g"}, {"e"}),
        ("x += 1", {"x"}, {"x"}),
        ("match v:\n    case [a, b] if a:\n        u = a", {"v"}, {"a", "b", "u"}),
    ],
)
def test_names_are_read_and_bound_in_the_order_of_the_code(code: str, reads: set[str], binds: set[str]) -> None:
    names = names_in(ast.parse(code))
    assert (names.reads, names.binds) == (reads, binds)


def test_headings_pictures_and_links_are_found_in_both_forms() -> None:
    text = "# One\n\nTwo\n---\n\n<h3>Three</h3>\n\n![a](b.png) <img alt='c' src='d.png'> [e](f) https://g.example"
    assert headings(text) == [1, 2, 3]
    assert [(each.words, each.target) for each in pictures(text)] == [("a", "b.png"), ("c", "d.png")]
    assert [(each.words, each.target) for each in links(text)] == [("e", "f"), ("https://g.example", "https://g.example")]
