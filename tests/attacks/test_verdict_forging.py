"""What learners do to earn marks without an answer, and what sealed grading makes of it. Source of the list: our notes on sealed grading.

Each cheat is graded twice: with the tests in the learner's kernel, as nbgrader runs them, where it earns full marks, and sealed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.attacks.arena import Record
from tests.autograder.sealed.examination import Desk

pytestmark = [pytest.mark.xdist_group("attacks"), pytest.mark.slow]

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

_SWAPPED = "expected = 9\nassert square(3) == expected"
_LIBRARY = "import colorsys\nassert square(3) == 9 * colorsys.ONE_SIXTH * 6"
_S = "from IPython.core.interactiveshell import InteractiveShell as S, ExecutionResult as R\n"
_NONE = "def square(n):\n    return 0"

CHEATS |= {
    "always equal inside a list": Cheat("from unittest.mock import ANY\ndef square(n):\n    return [ANY]", "assert square(3) == [9]"),
    "always equal inside a mapping": Cheat(
        "from unittest.mock import ANY\ndef square(n):\n    return {'a': ANY}", "assert square(3) == {'a': 9}"
    ),
    "always equal inside an array": Cheat(
        f"{EQUAL}import numpy as np\ndef square(n):\n    return np.array([Any()], dtype=object)",
        "import numpy as np\nnp.testing.assert_array_equal(square(3), [9])",
    ),
    "always equal in a column": Cheat(
        f"{EQUAL}import pandas as pd\ndef square(n):\n    return pd.Series([Any()], dtype=object)", "assert list(square(3)) == [9]"
    ),
    "always equal as a field": Cheat(
        "from unittest.mock import ANY\nimport types\ndef square(n):\n    return types.SimpleNamespace(area=ANY)",
        "assert square(3).area == 9",
    ),
    "always equal by its item": Cheat(
        "from unittest.mock import ANY\ndef square(n):\n    return (n, ANY)", "side, area = square(3)\nassert area == 9"
    ),
    "always equal while iterated": Cheat(
        "from unittest.mock import ANY\ndef square(n):\n    yield ANY", "for area in square(3):\n    assert area == 9"
    ),
    "an object with the hash of the answer": Cheat(
        "class H:\n    def __hash__(self):\n        return hash(9)\n    def __eq__(self, o):\n        return True\ndef square(n):\n    return H()",
        "assert square(3) in {9: 'nine'}",
    ),
    "an object that says its class is int": Cheat(
        f"{EQUAL}    __class__ = int\ndef square(n):\n    return Any()", "assert isinstance(square(3), int)\nassert square(3) == 9"
    ),
    "an object that is always true": Cheat(
        "class T:\n    __lt__ = __gt__ = lambda s, o: s\n    __bool__ = lambda s: True\ndef square(n):\n    return T()",
        "assert square(3) > 8\nassert square(3) < 10",
    ),
    "lying text": Cheat(
        "class X(str):\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return X('no')",
        "assert square(3) == 'nine'",
    ),
    "lying list": Cheat(
        "class L(list):\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return L()", "assert square(3) == [9]"
    ),
    "lying mapping": Cheat(
        "class D(dict):\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return D()",
        "assert square(3) == {'a': 9}",
    ),
    "lying set": Cheat(
        "class E(set):\n    __eq__ = __ge__ = __le__ = lambda s, o: True\n    __hash__ = None\ndef square(n):\n    return E()",
        "assert square(3) == {9}",
    ),
    "lying array": Cheat(
        "import numpy as np\nclass A(np.ndarray):\n    def __array_ufunc__(self, f, m, *a, **k):\n        return np.bool_(True)\n    def __array_function__(self, f, t, a, k):\n        return True\ndef square(n):\n    return np.zeros(1).view(A)",
        "import numpy as np\nassert np.allclose(square(3), [9])",
    ),
    "lying series": Cheat(
        "import pandas as pd\nclass P(pd.Series):\n    def __eq__(self, o):\n        return pd.Series([True])\ndef square(n):\n    return P([0])",
        "import pandas as pd\nassert (square(3) == pd.Series([9])).all()",
    ),
    "unittest patched": Cheat(
        f"import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n{_NONE}",
        "import unittest\nunittest.TestCase().assertEqual(square(3), 9)",
    ),
    "pandas.testing patched": Cheat(
        f"import pandas as pd\npd.testing.assert_frame_equal = lambda *a, **k: None\n{_NONE}",
        "import pandas as pd\npd.testing.assert_frame_equal(square(2), pd.DataFrame({'a': [4]}))",
    ),
    "len hidden by the learner's own": Cheat(f"len = lambda x: 3\n{_NONE}", "assert len(square(3)) == 3"),
    "isinstance hidden by the learner's own": Cheat(f"isinstance = lambda a, b: True\n{_NONE}", "assert isinstance(square(3), str)"),
    "a module put in the place of another": Cheat(
        f"import sys, types\nsys.modules['fractions'] = types.SimpleNamespace(Fraction=lambda *a: 0)\n{_NONE}",
        "from fractions import Fraction\nassert square(3) == Fraction(9)",
    ),
    "a library shadowed by a file beside the notebook": Cheat(
        f"import importlib, sys\nopen('colorsys.py', 'w').write('ONE_SIXTH = 0')\nsys.modules.pop('colorsys', None)\nimportlib.invalidate_caches()\nsys.path.insert(0, '')\n{_NONE}",
        _LIBRARY,
    ),
    "an import hook": Cheat(
        f"import builtins, types\nreal = builtins.__import__\nbuiltins.__import__ = lambda name, *a: types.SimpleNamespace(isclose=lambda *a: True) if name == 'math' else real(name, *a)\n{_NONE}",
        "import math\nassert math.isclose(square(3), 9)",
    ),
    "a finder of modules": Cheat(
        f"import sys, importlib.machinery\nclass F:\n    def find_spec(self, name, *a):\n        return importlib.machinery.ModuleSpec(name, self) if name == 'colorsys' else None\n    def create_module(self, spec):\n        return None\n    def exec_module(self, module):\n        module.ONE_SIXTH = 0\nsys.meta_path.insert(0, F())\nsys.modules.pop('colorsys', None)\n{_NONE}",
        _LIBRARY,
    ),
    "the shell's run_code patched": Cheat(f"{_S}async def run(self, *a, **k):\n    return False\nS.run_code = run"),
    "the shell's compiler patched": Cheat(
        "import ast\nfrom IPython.core.compilerop import CachingCompiler as C\nC.ast_parse = lambda self, *a, **k: ast.parse('pass')"
    ),
    "asserts optimised away": Cheat(
        f"import builtins\nold = builtins.compile\nbuiltins.compile = lambda *a, **k: old(*a, **{{**k, 'optimize': 2}})\n{_NONE}"
    ),
    "the kernel's reply forged": Cheat(
        "k = get_ipython().kernel\nasync def do(code, *a, **more):\n    return {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}\nk.do_execute = do"
    ),
    "the result of a cell forged": Cheat(f"{_S}R.success = property(lambda s: True)\nS.showtraceback = lambda *a, **k: None\n{_NONE}"),
    "the expected value changed by its name": Cheat("def square(n):\n    globals()['expected'] = 0\n    return 0", _SWAPPED),
    "the expected value changed through frames": Cheat(
        "import sys\ndef square(n):\n    sys._getframe(1).f_globals['expected'] = 0\n    return 0", _SWAPPED
    ),
    "the expected value changed by a thread": Cheat(
        "import threading, time\ndef change():\n    while True:\n        if 'expected' in globals():\n            globals()['expected'] = 0\n        time.sleep(0.001)\nthreading.Thread(target=change, daemon=True).start()\ndef square(n):\n    ends = time.monotonic() + 60\n    while globals().get('expected') and time.monotonic() < ends:\n        time.sleep(0.001)\n    return 0",
        _SWAPPED,
    ),
    "the expected value handed back": Cheat("import sys\ndef square(n):\n    return sys._getframe(1).f_globals['expected']", _SWAPPED),
    "the expected list emptied where it lies": Cheat(
        "import gc\ndef square(n):\n    for o in gc.get_objects():\n        if type(o) is list and o == [4242, 9]:\n            o.clear()\n    return []",
        "wanted = [4242, 9]\nassert square(3) == wanted",
    ),
    "a number of Python's changed in memory": Cheat(
        "import ctypes\nctypes.c_uint32.from_address(id(251) + 24).value = 250\ndef square(n):\n    return 250", "assert square(3) == 251"
    ),
    "a line of the test jumped over": Cheat(
        "import sys\ndef jump(frame, event, arg):\n    if event == 'line' and 'square' in frame.f_code.co_names and frame.f_lineno == 2:\n        frame.f_lineno = 3\n    return jump\ndef watch(frame, event, arg):\n    return jump if 'square' in frame.f_code.co_names else None\nold = type(get_ipython()).run_code\nasync def run(self, code, *a, **k):\n    sys.settrace(watch)\n    try:\n        return await old(self, code, *a, **k)\n    finally:\n        sys.settrace(None)\ntype(get_ipython()).run_code = run\ndef square(n):\n    return 0",
        "if True:\n    assert square(3) == 9\n    done = True",
    ),
    "the secret of a test's function": Cheat(
        "def square(f):\n    return f.__globals__['secret']", "secret = 5\nassert square(lambda: 0) == secret"
    ),
    "the closure of a test's function": Cheat(
        "def square(f):\n    return f.__closure__[0].cell_contents",
        "def make():\n    secret = 5\n    return lambda: secret\nassert square(make()) == make()()",
    ),
    "the code of a test's function": Cheat("def square(f):\n    return f.__code__.co_consts[-1]", "assert square(lambda: 4711) == 4711"),
    "a pickled answer": Cheat(
        "import pickle\nfrom unittest.mock import ANY\npickle.dump(ANY, open('answer.bin', 'wb'))",
        "import pickle\nassert pickle.load(open('answer.bin', 'rb')) == 9",
    ),
    "an answer's text that the test runs": Cheat(
        "open('answer.txt', 'w').write('class A:\\n    def __eq__(self, o):\\n        return True\\nresult = A()')",
        "exec(open('answer.txt').read())\nassert result == 9",
    ),
    "an answer's text that the test changes and runs": Cheat(
        "open('answer.txt', 'w').write('class XX:\\n    def __eq__(self, o):\\n        return True\\nresult = XX()')",
        "exec(open('answer.txt').read().replace('XX', 'A'))\nassert result == 9",
    ),
    "an expression in a file that the test puts together": Cheat(
        "open('answer.txt', 'w').write('__import__(\"unittest.mock\").mock.ANY')",
        "parts = ['(', open('answer.txt').read(), ')']\nassert eval(''.join(parts)) == 9",
    ),
    "a module written beside the notebook": Cheat(
        "open('answer_module.py', 'w').write('from unittest.mock import ANY as result')\nimport importlib\nimportlib.invalidate_caches()",
        "import answer_module\nassert answer_module.result == 9",
    ),
    "tests read from the shell's history": Cheat(
        "import re\ndef square(n):\n    return int(re.search(r'square\\(%d\\) == (\\d+)' % n, In[-1]).group(1))"
    ),
    "tests read from the cache of lines": Cheat(
        "import linecache, re\ndef square(n):\n    text = ''.join(''.join(e[2]) for e in linecache.cache.values() if len(e) == 4)\n    return int(re.findall(r'assert square\\(%d\\) == (\\d+)' % n, text)[-1])"
    ),
    "tests read from the request": Cheat(
        "import re\ndef square(n):\n    return int(re.search(r'square\\(%d\\) == (\\d+)' % n, get_ipython().kernel.get_parent('shell')['content']['code']).group(1))"
    ),
}


@pytest.mark.parametrize("test", [EXACT, CLOSE])
def test_an_honest_answer_earns_full_marks_sealed(desk: Desk, test: str) -> None:
    cell = desk.cell(SQUARE, SQUARE, test)
    assert (cell.auto_score, cell.is_sealed) == (2, True)


@pytest.mark.parametrize("name", [name for name, cheat in CHEATS.items() if cheat.earns_in_one_process])
def test_a_cheat_that_earns_in_one_process_waits_for_a_person(desk: Desk, name: str, record: Record) -> None:
    cheat = CHEATS[name]
    (plain,) = desk.in_one_process(SQUARE, cheat.answer, cheat.test).cells
    cell = desk.cell(SQUARE, cheat.answer, cheat.test)
    record(name, "sealed", without=plain.auto_score == 2, behind=bool(cell.auto_score) or cell.is_sealed)
    assert cell.auto_score is None
    assert "with everything in one process it earns 2" in (cell.note or "")


@pytest.mark.parametrize("name", [name for name, cheat in CHEATS.items() if not cheat.earns_in_one_process])
def test_what_earns_nothing_anywhere_is_a_zero(desk: Desk, name: str) -> None:
    assert desk.cell(SQUARE, CHEATS[name].answer, CHEATS[name].test).auto_score == 0


def test_an_answer_that_ends_its_kernel_is_no_result(desk: Desk) -> None:
    result = desk.grade(SQUARE, "import os\ndef square(n):\n    os._exit(0)", EXACT)
    assert (result.status, result.cells) == ("failed", ())
    assert "ended the kernel" in result.reason


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


CLEVER_LIES = {
    "equal to every other object of its class whose field is a number it was made with": "        return isinstance(o, V) and o.x in made",
    "equal to small numbers only, which a changed copy is not": "        return isinstance(o, V) and (self.x == o.x or o.x < 10)",
}


@pytest.mark.parametrize("lie", CLEVER_LIES)
def test_a_clever_lie_of_an_expected_class_is_never_sealed_and_says_whose_word_it_rests_on(desk: Desk, lie: str) -> None:
    solution = "class V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return isinstance(o, V) and self.x == o.x"
    start = (
        "made, asked = [], []\nclass V:\n    def __init__(self, x):\n        self.x = x\n        made.append(x)\n    def __eq__(self, o):\n"
    )
    cell = desk.cell(solution, start + CLEVER_LIES[lie], "assert V(1) == V(2)")
    assert not cell.is_sealed
    assert cell.assurance != "sealed"
    assert "of the learner's" in (cell.note or "")


def test_an_expected_class_that_lies_only_when_asked_first_earns_nothing(desk: Desk) -> None:
    solution = "class V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return isinstance(o, V) and self.x == o.x"
    lie = "asked = []\nclass V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        asked.append(o)\n        return isinstance(o, V) and (len(asked) == 1 or self.x == o.x)"
    assert desk.cell(solution, solution, "assert V(2) == V(2)").auto_score == 2
    assert desk.cell(solution, lie, "assert V(1) == V(2)").auto_score is None


def test_no_test_is_in_reach_of_the_learners_process(desk: Desk) -> None:
    search = (
        "import gc, os\ndef square(n):\n    marker = 'hidden' + '-marker'\n    found = [o for o in gc.get_objects() if type(o) is list for t in o if type(t) is str and marker in t]\n"
        "    for folder, _, names in os.walk(os.getcwd()):\n        for name in names:\n            if marker in open(os.path.join(folder, name), errors='replace').read():\n                found.append(name)\n"
        "    return n * n if not found else 0"
    )
    cell = desk.cell(SQUARE, search, "# hidden-marker\nassert square(3) == 9")
    assert (cell.auto_score, cell.is_sealed) == (2, True)
