"""The table of bad courses: a rule, the one edit that breaks it, and where the finding has to point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nbformat

from tests.courses.bad_courses.good_course import Draft
from tests.small_course import nbgrader_cell

Edit = Callable[[Draft], Any]

_NO_ITEM = '  { cell = "essay", outcomes = ["squares"] },\n'


@dataclass(frozen=True)
class Bad:
    """A course that breaks one rule."""

    code: str
    name: str
    edit: Edit
    at: str
    """`course.toml FIELD`, `ps1` (the assignment), `ps1/FILE`, or `cell ID` of the one notebook (nbformat's id)."""
    severity: str = "blocking"


def manifest(old: str, new: str) -> Edit:
    """Return the edit that replaces `old`, which stands once in course.toml."""

    def edit(draft: Draft) -> None:
        assert draft.manifest.count(old) == 1, old
        draft.manifest = draft.manifest.replace(old, new)

    return edit


def source(cell: str, text: str) -> Edit:
    """Return the edit that gives a cell another text."""
    return lambda draft: setattr(draft.cell(cell), "source", text)


def replaced(cell: str, old: str, new: str) -> Edit:
    """Return the edit that replaces a part of a cell's text."""

    def edit(draft: Draft) -> None:
        assert old in draft.cell(cell).source, old
        draft.cell(cell).source = draft.cell(cell).source.replace(old, new)

    return edit


def appended(cell: str, text: str) -> Edit:
    """Return the edit that adds lines to a cell."""
    return lambda draft: setattr(draft.cell(cell), "source", f"{draft.cell(cell).source}\n{text}")


def metadata(cell: str, **changes: Any) -> Edit:
    """Return the edit that changes a cell's nbgrader metadata; None takes a key away."""

    def edit(draft: Draft) -> None:
        ours = draft.cell(cell).metadata["nbgrader"]
        ours.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            del ours[key]

    return edit


def inserted(before: str, text: str, kind: str = "code") -> Edit:
    """Return the edit that puts an untagged cell before another; its id is `new`."""

    def edit(draft: Draft) -> None:
        cell = nbformat.v4.new_code_cell(text) if kind == "code" else nbformat.v4.new_markdown_cell(text)
        cell.id = "new"
        draft.notebook.cells.insert(draft.notebook.cells.index(draft.cell(before)), cell)

    return edit


def without_file(name: str) -> Edit:
    """Return the edit that takes a file of the assignment away."""
    return lambda draft: draft.files.pop(name)


def all_of(*edits: Edit) -> Edit:
    """Return one edit out of several."""
    return lambda draft: [edit(draft) for edit in edits]


def added(kind: str, text: str, grade_id: str, *, cell: str = "", **marks: Any) -> Edit:
    """Return the edit that adds a cell of nbgrader's at the end; `cell` is its own id, if another than its grade id."""

    def edit(draft: Draft) -> None:
        new = nbgrader_cell(kind, text, grade_id, **marks)
        new.id = cell or new.id
        draft.notebook.cells.append(new)

    return edit


def graded(grade_id: str, text: str) -> Edit:
    """Return the edit that adds a test of one point, with its item in the manifest."""
    return all_of(added("code", text, grade_id, grade=True, locked=True, points=1), item(grade_id))


def item(grade_id: str) -> Edit:
    """Return the edit that makes a graded cell evidence of the outcome."""
    return manifest(_NO_ITEM, f'{_NO_ITEM}  {{ cell = "{grade_id}", outcomes = ["squares"] }},\n')


def moved(cell: str, place: int) -> Edit:
    """Return the edit that moves a cell."""

    def edit(draft: Draft) -> None:
        here = draft.cell(cell)
        draft.notebook.cells.remove(here)
        draft.notebook.cells.insert(place, here)

    return edit


_SEVEN = "".join(f'[[outcomes]]\nid = "o{n}"\ntext = {{ en = "Compute.", fil = "Kuwentahin." }}\nbloom = "apply"\n' for n in range(6))
_ALL_SEVEN = ", ".join(f'"{name}"' for name in ["squares", *(f"o{n}" for n in range(6))])

MANIFESTS = [
    Bad("Q02", "seven outcomes", all_of(manifest("[notional_hours]", f"{_SEVEN}[notional_hours]"), manifest('essay", outcomes = ["squares"]', f'essay", outcomes = [{_ALL_SEVEN}]')), "course.toml outcomes"),
    Bad("Q02", "a vague verb", manifest('en = "Compute squares."', 'en = "Understand squares."'), "course.toml outcomes.squares", "warning"),
    Bad("Q02", "a vague beginning", manifest('en = "Compute squares."', 'en = "Gain an understanding of squares."'), "course.toml outcomes.squares", "warning"),
    Bad("Q03", "hours that do not add up", manifest("total = 2.0", "total = 3.0"), "course.toml notional_hours"),
    Bad("Q04", "a level and none", manifest('not_levelled = "', 'levels = [{ framework = "PQF", level = "5", url = "https://pqf.gov.ph/" }]\nnot_levelled = "'), "course.toml not_levelled", "warning"),
    Bad("Q05", "a graded cell without an outcome", manifest(_NO_ITEM, ""), "course.toml assessments[ps1].items"),
    Bad("Q05", "an item without a cell", manifest(_NO_ITEM, f'{_NO_ITEM}  {{ cell = "setup", outcomes = ["squares"] }},\n'), "course.toml assessments[ps1].items[setup]"),
    Bad("Q05", "an outcome without a cell", manifest("[notional_hours]", f"{_SEVEN[:_SEVEN.index('[[', 2)]}[notional_hours]"), "course.toml outcomes.o0"),
    Bad("Q06", "a pass mark of nothing", manifest("overall = 0.5", "overall = 0.0"), "course.toml pass_rule.overall"),
    Bad("Q06", "a pass mark beyond the tests", manifest("overall = 0.5", "overall = 0.61"), "course.toml pass_rule.overall", "warning"),
    Bad("Q07", "an identity that nobody checks", manifest('"account"', '"biometric"'), "course.toml identity_assurance", "warning"),
    Bad("Q08", "an author as the reviewer", manifest('"A. Santos"', '"m. reyes"'), "course.toml qa.reviewed_by"),
    Bad("Q08", "a review to come", manifest("reviewed_on = 2026-10-05", "reviewed_on = 2026-12-24"), "course.toml qa.reviewed_on"),
    Bad("Q09", "no evidence of need", manifest('evidence_of_need = "A survey of employers."\n', ""), "course.toml evidence_of_need", "warning"),
    Bad("Q11", "an award that leads nowhere", manifest("standalone = true", "standalone = false"), "course.toml stackability", "warning"),
    Bad("Q12", "no way to renew", manifest('renewal = "Submit the current version again."\n', ""), "course.toml validity"),
    Bad("Q13", "nothing on prior learning", manifest('rpl = "none"\n', ""), "course.toml rpl", "warning"),
    Bad("Q14", "another award's name", manifest('en = "Squares"', 'en = "Diploma in squares"'), "course.toml title"),
    Bad("Q15", "a late review", manifest("review_by = 2027-10-05", "review_by = 2029-10-06"), "course.toml qa.review_by"),
    Bad("Q15", "an overdue review", manifest("review_by = 2027-10-05", "review_by = 2026-11-19"), "course.toml qa.review_by"),
    Bad("Q18", "data of nobody", without_file("DATA.md"), "ps1/data.csv", "warning"),
    Bad("Q19", "half a translation", manifest('{ en = "First", fil = "Una" }', '{ en = "First" }'), "course.toml assessments[ps1].title", "warning"),
    Bad("Q19", "a copy as translation", all_of(manifest('en = "Square a number."', 'en = "Square any number you like."'), manifest('fil = "I-square ang isang numero."', 'fil = "Square any number you like."')), "course.toml summary", "warning"),
    Bad("N11", "a choice for no test", manifest('type = "performance"', 'type = "performance"\ncells = { test_squere = "compat" }'), "course.toml assessments[ps1].cells.test_squere"),
]  # fmt: skip

CELLS = [
    Bad("N03", "an id twice", all_of(added("code", "### BEGIN SOLUTION\ntotal = 1\n### END SOLUTION", "total", cell="twin", solution=True), added("code", "assert total == 1", "test_twin", grade=True, locked=True, points=1), item("test_twin")), "cell twin"),
    Bad("N04", "a solution in a read-only cell", appended("setup", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"), "cell setup"),
    Bad("N04", "a solution in an untagged cell", inserted("essay", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"), "cell new"),
    Bad("N08", "hidden tests without an end", replaced("test_square", "\n### END HIDDEN TESTS", ""), "cell test-square"),
    Bad("N08", "hidden tests in an untagged cell", inserted("essay", "### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS"), "cell new"),
    Bad("N09", "a test worth nothing", all_of(metadata("test_total", points=0), manifest("overall = 0.5", "overall = 0.4")), "cell test-total", "warning"),
    Bad("N12", "metadata of another time", metadata("test_square", schema_version=2), "cell test-square"),
    Bad("N12", "metadata without a version", metadata("test_square", schema_version=None), "cell test-square"),
    Bad("N13", "a key of another tool", metadata("square", remove=True), "cell square"),
    Bad("N13", "a missing key", metadata("square", locked=None), "cell square"),
    Bad("N13", "an answer in Markdown that nobody grades", added("markdown", "Write.", "extra", solution=True), "cell extra"),
    Bad("N13", "a test in Markdown", all_of(added("markdown", "Is it so?", "extra", grade=True, points=1), item("extra")), "cell extra"),
    Bad("N24", "a solution without an end", replaced("total", "\n### END SOLUTION", ""), "cell total"),
    Bad("N24", "a solution within a solution", replaced("square", "    return n * n", "    ### BEGIN SOLUTION\n    return n * n"), "cell square"),
    Bad("N31", "a heavy output", lambda draft: draft.cell("demonstration").outputs.append(nbformat.v4.new_output("stream", text="x" * 120_000)), "cell demonstration", "warning"),
]  # fmt: skip

TESTS = [
    Bad("N05", "a test that only computes", source("test_square", "result = square(2)"), "cell test-square"),
    Bad("N05", "a test that only prints", source("test_square", "print(square(2) == 4)"), "cell test-square"),
    Bad("N05", "a test that is defined and not called", source("test_square", "def test():\n    assert square(2) == 4"), "cell test-square"),
    Bad("N05", "an answer that names itself a check", all_of(replaced("square", "def square", "def check_square"), replaced("introduction", "`square", "`check_square"), source("test_square", "ok = check_square(2)"), source("demonstration", "1"), replaced("total", "sum(square(", "sum(check_square(")), "cell test-square"),
    Bad("N05", "the answer's value as points", source("test_square", "square(1)"), "cell test-square"),
    Bad("N05", "a context that is no assertion", source("test_square", "with open('data.csv') as file:\n    square(len(file.read()))"), "cell test-square"),
    Bad("N05", "a choice that displays nothing", source("test_square", "if square(2) == 4:\n    3\nelse:\n    0"), "cell test-square"),
    Bad("N05", "a match that is not asserted", source("test_square", "import re\nok = re.match('4', str(square(2)))"), "cell test-square"),
    Bad("N06", "a bare comparison", source("test_square", "square(2) == 4"), "cell test-square"),
    Bad("N06", "a bare comparison after an assertion", appended("test_square", "square(3) == 9"), "cell test-square"),
    Bad("N06", "a bare truth", source("test_square", "all(square(n) == n * n for n in range(5))"), "cell test-square"),
    Bad("N06", "truth as a score", source("test_square", "passed = square(2) == 4\npassed"), "cell test-square"),
    Bad("N14", "brackets round an assertion", source("test_square", "assert (square(2) == 4, 'Try 2.')"), "cell test-square"),
    Bad("N14", "a method that is not called", source("test_square", "import numpy as np\nassert (np.array([square(2)]) == 4).all"), "cell test-square"),
    Bad("N14", "a constant", appended("test_square", "assert 'square(2) == 4'"), "cell test-square"),
    Bad("N15", "a swallowed failure", source("test_square", "try:\n    assert square(2) == 4\nexcept AssertionError:\n    print('Try again.')"), "cell test-square"),
    Bad("N15", "everything swallowed", source("test_square", "try:\n    assert square(2) == 4\nexcept:\n    pass"), "cell test-square"),
    Bad("N16", "False as a score", source("test_square", "3 if square(2) == 4 else False"), "cell test-square"),
    Bad("N16", "a fraction as a score", source("test_square", "score = '0/3'\nif square(2) == 4:\n    score = '3/3'\nscore"), "cell test-square"),
    Bad("N16", "a negative score", source("test_square", "score = -1\nif square(2) == 4:\n    score = 3\nscore"), "cell test-square"),
    Bad("N16", "a score of NumPy", source("test_square", "import numpy as np\nnp.mean([square(2) == 4, square(3) == 9]) if square(1) == 1 else np.float64(0)"), "cell test-square"),
    Bad("N17", "a score above the points", source("test_square", "4 if square(2) == 4 else 0"), "cell test-square"),
    Bad("N18", "a warning in a test", appended("test_square", "import warnings\nwarnings.warn('slow')"), "cell test-square", "warning"),
    Bad("N18", "a print on stderr", appended("test_square", "import sys\nprint('ok', file=sys.stderr)"), "cell test-square", "warning"),
    Bad("N18", "a runner that writes on stderr", source("test_square", "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(square(2), 4)\nunittest.main(argv=['x'], exit=False)"), "cell test-square", "warning"),
    Bad("N29", "a test with a clock", appended("test_square", "import time\nbegin = time.time()\nsquare(5)\nassert time.time() - begin < 1"), "cell test-square", "warning"),
    Bad("N30", "a message that tells", replaced("test_square", "'Try a negative number.'", "'square(-13) should be 169.'"), "cell test-square", "warning"),
]  # fmt: skip

ANSWERS = [
    Bad("N07", "a test before any answer", all_of(graded("test_early", "assert len(rows) == 1"), moved("test_early", 2)), "cell test-early", "warning"),
    Bad("N19", "an answer without a test", added("code", "### BEGIN SOLUTION\ncube = square(3) * 3\n### END SOLUTION", "extra", solution=True), "cell extra", "warning"),
    Bad("N19", "a printing answer without a test", added("code", "### BEGIN SOLUTION\nprint('a picture')\n### END SOLUTION", "extra", solution=True), "cell extra", "warning"),
    Bad("N20", "a test of the data", graded("test_rows", "assert len(rows) == 1"), "cell test-rows", "warning"),
    Bad("N21", "a solution in an untagged cell", all_of(inserted("essay", "def cube(n):\n    return n ** 3"), graded("test_cube", "assert cube(2) == 8")), "cell test-cube"),
    Bad("N21", "a solution left in a cell after the answer", inserted("test_square", "def square(n):\n    return n * n"), "cell new"),
    Bad("N22", "an empty region", replaced("square", "return n * n", "pass"), "cell square", "warning"),
    Bad("N22", "an answer that is still to be written", source("square", "def square(n):\n    # YOUR CODE HERE\n    raise NotImplementedError()"), "cell square", "warning"),
    Bad("N23", "a name that nobody is told", all_of(added("code", "### BEGIN SOLUTION\ncube = 3 ** 3\n### END SOLUTION", "extra", solution=True), graded("test_cube", "### BEGIN HIDDEN TESTS\nassert cube == 27\n### END HIDDEN TESTS")), "cell test-cube"),
]  # fmt: skip

PORTABILITY = [
    Bad("N10", "a library that is not there", appended("setup", "import no_such_library_anywhere"), "cell setup"),
    Bad("N26", "a path of one machine", appended("demonstration", "print(open('/home/reyes/data.csv').read())"), "cell demonstration", "warning"),
    Bad("N26", "a drive of one machine", appended("demonstration", "import pandas as pd\nprint(pd.read_csv(r'C:\\data\\a.csv'))"), "cell demonstration", "warning"),
    Bad("N27", "data from the network", appended("demonstration", "import pandas as pd\nprint(pd.read_csv('https://uni.example/a.csv'))"), "cell demonstration", "warning"),
    Bad("N27", "an installation", source("demonstration", "!pip install cowsay"), "cell demonstration", "warning"),
    Bad("N27", "a request", appended("demonstration", "import urllib.request\nprint(urllib.request.urlopen('x'))"), "cell demonstration", "warning"),
    Bad("N28", "chance in a test", appended("test_square", "import random\nn = random.randint(1, 9)\nassert square(n) == n * n"), "cell test-square", "warning"),
    Bad("N28", "a generator without a seed", appended("test_square", "import numpy as np\nn = np.random.default_rng().integers(9)\nassert square(n) == n * n"), "cell test-square", "warning"),
    Bad("N28", "chance in a solution", replaced("square", "return n * n", "import random\n    return n * n + 0 * random.random()"), "cell square", "warning"),
    Bad("N32", "a file that is not there", without_file("data.csv"), "cell setup"),
    Bad("N32", "a path to a file that is not there", appended("setup", "from pathlib import Path\nnotes = Path('notes.txt').read_text()"), "cell setup"),
    Bad("N33", "a picture that is not there", without_file("square.png"), "cell introduction"),
]  # fmt: skip

TEXTS = [
    Bad("Q17", "a picture without words", replaced("introduction", "![A square with a side of three small squares: nine of them]", "![]"), "cell introduction", "warning"),
    Bad("Q17", "a picture of HTML without words", appended("introduction", "<img src='square.png' width=9>"), "cell introduction", "warning"),
    Bad("A01", "a file's name for words", replaced("introduction", "![A square with a side of three small squares: nine of them]", "![square.png]"), "cell introduction", "warning"),
    Bad("A01", "empty words", replaced("introduction", "![A square with a side of three small squares: nine of them]", "![Image 1]"), "cell introduction", "warning"),
    Bad("A02", "a level left out", replaced("introduction", "## Part 1", "### Part 1"), "cell introduction", "warning"),
    Bad("A03", "no title", replaced("introduction", "# Squares\n", "Squares\n"), "ps1/p1.ipynb", "warning"),
    Bad("A04", "two titles", inserted("essay", "# Once more", "markdown"), "cell new", "warning"),
    Bad("A05", "a link that says here", replaced("introduction", "[how squares were first drawn]", "[here]"), "cell introduction", "warning"),
    Bad("A05", "a bare address", appended("introduction", "See https://uni.example/more."), "cell introduction", "warning"),
    Bad("A06", "a table without a header", replaced("introduction", "| number | square |", "|  |  |"), "cell introduction", "warning"),
    Bad("A06", "a table of HTML without a header", appended("introduction", "<table><tr><td>1</td></tr></table>"), "cell introduction", "warning"),
    Bad("A07", "colour alone", appended("introduction", "What is marked in red is wrong."), "cell introduction", "warning"),
]  # fmt: skip

BAD_COURSES = [*MANIFESTS, *CELLS, *TESTS, *ANSWERS, *PORTABILITY, *TEXTS]
