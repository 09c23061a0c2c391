"""What learners do to earn marks without an answer, and what sealed grading makes of it. Source of the list: our notes on sealed grading.

Those marked as earning in one process have been seen to: the same submission run with tests in the learner's kernel gets full marks, which is what the note
for the person who decides says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.autograder.sealed.examination import Desk, both_servers

pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]

SQUARE = "def square(n):\n    return n * n"
EXACT = "assert square(3) == 9, 'three'\nassert square(-2) == 4"
CLOSE = "import numpy as np\nnp.testing.assert_allclose(square(3), 9)\nassert np.isclose(square(-2), 4)\nassert abs(square(2) - 4) < 1e-9"
TABLE = "import pandas as pd\nassert square(2).equals(pd.DataFrame({'a': [4]}))"
EQUAL = "class Any:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\n    __lt__ = __gt__ = __le__ = __ge__ = __eq__\n    __sub__ = __rsub__ = __abs__ = lambda self, *a: self\n"


@dataclass(frozen=True)
class Cheat:
    """What a learner hands in, and the test that it is meant for."""

    answer: str
    test: str = EXACT
    earns_in_one_process: bool = True


CHEATS = {
    "always equal": Cheat(f"{EQUAL}def square(n):\n    return Any()"),
    "always equal to numbers": Cheat(
        f"{EQUAL}    def __float__(self):\n        return 9.0\ndef square(n):\n    return Any()",
        "assert abs(square(3) - 9) < 1e-9\nassert square(2) == 4",
    ),
    "always equal by mock": Cheat("from unittest.mock import ANY\ndef square(n):\n    return ANY"),
    "always equal class as the function": Cheat("from unittest.mock import ANY\nsquare = lambda n: type(ANY)()"),
    "lying float": Cheat("class F(float):\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return F(0)"),
    "lying float in arithmetic": Cheat(
        "class F(float):\n    __sub__ = lambda s, o: 0.0\n    __abs__ = lambda s: 0.0\ndef square(n):\n    return F(0)",
        "assert abs(square(3) - 9) < 1e-9",
    ),
    "lying int": Cheat("class I(int):\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return I(0)"),
    "lying frame": Cheat(
        "import pandas as pd\nclass D(pd.DataFrame):\n    def equals(self, other):\n        return True\ndef square(n):\n    return D({'a': [0]})",
        TABLE,
    ),
    "masked array": Cheat(
        "import numpy as np\ndef square(n):\n    return np.ma.masked_all(3)",
        "import numpy as np\nnp.testing.assert_array_equal(square(3), [9, 9, 9])",
    ),
    "empty array": Cheat(
        "import numpy as np\ndef square(n):\n    return np.array([])", "import numpy as np\nnp.testing.assert_allclose(square(3), 9)"
    ),
    "missing values": Cheat(
        "import pandas as pd\ndef square(n):\n    return pd.Series([None] * 2, dtype='Int64')", "assert (square(3) == 9).all()"
    ),
    "text of an object as partial credit": Cheat(
        "class A:\n    def __repr__(self):\n        return '2.0'\ndef square(n):\n    return A()", "square(3)"
    ),
    "asserts stripped": Cheat(
        "import ast\nclass Strip(ast.NodeTransformer):\n    def visit_Assert(self, node):\n        return ast.Pass()\nget_ipython().ast_transformers.append(Strip())\ndef square(n):\n    return 0",
    ),
    "test text replaced": Cheat("get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])"),
    "run_cell patched": Cheat(
        "from IPython.core.interactiveshell import InteractiveShell as S\nimport types\nold = S.run_cell_async\nasync def run(self, raw, *a, **k):\n    return await old(self, 'pass', *a, **{**k, 'transformed_cell': 'pass'})\nS.run_cell_async = run\nget_ipython().run_cell_async = types.MethodType(run, get_ipython())",
    ),
    "abs patched": Cheat("import builtins\nbuiltins.abs = lambda x: 0\ndef square(n):\n    return 0", "assert abs(square(3) - 9) < 1e-9"),
    "numpy.testing patched": Cheat(
        "import numpy as np\nnp.testing.assert_allclose = np.isclose = lambda *a, **k: True\ndef square(n):\n    return n * n if n == 2 else 0",
        CLOSE,
    ),
    "AssertionError swallowed by StopIteration": Cheat(
        "def square(n):\n    raise StopIteration", "assert all(map(lambda n: square(n) == n * n, [2, 3]))"
    ),
    "tests read by frames": Cheat(
        "import sys, re\ndef square(n):\n    f = sys._getframe(1)\n    while f and 'get_ipython' not in f.f_globals:\n        f = f.f_back\n    code = f.f_globals['In'][-1] if f else ''\n    return int(re.search(r'square\\(%d\\) == (\\d+)' % n, code).group(1))",
    ),
    "tests read from memory": Cheat(
        "import gc, re\ndef square(n):\n    for o in gc.get_objects():\n        if type(o) in (list, dict):\n            for t in (o.values() if type(o) is dict else o):\n                m = type(t) is str and len(t) < 500 and re.search(r'^assert square\\(%d\\) == (\\d+)' % n, t, re.M)\n                if m:\n                    return int(m.group(1))\n    return 0",
    ),
    "eval as the answer": Cheat("square = eval", earns_in_one_process=False),
    "SystemExit": Cheat("def square(n):\n    raise SystemExit", earns_in_one_process=False),
    "KeyboardInterrupt": Cheat("def square(n):\n    raise KeyboardInterrupt", earns_in_one_process=False),
    "printed result": Cheat(
        "def square(n):\n    print('2.0')\n    get_ipython().displayhook(2.0)\n    return 0", earns_in_one_process=False
    ),  # by nbgrader's own rule it earns
}

_CANDIDATE = (
    "from autograder.sealed.candidate import Candidate\nimport gc, os\nme = [o for o in gc.get_objects() if isinstance(o, Candidate)][0]\n"
)
_SEND = f"{_CANDIDATE}def say(tree):\n    me.channel.send(tree)\n"
FORGERIES = {
    "answers written beforehand": "from autograder.sealed.wire import pack\nimport os\nos.write(4, pack(['tell', '0' * 16, True, [], [], 9, None, None]) * 4)\ndef square(n):\n    return 0",
    "a library object by name": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['library', 'unittest.mock', 'ANY']\nclass A:\n    pass\ndef square(n):\n    return A()",
    "a module by name": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['module', 'os']\nclass A:\n    pass\ndef square(n):\n    return A()",
    "a builtin by type": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['type', 'eval']\nclass A:\n    pass\ndef square(n):\n    return A()",
    "a twin of a class that is none": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['twin', 'int', ['d', []]]\nclass A:\n    pass\ndef square(n):\n    return A()",
    "a class that says it is int": "import autograder.sealed.party as p\nold = p.describe\ndef describe(*a):\n    r = old(*a)\n    r[2:5] = ['int', 'builtins', ['builtins:int', 'builtins:object']]\n    return r\np.describe = describe\n"
    + f"{EQUAL}def square(n):\n    return Any()",
    "a function that says it is equal": "import autograder.sealed.party as p\nold = p.describe\ndef describe(*a):\n    r = old(*a)\n    r[6] = 'function'\n    return r\np.describe = describe\n"
    + f"{EQUAL}def square(n):\n    return Any()",
    "a pickle": "import os, pickle\nclass B:\n    def __reduce__(self):\n        return (os.system, ('touch /tmp/owned',))\ndef square(n):\n    os.write(4, pickle.dumps(B()) * 3)\n    return 9",
    "garbage": "import os\ndef square(n):\n    os.write(4, b'x' * 1000)\n    return 9",
    "a claim of endless length": "import os, struct\ndef square(n):\n    os.write(4, struct.pack('<4sIII', b'pse1', 2**32 - 1, 2**32 - 1, 2**32 - 1))\n    return 9",
    "a change of what was not sent": f"{_SEND}import autograder.sealed.party as p\nold = Candidate._tell\ndef tell(self, ticket, ok, value, known, before):\n    self.channel.send(['tell', ticket, True, [[7, ['l']]], [], 9, None, None])\nCandidate._tell = tell\ndef square(n):\n    return 0",
    "the connection closed": "import os\ndef square(n):\n    os.close(4)\n    return 9",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with both_servers("numpy", "pandas", "unittest.mock") as servers:
        yield Desk(servers, tmp_path_factory.mktemp("cheats"))


@pytest.mark.parametrize("test", [EXACT, CLOSE])
def test_an_honest_answer_earns_full_marks_sealed(desk: Desk, test: str) -> None:
    cell = desk.cell(SQUARE, SQUARE, test)
    assert (cell.auto_score, cell.is_sealed) == (2, True)


@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS)
def test_a_cheat_earns_nothing_by_itself(desk: Desk, cheat: Cheat) -> None:
    cell = desk.cell(SQUARE, cheat.answer, cheat.test)
    if cheat.earns_in_one_process:
        assert cell.auto_score is None
        assert "with everything in one process it earns 2" in (cell.note or "")
    else:
        assert cell.auto_score == 0


@pytest.mark.parametrize("answer", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_message_earns_nothing(desk: Desk, answer: str) -> None:
    result = desk.grade(SQUARE, answer, EXACT)
    if result.status == "graded":
        assert not result.cells[0].auto_score
        assert not (result.cells[0].is_sealed and result.cells[0].auto_score)
    else:
        assert result.status == "failed"
        assert result.cells == ()
    assert not Path("/tmp/owned").exists()


def test_a_test_that_swallows_everything_does_not_hide_a_broken_connection(desk: Desk) -> None:
    cell = desk.cell(
        SQUARE, "import os\ndef square(n):\n    os.write(4, b'x' * 100)\n    raise ValueError", "try:\n    square(-1)\nexcept:\n    pass"
    )
    assert cell.auto_score is None
    assert "the learner's side failed" in (cell.note or "")


def test_an_answer_that_ends_its_kernel_is_no_result(desk: Desk) -> None:
    result = desk.grade(SQUARE, "import os\ndef square(n):\n    os._exit(0)", EXACT)
    assert (result.status, result.cells) == ("failed", ())
    assert "ended the kernel" in result.reason


def test_a_tests_function_tells_the_learner_nothing_but_its_name(desk: Desk) -> None:
    probe = (
        f"{_CANDIDATE}def square(f):\n    told = []\n    for name in ('__globals__', '__code__', '__closure__', '__self__', '__dict__', 'gi_frame'):\n"
        "        try:\n            told.append(str(me.request('attribute', f, name)))\n        except AttributeError:\n            pass\n    return told"
    )
    cell = desk.cell("def square(f):\n    return []", probe, "secret = 5\nassert square(lambda: secret) == []")
    assert (cell.auto_score, cell.is_sealed) == (2, True)


@pytest.mark.parametrize(
    "question", ["('call', print, 1)", "('attribute', 'abc', 'join')", "('fetch', 'secret')", "('has', 'secret')", "('names',)"]
)
def test_a_question_about_what_was_not_handed_over_ends_the_examination(desk: Desk, question: str) -> None:
    answer = f"{_CANDIDATE}def square(n):\n    me.request(*{question})\n    return 9"
    cell = desk.cell(SQUARE, answer, "secret = 5\nassert square(3) == 9")
    assert not cell.auto_score
    assert "the learner's side failed" in (cell.note or "")


def test_the_expected_value_is_not_told_to_an_object_that_lies(desk: Desk) -> None:
    spy = "seen = []\nclass Spy:\n    def __eq__(self, other):\n        seen.append(other)\n        return True\n    __hash__ = None\ndef square(n):\n    return Spy() if not seen else seen[0]"
    cell = desk.cell(SQUARE, spy, "try:\n    assert square(3) == 9\nexcept AssertionError:\n    pass\nassert square(3) == 9")
    assert cell.auto_score is None
    assert "it earns 2" in (cell.note or "")


def test_an_expected_class_with_lying_operators_is_said_not_to_be_sealed(desk: Desk) -> None:
    solution = "class V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return self.x == o.x"
    lie = "class V:\n    def __init__(self, x):\n        pass\n    def __eq__(self, o):\n        return True"
    cell = desk.cell(solution, lie, "assert V(1) == V(1)")
    assert not cell.is_sealed
    assert "rests on `eq` of the learner's own class V" in (cell.note or "")


def test_no_test_is_in_reach_of_the_learners_process(desk: Desk) -> None:
    search = (
        "import gc, os\ndef square(n):\n    marker = 'hidden' + '-marker'\n    found = [o for o in gc.get_objects() if type(o) is list for t in o if type(t) is str and marker in t]\n"
        "    for folder, _, names in os.walk(os.getcwd()):\n        for name in names:\n            if marker in open(os.path.join(folder, name), errors='replace').read():\n                found.append(name)\n"
        "    return n * n if not found else 0"
    )
    cell = desk.cell(SQUARE, search, "# hidden-marker\nassert square(3) == 9")
    assert (cell.auto_score, cell.is_sealed) == (2, True)
