"""Text of the learner's is not run where tests run: it is run on the learner's side, or refused; a test's own text is run as ever."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from autograder.jobs import GradedCell
from tests.autograder.sealed.examination import Desk, both_servers

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fork-server")]

HERE = "import sys\nsys.theirs = mine = 5\nwhere = 0\ncode = 'import sys\\nwhere = sys.theirs'\nexpression = '__import__(\"sys\").theirs'"
"""An answer that says in which process it runs, and two texts that say where they are run."""
FULL: tuple[float | None, bool] = (2, True)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with both_servers("numpy", "pandas", "sympy", "sympy.parsing.sympy_parser") as servers:
        yield Desk(servers, tmp_path_factory.mktemp("texts"))


def marks(cell: GradedCell) -> tuple[float | None, bool]:
    return cell.auto_score, cell.is_sealed


@pytest.mark.parametrize(
    "test",
    [
        "exec(code)\nassert where == mine",
        "names = {}\nexec(code, names)\nassert names['where'] == mine",
        "assert eval(expression) == mine",
        "assert eval(compile(expression, 'theirs', 'eval')) == mine",
        "exec(compile(code, 'theirs', 'exec'))\nassert where == mine",
        "exec('# theirs\\n' + code)\nassert where == mine",
        "exec(code.encode())\nassert where == mine",
    ],
)
def test_the_learners_text_is_run_in_the_learners_process(desk: Desk, test: str) -> None:
    assert marks(desk.cell(HERE, HERE, test)) == FULL


@pytest.mark.parametrize(
    "test",
    [
        "exec('found = mine + 0')\nassert found == mine",
        "import sys\nassert not eval(\"hasattr(sys, 'theirs')\")",
        "import ast\nassert len(ast.parse(code).body) == 2",
        "get_ipython().run_cell('own = 1')\nassert own == 1",
        "assert get_ipython().ev('1 + 1') == 2",
    ],
)
def test_a_tests_own_text_is_run_where_the_test_is(desk: Desk, test: str) -> None:
    assert marks(desk.cell(HERE, HERE, test)) == FULL


@pytest.mark.parametrize(
    ("test", "what"),
    [
        ("get_ipython().run_cell(code)\nassert True", ""),
        ("get_ipython().ex(code)", "ex() of text"),
        ("get_ipython().ev(expression)", "ev() of text"),
        ("import subprocess\nassert subprocess.run(['true']).returncode == 0", "cannot start programs"),
        ("import os\nassert os.system('true') == 0", "cannot start programs"),
    ],
)
def test_what_would_run_it_otherwise_is_refused_and_earns_nothing_by_itself(desk: Desk, test: str, what: str) -> None:
    cell = desk.cell(HERE, HERE, f"{test}\nassert mine" if what else "get_ipython().run_cell(code)\nassert where != mine")
    assert cell.auto_score != 2
    assert what in (cell.note or "")


def test_pickled_data_are_read_and_pickled_code_is_not(desk: Desk) -> None:
    data = "import pickle\nimport numpy as np\nstored = pickle.dumps({'a': np.arange(3), 'b': {1, 2}})"
    assert (
        marks(desk.cell(data, data, "import pickle\nfound = pickle.loads(stored)\nassert found['a'].sum() == 3 and found['b'] == {1, 2}"))
        == FULL
    )
    bomb = pickle.dumps(eval)  # names a function, and does no harm by itself
    answer = f"stored = {bomb!r}"
    cell = desk.cell(answer, answer, "import pickle\nassert pickle.loads(stored)")
    assert cell.auto_score != 2
    assert "builtins.eval is not unpickled where tests run" in (cell.note or "")


FRAME = "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2, 3]})\n"


def test_a_query_of_the_learners_may_name_columns_and_nothing_round_it(desk: Desk) -> None:
    plain = f"{FRAME}wanted = 'a > 1'"
    assert marks(desk.cell(plain, plain, "assert len(frame.query(wanted)) == 2")) == FULL
    reaching = f"{FRAME}limit = 1\nwanted = 'a > @limit'"
    cell = desk.cell(reaching, reaching, "secret = 5\nassert len(frame.query(wanted)) == 2")
    assert cell.auto_score != 2
    assert "uses names of its surroundings" in (cell.note or "")


def test_a_query_of_the_tests_own_sees_the_tests_names(desk: Desk) -> None:
    assert (
        marks(desk.cell(FRAME, FRAME, "least = 2\nassert len(frame.query('a >= @least')) == 2\nassert pd.eval('least + 1') == 3")) == FULL
    )


def test_a_formula_of_the_learners_is_read_on_their_side(desk: Desk) -> None:
    answer = "import sys\nsys.theirs = 3\nformula = '__import__(\"sys\").theirs * x'"
    test = "import sympy, sys\nx = sympy.Symbol('x')\nassert sympy.sympify(formula).subs(x, 2) == 6\nassert not hasattr(sys, 'theirs')"
    assert marks(desk.cell(answer, answer, test)) == FULL
