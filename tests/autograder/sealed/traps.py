"""Test cells that are hard to examine from another process. Each passes in one process with its reference solution; from our notes on sealed grading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trap:
    """One solution, one test of it, and what it needs beforehand."""

    solution: str
    test: str
    setup: str = ""
    wrong: str = ""
    """An answer that fails the test."""


SEALED = {
    "own exception": Trap(
        "class Empty(ValueError):\n    pass\ndef pop(items):\n    raise Empty('nothing')",
        "try:\n    pop([])\nexcept Empty as e:\n    assert str(e) == 'nothing'\nelse:\n    assert False\nassert issubclass(Empty, ValueError)",
    ),
    "builtin exception": Trap(
        "def get(d):\n    return d['x']", "try:\n    get({})\nexcept KeyError as e:\n    assert e.args == ('x',)\nelse:\n    assert False"
    ),
    "generator": Trap(
        "def count(n):\n    for i in range(n):\n        yield i",
        "assert list(count(3)) == [0, 1, 2]\nassert sum(count(4)) == 6\ng = count(2)\nassert next(g) == 0",
    ),
    "generator type": Trap(
        "def count(n):\n    yield n",
        "import types\nassert isinstance(count(1), types.GeneratorType)\nassert isinstance(count, types.FunctionType)",
    ),
    "default argument": Trap(
        "def greet(name, mark='!'):\n    return name + mark", "assert greet('a') == 'a!' and greet('a', mark='?') == 'a?'"
    ),
    "in-place change": Trap("def add(items):\n    items.append(4)", "l = [1]\nassert add(l) is None and l == [1, 4]"),
    "nested change": Trap(
        "def mark(d):\n    d['a'].append(1)", "x = []\nd = {'a': x, 'b': x}\nmark(d)\nassert x == [1] and d['a'] is x and d['b'] is x"
    ),
    "identity of an argument": Trap("def first(items):\n    return items[0]", "l = [1]\nassert first([l]) is l"),
    "changed array": Trap(
        "def zero(a):\n    a[0] = 0\n    return a",
        "import numpy as np\na = np.arange(1, 4)\nassert zero(a) is a and a.tolist() == [0, 2, 3]",
    ),
    "changed frame": Trap(
        "def drop(df):\n    del df['b']\n    df['c'] = 1",
        "import pandas as pd\nd = pd.DataFrame({'a': [1], 'b': [2]})\ndrop(d)\nassert list(d.columns) == ['a', 'c']",
    ),
    "changed row": Trap(
        "def put(df):\n    df.loc[0, 'a'] = 5",
        "import pandas as pd\nd = pd.DataFrame({'a': [1, 2]})\nput(d)\nassert d['a'].tolist() == [5, 2]",
    ),
    "closure over a test's variable": Trap("def apply(f, x):\n    return f(x)", "k = 3\nassert apply(lambda x: x + k, 1) == 4"),
    "counting calls": Trap("def twice(f):\n    f()\n    f()", "n = 0\ndef count():\n    global n\n    n += 1\ntwice(count)\nassert n == 2"),
    "seeded random": Trap(
        "import random\ndef draw():\n    return random.random()",
        "import random\nrandom.seed(1)\na = draw()\nb = random.random()\nrandom.seed(1)\nassert a == random.random() and b == random.random()",
    ),
    "seeded numpy": Trap(
        "import numpy as np\ndef draw():\n    return np.random.rand()",
        "import numpy as np\nnp.random.seed(1)\na = draw()\nnp.random.seed(1)\nassert a == np.random.rand()",
    ),
    "captured print": Trap(
        "def hello():\n    print('hello')",
        "import io, contextlib\ns = io.StringIO()\nwith contextlib.redirect_stdout(s):\n    hello()\nassert s.getvalue() == 'hello\\n'",
    ),
    "input by mock": Trap(
        "def ask():\n    return int(input('n? '))",
        "from unittest.mock import patch\nwith patch('builtins.input', return_value='4'):\n    assert ask() == 4",
    ),
    "input as a global": Trap("def ask():\n    return input('n? ')", "input = lambda prompt: 'x'\nassert ask() == 'x'\ndel input"),
    "object of the instructor's class": Trap(
        "def norm(p):\n    p.seen = True\n    return Point(p.x * 2, p.y)",
        "p = Point(1, 2)\nq = norm(p)\nassert isinstance(q, Point) and q.x == 2 and p.seen is True\nassert q.total() == 4",
        "class Point:\n    def __init__(self, x, y):\n        self.x, self.y = x, y\n    def total(self):\n        return self.x + self.y",
    ),
    "replaced global": Trap(
        "def helper(x):\n    return x\ndef f(x):\n    return helper(x) + 1",
        "old = helper\nhelper = lambda x: 10\nassert f(1) == 11\nhelper = old\nassert f(1) == 2",
    ),
    "deleted global": Trap(
        "def squares(n):\n    return [i * i for i in range(n)]\ndef total(n):\n    return sum(squares(n))",
        "kept = squares\ndel squares\ntry:\n    total(3)\nexcept NameError:\n    pass\nelse:\n    assert False\nsquares = kept\nassert total(3) == 5",
    ),
    "deleted in a function": Trap(
        "def f():\n    return 1\ndef g():\n    return f()",
        "def remove():\n    global f\n    del f\nremove()\ntry:\n    g()\nexcept NameError:\n    pass\nelse:\n    assert False",
    ),
    "recursion through a counter": Trap(
        "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)",
        "calls = 0\norig = fact\ndef fact(n):\n    global calls\n    calls += 1\n    return orig(n)\nassert fact(5) == 120 and calls == 5",
    ),
    "axes": Trap(
        "import matplotlib.pyplot as plt\ndef draw():\n    fig, ax = plt.subplots()\n    ax.plot([1, 2], [3, 4], label='l')\n    ax.set_title('t')\n    return ax",
        "ax = draw()\nassert ax.get_title() == 't' and len(ax.lines) == 1\nassert ax.lines[0].get_xydata().tolist() == [[1, 3], [2, 4]]\nassert ax.lines[0].get_label() == 'l'",
    ),
    "axes by class": Trap(
        "import matplotlib.pyplot as plt\ndef draw():\n    return plt.subplots()[1]",
        "import matplotlib.axes\nassert isinstance(draw(), matplotlib.axes.Axes)",
    ),
    "time": Trap("import time\ndef wait():\n    time.sleep(0.05)", "import time\nt = time.time()\nwait()\nassert time.time() - t > 0.04"),
    "named tuple": Trap(
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef make():\n    return P(1, 2)",
        "p = make()\nassert p.x == 1 and p == (1, 2) and isinstance(p, tuple) and p._fields == ('x', 'y')",
    ),
    "frame of many types": Trap(
        "import pandas as pd\ndef make():\n    return pd.DataFrame({'c': pd.Categorical(['a', 'b']), 'z': pd.to_datetime(['2020', '2021']).tz_localize('Asia/Manila'), 'i': pd.array([1, None], dtype='Int64')})",
        "import pandas as pd\nw = pd.DataFrame({'c': pd.Categorical(['a', 'b']), 'z': pd.to_datetime(['2020', '2021']).tz_localize('Asia/Manila'), 'i': pd.array([1, None], dtype='Int64')})\npd.testing.assert_frame_equal(make(), w)",
    ),
    "matrix": Trap(
        "import numpy as np\ndef m():\n    return np.matrix([[1, 2]])",
        "import numpy as np\nassert type(m()) is np.matrix and (m() * m().T)[0, 0] == 5",
    ),
    "locked data changed in place": Trap(
        "def bump(t):\n    t['n'] += 1", "bump(table)\nassert table['n'] == 1\nbump(table)\nassert table['n'] == 2", "table = {'n': 0}"
    ),
    "file argument": Trap(
        "def read(f):\n    return [line.strip() for line in f]", "import io\nassert read(io.StringIO('a\\nb\\n')) == ['a', 'b']"
    ),
    "iterator argument": Trap(
        "def total(it):\n    return sum(it)",
        "assert total(iter([1, 2])) == 3\nassert total(x for x in range(3)) == 3\nassert total(range(4)) == 6",
    ),
    "linked nodes": Trap(
        "class Node:\n    def __init__(self, v, n=None):\n        self.v, self.n = v, n\ndef build(l):\n    h = None\n    for x in reversed(l):\n        h = Node(x, h)\n    return h",
        "h = build([1, 2])\nassert h.v == 1 and h.n.v == 2 and h.n.n is None\nm = Node(5, h)\nassert m.n is h",
    ),
    "decorator": Trap(
        "def shout(f):\n    def inner(*a):\n        return f(*a).upper()\n    return inner",
        "@shout\ndef say(x):\n    return 'hi ' + x\nassert say('bo') == 'HI BO'",
    ),
    "eval of the test's text": Trap("def f(x):\n    return x + 1", "assert eval('f(1)') == 2\nexec('r = f(2)')\nassert r == 3"),
    "vectorize": Trap("def f(x):\n    return x * 2", "import numpy as np\nassert np.vectorize(f)(np.array([1, 2])).tolist() == [2, 4]"),
    "apply": Trap("def f(x):\n    return x * 2", "import pandas as pd\nassert pd.Series([1, 2]).apply(f).tolist() == [2, 4]"),
    "sort key": Trap("def last(x):\n    return x[-1]", "assert sorted(['ab', 'ca'], key=last) == ['ca', 'ab']"),
    "mock as callback": Trap(
        "def notify(f):\n    f(1)\n    f(2)",
        "from unittest.mock import MagicMock\nm = MagicMock()\nnotify(m)\nassert m.call_count == 2 and m.call_args_list[0].args == (1,)",
    ),
    "symbols": Trap(
        "import sympy as sp\nx, y = sp.symbols('x y')\nd = sp.Dummy('d')\ndef slope(e):\n    return sp.diff(e, x)\ndef roots(e):\n    return sp.solve(e, x)\ndef same(e):\n    return e",
        "import sympy\nt = sympy.Symbol('x')\nassert slope(t**3) == 3 * t**2 and slope(t**3) != t\nassert sympy.simplify(slope(sympy.sin(t)) - sympy.cos(t)) == 0\n"
        "assert roots(t**2 - y) == [-sympy.sqrt(y), sympy.sqrt(y)] and x == t and (x + 1).subs(x, 2) == 3\n"
        "mine = sympy.Dummy('d')\nassert same(mine) == mine and same(mine + d) == mine + d and d != mine and same(sympy.Matrix([[t, 1]])) == sympy.Matrix([[x, 1]])",
    ),
    "values of many libraries": Trap(
        "import numpy as np, pathlib, re, uuid, collections\ndef make():\n    return np.poly1d([1, 2]), pathlib.PurePosixPath('a'), re.compile('a'), collections.UserList([1])\n"
        "def records():\n    return np.array([(1, 'a')], dtype=[('n', 'i4'), ('t', 'U2')])",
        "import numpy as np, pathlib, re\np, path, pattern, many = make()\nassert p == np.poly1d([1, 2]) and path == pathlib.PurePosixPath('a') and pattern.match('ab') and many == [1]\n"
        "assert records()['n'].sum() == 1 and records().dtype.names == ('n', 't')",
    ),
    "endless recursion": Trap(
        "def loop(n):\n    return loop(n + 1)", "try:\n    loop(0)\nexcept RecursionError:\n    pass\nelse:\n    assert False"
    ),
    "own list class": Trap(
        "class Stack(list):\n    def push(self, x):\n        self.append(x)\n        return self",
        "s = Stack()\ns.push(1)\ns.push(2)\nassert len(s) == 2 and s[1] == 2 and s.pop() == 2",
    ),
    "attribute set": Trap("class A:\n    pass\na = A()\ndef get():\n    return a.x", "a.x = 5\nassert get() == 5 and a.x == 5"),
    "type of an object": Trap("class P:\n    pass", "assert type(P()) == P and isinstance(P(), P)"),
    "changed global list": Trap(
        "state = {'k': 0}\ndef setk():\n    state['k'] += 1\ndef getk():\n    return state['k']",
        "s = state\nsetk()\nassert s['k'] == 1 and state['k'] == 1\nstate['k'] = 5\nassert getk() == 5",
    ),
    "global by function": Trap(
        "state = {'k': 0}\ndef getstate():\n    return state",
        "assert getstate() is state\ngetstate()['z'] = 1\nassert state['z'] == 1 and getstate()['z'] == 1",
    ),
    "moment with a zone": Trap(
        "import pandas as pd\ndef t():\n    return pd.Timestamp('2020-01-01', tz='Asia/Manila')",
        "import pandas as pd\nassert t() == pd.Timestamp('2020-01-01', tz='Asia/Manila')",
    ),
    "source": Trap(
        "def f(x):\n    return x ** 2",
        "import inspect\nassert '**' in inspect.getsource(f)\nassert list(inspect.signature(f).parameters) == ['x']\nassert inspect.getfullargspec(f).args == ['x']",
    ),
    "library function handed back": Trap(
        "def ident(x):\n    return x",
        "import numpy as np, math\nassert ident(np.sin) is np.sin and ident(math.sqrt)(4) == 2 and ident(int) is int",
    ),
    "kept default": Trap("def add(x, l=[]):\n    l.append(x)\n    return l", "l = add(3)\nl.append(99)\nassert add(4) == [3, 99, 4]"),
    "nested part of a global": Trap(
        "state = {'k': [1]}\ndef getk():\n    return state['k']",
        "s = state['k']\ns.append(2)\nassert getk() == [1, 2] and getk() is s\ngetk().append(3)\nassert state == {'k': [1, 2, 3]} and s == [1, 2, 3]",
    ),
    "derived class": Trap("class P:\n    def f(self):\n        return 1", "class Q(P):\n    pass\nassert Q().f() == 1"),
    "current axes": Trap(
        "import matplotlib.pyplot as plt\ndef draw():\n    plt.plot([1, 2])",
        "import matplotlib.pyplot as plt\ndraw()\nassert len(plt.gca().lines) == 1",
    ),
    "class body": Trap(
        "limit = 7\ndef f(x):\n    return x", "class T:\n    high = limit\n    low = f(1)\nassert T.high == 7 and T.low == 1"
    ),
    "in globals": Trap(
        "answer = 42",
        "assert 'answer' in globals() and 'other' not in globals()\nassert globals()['answer'] == 42\nassert 'answer' in dir()",
    ),
    "unittest": Trap(
        "def f(x):\n    return x",
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(2), 2)\nr = unittest.TextTestRunner(stream=__import__('io').StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\nassert r.wasSuccessful() and r.testsRun == 1",
    ),
    "comprehension": Trap(
        "xs = [1, 2, 3]\ndef f(x):\n    return x + 1",
        "assert [f(x) for x in xs] == [2, 3, 4]\nassert all(f(x) > x for x in xs)\nassert {x: f(x) for x in xs}[1] == 2",
    ),
    "context manager": Trap(
        "from contextlib import contextmanager\n@contextmanager\ndef ctx():\n    yield 3", "with ctx() as v:\n    assert v == 3"
    ),
    "property and method": Trap(
        "class C:\n    def __init__(self, r):\n        self.r = r\n    @property\n    def area(self):\n        return self.r ** 2\n    def grow(self):\n        self.r += 1",
        "c = C(2)\nassert c.area == 4\nc.grow()\nassert c.r == 3 and hasattr(c, 'grow') and not hasattr(c, 'shrink')",
    ),
    "object identity in a list": Trap("class X:\n    pass\nx = X()\nitems = [0, x]", "assert items == [0, x] and x in items"),
    "library names of the solution": Trap(
        "import numpy as np\nfrom math import sqrt\nv = np.array([4.0])", "assert np.allclose(v, [4.0]) and sqrt(4) == 2"
    ),
}
"""What must be given full marks, sealed."""

UNSEALED = {
    "own equality": Trap(
        "class V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return self.x == o.x\ndef make(x):\n    return V(x)",
        "assert make(1) == make(1) and not make(1) == make(2)",
    ),
    "own addition": Trap(
        "class V:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, o):\n        return V(self.x + o.x)",
        "assert (V(1) + V(2)).x == 3",
    ),
    "own equality in a list": Trap(
        "class V:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, o):\n        return self.x == o.x",
        "assert V(1) in [V(1)]",
    ),
}
"""What passes by the learner's own operators: full marks, and said."""

REFUSED = {
    "derived class with a class method": Trap(
        "class P:\n    def f(self):\n        return 1",
        "class Q(P):\n    @classmethod\n    def make(cls):\n        return cls()\nassert Q.make().f() == 1",
    ),
    "program started by the test": Trap(
        "def f():\n    return 1",
        "import subprocess, sys\nassert subprocess.run([sys.executable, '-c', 'pass']).returncode == 0 and f() == 1",
    ),
}
"""What cannot be examined from another process yet: it fails, so it goes to a person."""
