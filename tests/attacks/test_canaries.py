"""What learners do to earn marks in a test that cannot be sealed: there the verdict is made in their own process, and canaries have to notice.

Each cheat is first seen to earn full marks with the canaries taken away. Source of the list: our notes on sandboxing, 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.jobs import GradedCell, GradingJob, Limits
from autograder.rehearsal import rehearse
from autograder.sealed.grading import SealedServers, grade_sealed
from autograder.sealed.plan import Mode, SealingPlan
from tests.attacks.arena import Record
from tests.autograder.sealed.examination import both_servers
from tests.autograder.test_rehearsal import source

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

SOLUTION = "import numpy as np\ndef square(n):\n    return n * n\ndef squares(ns):\n    return np.array(ns) ** 2"
TEST = (
    "import subprocess\nassert subprocess.run(['true']).returncode == 0\nassert square(3) == 9\nassert square(-2) == 4, 'two'\n"
    "np.testing.assert_allclose(squares([1, 2]), [1, 4])"
)
"""A test that starts a program, which none may where tests run apart."""
WRONG = SOLUTION.replace("n * n", "0").replace("np.array(ns) ** 2", "np.zeros(len(ns))")
EQUAL = (
    "class Any:\n    def __eq__(self, other):\n        return True\n    def __ne__(self, other):\n        return False\n"
    "    __hash__ = None\ndef square(n):\n    return Any()\nnp.testing.assert_allclose = lambda *a, **k: None"
)
CHEATS = {
    "asserts stripped by an AST transformer": "import ast\nclass Strip(ast.NodeTransformer):\n    def visit_Assert(self, node):\n        return ast.Pass()\n"
    "    def visit_Expr(self, node):\n        return ast.Pass()\nget_ipython().ast_transformers.append(Strip())",
    "test text replaced by an input transformer": "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
    "run_cell patched": "from IPython.core.interactiveshell import InteractiveShell as S\nimport types\nold = S.run_cell_async\n"
    "async def run(self, raw, *a, **k):\n    return await old(self, 'pass', *a, **{**k, 'transformed_cell': 'pass'})\n"
    "S.run_cell_async = run\nget_ipython().run_cell_async = types.MethodType(run, get_ipython())",
    "always equal": EQUAL,
    "lying int and patched numpy.testing": "class I(int):\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return I(0)\n"
    "np.testing.assert_allclose = lambda *a, **k: None",
    "patched compiler": "import ast\nfrom IPython.core.compilerop import CachingCompiler as C\nold = C.ast_parse\n"
    "def parse(self, source, *a, **k):\n    return old(self, 'pass', *a, **k)\nC.ast_parse = parse",
    "expected values read from the test by frames": "import sys, re\ndef code():\n    f = sys._getframe(1)\n    while f and 'get_ipython' not in f.f_globals:\n"
    "        f = f.f_back\n    return f.f_globals['In'][-1]\n"
    "def square(n):\n    return eval(re.search(r'square\\(%d\\) == ([-\\d]+)' % n, code()).group(1))\n"
    "def squares(ns):\n    return np.array(eval(re.search(r'squares\\(\\[1, 2\\]\\), (\\[.*?\\])', code()).group(1)))",
}


@dataclass(frozen=True)
class Guard:
    """The assignment, rehearsed."""

    servers: SealedServers
    folder: Path
    plan: SealingPlan

    def grade(self, answer: str, *, canaries: bool = True) -> GradedCell:
        plan = self.plan
        if not canaries:
            plan = plan.model_copy(update={"cells": tuple(each.model_copy(update={"canaries": ()}) for each in plan.cells)})
        of = source(self.folder / "source", SOLUTION, TEST).model_copy(update={"plan": plan})
        source(self.folder / "submission", answer, TEST)
        job = GradingJob(
            source=of, learner="l", submission=str(self.folder / "submission"), limits=Limits(cell_timeout_s=60), sandbox=False
        )
        result = grade_sealed(job, self.servers)
        assert result.status == "graded", result.reason
        return result.cells[0]


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    folder = tmp_path_factory.mktemp("canaries")
    with both_servers("numpy") as servers:
        plan = rehearse(source(folder / "source", SOLUTION, TEST), servers, Limits(cell_timeout_s=60), environment_digest="e")
        yield Guard(servers, folder, plan)


def test_the_test_cannot_be_sealed_and_has_canaries(guard: Guard) -> None:
    (cell,) = guard.plan.cells
    assert (cell.label, cell.mode, len(cell.canaries)) == ("cannot be sealed", "compat", 8)


@pytest.mark.parametrize(
    "answer",
    [
        SOLUTION,
        SOLUTION.replace("n * n", "abs(n) ** 2").replace("np.array(ns) ** 2", "np.array([n * n for n in ns], dtype=float)"),
        SOLUTION.replace("n * n", "float(n) ** 2"),
    ],
    ids=["the reference", "another way", "floats"],
)
def test_an_honest_answer_raises_no_alarm(guard: Guard, answer: str) -> None:
    cell = guard.grade(answer)
    assert (cell.auto_score, cell.is_sealed, cell.assurance, cell.review) == (2, False, "compat", None)


def test_a_wrong_answer_is_a_zero_and_no_alarm(guard: Guard) -> None:
    cell = guard.grade(WRONG)
    assert (cell.auto_score, cell.review) == (0, None)


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_in_one_process_is_noticed_and_goes_to_a_person(guard: Guard, name: str, record: Record) -> None:
    answer = f"{WRONG}\n{CHEATS[name]}"
    unguarded, cell = guard.grade(answer, canaries=False), guard.grade(answer)
    record(f"where it cannot be sealed: {name}", "canaries", without=unguarded.auto_score == 2, behind=bool(cell.auto_score))
    assert cell.auto_score is None
    assert cell.review is not None
    assert "passed a wrong copy of the test" in cell.review.reasons[0]


POINT = "class Point:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return self.x == other.x\n    __hash__ = None\n"


def test_an_expected_class_with_a_lying_equality_is_noticed(guard: Guard, tmp_path: Path) -> None:
    test = "assert Point(3) == Point(3)\nassert Point(1 + 1) == Point(2)"
    lie = POINT.replace("return self.x == other.x", "return True")
    of = source(tmp_path / "source", POINT, test)
    of = of.model_copy(update={"plan": rehearse(of, guard.servers, Limits(cell_timeout_s=60), environment_digest="e")})
    found: list[GradedCell] = []
    for number, answer in enumerate((POINT, lie)):
        source(tmp_path / f"submission-{number}", answer, test)
        job = GradingJob(source=of, learner="l", submission=str(tmp_path / f"submission-{number}"), limits=Limits(), sandbox=False)
        found += grade_sealed(job, guard.servers).cells
    assert [(each.auto_score, each.assurance) for each in found] == [(2, "unsealed"), (None, "person")]


@pytest.mark.parametrize(("choice", "score", "assurance"), [("sealed", 2, "sealed"), ("compat", 2, "compat"), ("manual", None, "person")])
def test_what_the_author_chose_is_done(guard: Guard, tmp_path: Path, choice: Mode, score: float | None, assurance: str) -> None:
    solution, test = "def square(n):\n    return n * n", "assert square(3) == 9"
    of = source(tmp_path / "source", solution, test)
    plan = rehearse(of, guard.servers, Limits(), environment_digest="e", choices={"test-0": choice})
    job = GradingJob(
        source=of.model_copy(update={"plan": plan}), learner="l", submission=str(tmp_path / "source"), limits=Limits(), sandbox=False
    )
    (cell,) = grade_sealed(job, guard.servers).cells
    assert (cell.auto_score, cell.assurance) == (score, assurance)
