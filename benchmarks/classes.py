"""The two assignments that the grading benchmarks use, of 20 code cells each, and submissions to them that are all different."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.apps.api import NbGraderAPI

from courses.nbgrader_course import open_course
from courses.release import nbgrader_environment
from tests.small_course import nbgrader_cell

SUBMITTED_AT = "2026-11-20 08:00:00.000000 UTC"


@dataclass(frozen=True, slots=True)
class Exercise:
    """An answer with its test."""

    answer: str
    wrong: str
    """A wrong answer: what every second learner hands in."""
    test: str


@dataclass(frozen=True, slots=True)
class ClassWork:
    """An assignment of one notebook: a set-up cell, answers with a test each, and a cell that shows something."""

    name: str
    setup: str
    exercises: tuple[Exercise, ...]
    show: str
    libraries: tuple[str, ...] = ()
    """What its cells import."""

    def make_course(self, root: Path, submissions: int) -> Path:
        """Write a course directory with the learner version generated and `submissions` handed in; return it."""
        source = root / "source" / self.name
        source.mkdir(parents=True)
        (source / "p1.ipynb").write_text(nbformat.writes(self._notebook([each.answer for each in self.exercises])), encoding="utf-8")
        (root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'class'\n", encoding="utf-8")
        course = open_course(root)
        with nbgrader_environment():
            made = NbGraderAPI(coursedir=course.directory, config=course.config).generate_assignment(self.name)
        if not made["success"]:
            raise SystemExit(made["log"])
        for number in range(submissions):
            self.hand_in(root, number)
        return root

    def hand_in(self, root: Path, number: int) -> None:
        """Hand in what no other learner does: every answer carries the number, every second learner has two wrong answers."""
        wrong = self._wrong(number)
        answers = [f"{each.wrong if place in wrong else each.answer}\n# learner {number}" for place, each in enumerate(self.exercises)]
        folder = root / "submitted" / f"learner{number:05}" / self.name
        folder.mkdir(parents=True)
        (folder / "p1.ipynb").write_text(nbformat.writes(self._released(root, answers)), encoding="utf-8")
        (folder / "timestamp.txt").write_text(SUBMITTED_AT, encoding="utf-8")

    def plain_cells(self, number: int) -> list[str]:
        """Return the texts of the cells as they would be run one after another in one process."""
        wrong = self._wrong(number)
        cells = [self.setup]
        for place, each in enumerate(self.exercises):
            cells += [each.wrong if place in wrong else each.answer, each.test]
        return [*cells, self.show]

    def write_for_otter(self, folder: Path, numbers: Sequence[int]) -> None:
        """Write the notebooks and otter-grader's test files, a doctest of each test cell."""
        tests = folder / "tests"
        tests.mkdir(parents=True)
        for place, each in enumerate(self.exercises):
            suites = [
                {
                    "cases": [{"code": _doctest(each.test), "hidden": False, "locked": False}],
                    "scored": True,
                    "setup": "",
                    "teardown": "",
                    "type": "doctest",
                }
            ]
            text = f"OK_FORMAT = True\n\ntest = { ({'name': f'q{place}', 'points': 1, 'suites': suites})!r}\n"
            (tests / f"q{place}.py").write_text(text, encoding="utf-8")
        for number in numbers:
            cells = [nbformat.v4.new_code_cell(text) for text in self.plain_cells(number)]
            del cells[2:-1:2]  # the tests
            node = nbformat.v4.new_notebook(
                cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            )
            (folder / f"{number}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")

    def _wrong(self, number: int) -> set[int]:
        """Return which answers of a learner are wrong."""
        count = len(self.exercises)
        return {number % count, (number // count) % count} if number % 2 else set()

    def _notebook(self, answers: Sequence[str]) -> Any:
        node = nbformat.v4.new_notebook()
        node.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        node.cells = [nbgrader_cell("code", self.setup, "setup", locked=True)]
        for place, (each, answer) in enumerate(zip(self.exercises, answers, strict=True)):
            node.cells += [
                nbgrader_cell("code", f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION", f"answer_{place}", solution=True),
                nbgrader_cell("code", each.test, f"test_{place}", grade=True, locked=True, points=1),
            ]
        node.cells.append(nbformat.v4.new_code_cell(self.show))
        return node

    def _released(self, root: Path, answers: Sequence[str]) -> Any:
        node = nbformat.read(root / "release" / self.name / "p1.ipynb", as_version=4)
        answering = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        for cell, answer in zip(answering, answers, strict=True):
            cell.source = answer
        return node


def _doctest(source: str) -> str:
    lines = source.split("\n")
    starts = {statement.lineno - 1 for statement in ast.parse(source).body}
    return "\n".join((">>> " if place in starts else "... ") + line for place, line in enumerate(lines))


PLAIN = ClassWork(
    "plain",
    "import math\nimport random\nfrom collections import Counter\nlimit = 50",
    (
        Exercise("def square(n):\n    return n * n", "def square(n):\n    return n + n", "assert square(3) == 9\nassert [square(n) for n in range(5)] == [0, 1, 4, 9, 16]"),
        Exercise("def mean(values):\n    return sum(values) / len(values)", "def mean(values):\n    return sum(values)", "assert math.isclose(mean([1, 2, 4]), 7 / 3)\nassert mean([5]) == 5"),
        Exercise("def primes(n):\n    return [k for k in range(2, n + 1) if all(k % d for d in range(2, math.isqrt(k) + 1))]", "def primes(n):\n    return [2, 3]", "assert primes(20) == [2, 3, 5, 7, 11, 13, 17, 19]\nassert primes(1) == []"),
        Exercise("def most_common(text):\n    return Counter(text.split()).most_common(1)[0][0]", "def most_common(text):\n    return text[0]", "assert most_common('a b a') == 'a'\nassert most_common('x') == 'x'"),
        Exercise("def add_to(box, item):\n    box.append(item)", "def add_to(box, item):\n    box = box + [item]", "box = [1]\nadd_to(box, 2)\nassert box == [1, 2]"),
        Exercise("def roots(a, b, c):\n    if a == 0:\n        raise ValueError('not quadratic')\n    d = math.sqrt(b * b - 4 * a * c)\n    return ((-b - d) / (2 * a), (-b + d) / (2 * a))", "def roots(a, b, c):\n    return (0, 0)", "assert roots(1, -3, 2) == (1, 2)\ntry:\n    roots(0, 1, 1)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('a = 0 must be refused')"),
        Exercise("class Account:\n    def __init__(self, balance=0):\n        self.balance = balance\n\n    def deposit(self, amount):\n        self.balance += amount\n        return self.balance", "class Account:\n    balance = 0\n\n    def deposit(self, amount):\n        return 0", "account = Account()\nassert account.deposit(5) == 5\nassert account.balance == 5"),
        Exercise("def fibonacci():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b", "def fibonacci():\n    yield 0", "numbers = fibonacci()\nassert [next(numbers) for _ in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]"),
        Exercise("table = {n: n ** 3 for n in range(limit)}\ntotal = sum(table.values())", "table = {}\ntotal = 0", "assert table[3] == 27\nassert total == sum(n ** 3 for n in range(limit))"),
    ),
    "for n in range(5):\n    print(n, square(n))\nprimes(30)",
    ("math", "random", "collections"),
)  # fmt: skip

PLOTS = ClassWork(
    "plots",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\n"
    "frame = pd.DataFrame({'town': ['Cebu', 'Iloilo', 'Cebu', 'Davao'] * 50, 'rain': np.arange(200) % 37, 'year': np.arange(200) // 50 + 2020})",
    (
        Exercise("by_town = frame.groupby('town')['rain'].mean()", "by_town = frame.groupby('town')['rain'].sum()", "pd.testing.assert_series_equal(by_town, frame.groupby('town')['rain'].mean())"),
        Exercise("wet = frame[frame['rain'] > 30]", "wet = frame[frame['rain'] > 3]", "assert len(wet) == (frame['rain'] > 30).sum()\nassert wet['rain'].min() == 31"),
        Exercise("fig, ax = plt.subplots()\nax.plot(frame['rain'])\nax.set_title('Rain')\nax.set_xlabel('day')\nplt.show()", "fig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()", "assert ax.get_title() == 'Rain'\nassert ax.get_xlabel() == 'day'\nassert len(ax.lines) == 1"),
        Exercise("def normalise(values):\n    values = np.asarray(values, dtype=float)\n    return (values - values.mean()) / values.std()", "def normalise(values):\n    return np.asarray(values)", "np.testing.assert_allclose(normalise([1, 2, 3]).mean(), 0, atol=1e-12)\nnp.testing.assert_allclose(normalise([1, 2, 3]).std(), 1)"),
        Exercise("wide = frame.pivot_table(index='town', columns='year', values='rain', aggfunc='mean')", "wide = frame.head()", "assert list(wide.columns) == [2020, 2021, 2022, 2023]\nassert wide.index.name == 'town'"),
        Exercise("fig2, axes = plt.subplots(1, 2)\naxes[0].bar(by_town.index, by_town.values)\naxes[1].hist(frame['rain'], bins=10)\nplt.show()", "fig2, axes = plt.subplots(1, 2)\nplt.show()", "assert len(axes) == 2\nassert len(axes[0].patches) == 3"),
        Exercise("def rolling(frame, days):\n    return frame['rain'].rolling(days).mean()", "def rolling(frame, days):\n    return frame['rain']", "expected = frame['rain'].rolling(7).mean()\npd.testing.assert_series_equal(rolling(frame, 7), expected)"),
        Exercise("merged = frame.merge(pd.DataFrame({'town': ['Cebu', 'Davao'], 'island': ['Cebu', 'Mindanao']}), on='town')", "merged = frame", "assert 'island' in merged.columns\nassert len(merged) == 150"),
        Exercise("matrix = np.outer(np.arange(5), np.arange(5))\ntrace = np.trace(matrix)", "matrix = np.zeros((5, 5))\ntrace = 0", "assert trace == 30\nassert matrix.shape == (5, 5)\nassert matrix[2, 3] == 6"),
    ),
    "wide.plot(kind='bar')\nplt.show()\nframe.describe()",
    ("numpy", "pandas", "matplotlib.pyplot"),
)  # fmt: skip
SHORT = ClassWork("short", "import math", PLAIN.exercises[:3], "square(4)")
CLASSES = {each.name: each for each in (PLAIN, PLOTS)}
