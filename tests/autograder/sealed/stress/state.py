"""Tests of names, aliases, files and random numbers, each with an answer that is right and one that is not."""

from __future__ import annotations

from tests.autograder.sealed.traps import Trap

TRAPS = {
    "last result of the answer cell": Trap(
        "rest = 17 % n\nrest + 0", "assert _ == 3", "n = 7\nn",
        wrong="rest = 17 // n\nrest + 0",
    ),
    "last result that is an array": Trap(
        "import numpy as np\nnp.arange(6).reshape(2, 3)[:, 0]", "assert _.shape == (2,) and (_ == [0, 3]).all()",
        wrong="import numpy as np\nnp.arange(6).reshape(2, 3)[0]",
    ),
    "kept default is the returned list": Trap(
        "def add(x, l=[]):\n    l.append(x)\n    return l",
        "l = add(3)\nl.append(99)\nassert add(4) == [3, 99, 4]\nassert l == [3, 99, 4]",
        wrong="def add(x, l=[]):\n    l.append(x)\n    return list(l)",
    ),
    "state looked up before it changes": Trap(
        "state = {'k': 0}\ndef setk():\n    state['k'] += 1", "s = state\nsetk()\nsetk()\nassert s['k'] == 2 and s is state",
        wrong="state = {'k': 0}\ndef setk():\n    global state\n    state = {'k': state['k'] + 1}",
    ),
    "state by a function": Trap(
        "state = {}\ndef getstate():\n    return state\ndef size():\n    return len(state)",
        "getstate()['z'] = 1\nassert size() == 1 and getstate() is state and state == {'z': 1}",
        wrong="state = {}\ndef getstate():\n    return dict(state)\ndef size():\n    return len(state)",
    ),
    "cache that hands out its list": Trap(
        "import functools\n@functools.lru_cache\ndef table(n):\n    return [0] * n",
        "t = table(3)\nt[0] = 5\nassert table(3) == [5, 0, 0] and table(3) is t\nassert table.cache_info().hits == 2",
        wrong="def table(n):\n    return [0] * n",
    ),
    "grid of one row": Trap(
        "def grid():\n    row = [0]\n    return [row, row]\nkept = grid()\ndef get():\n    return kept",
        "g = get()\ng[0].append(1)\nassert g == [[0, 1], [0, 1]] and get()[1] is g[0]",
        wrong="kept = [[0], [0]]\ndef get():\n    return kept",
    ),
    "list that holds itself": Trap(
        "def knot():\n    l = [1]\n    l.append(l)\n    return l", "k = knot()\nassert k[1] is k and k[1][1][0] == 1",
        wrong="def knot():\n    return [1, [1]]",
    ),
    "argument kept by the answer": Trap(
        "kept = []\ndef keep(l):\n    kept.append(l)\ndef total():\n    return sum(map(sum, kept))",
        "l = [1]\nkeep(l)\nl.append(5)\nassert total() == 6",
        wrong="kept = []\ndef keep(l):\n    kept.append(list(l))\ndef total():\n    return sum(map(sum, kept))",
    ),
    "array kept by an object": Trap(
        "import numpy as np\nclass Box:\n    def __init__(self, a):\n        self.a = a\n    def zero(self):\n        self.a[:] = 0",
        "import numpy as np\na = np.ones(3)\nb = Box(a)\nb.zero()\nassert a.sum() == 0 and b.a is a\na[0] = 7\nassert b.a[0] == 7",
        wrong="import numpy as np\nclass Box:\n    def __init__(self, a):\n        self.a = a.copy()\n    def zero(self):\n        self.a[:] = 0",
    ),
    "twin of the instructor's class stays one": Trap(
        "people = []\ndef enrol(p):\n    people.append(p)\n    p.n += 1\ndef first():\n    return people[0]",
        "p = Person()\nenrol(p)\nassert p.n == 1\np.n = 10\nassert first().n == 10 and first() is p",
        "class Person:\n    def __init__(self):\n        self.n = 0",
        wrong="import copy\npeople = []\ndef enrol(p):\n    people.append(copy.copy(p))\ndef first():\n    return people[0]",
    ),
    "deleted at module level": Trap(
        "def helper(n):\n    return n\ndef f(n):\n    return helper(n)",
        "del helper\ntry:\n    f(1)\nexcept NameError:\n    pass\nelse:\n    raise AssertionError('helper is not used')",
        wrong="def helper(n):\n    return n\ndef f(n):\n    return n",
    ),
    "sum_of_squares_uses_squares": Trap(
        "def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]\ndef sum_of_squares(n):\n    return sum(squares(n))",
        "orig_squares = squares\ndel squares\ntry:\n    sum_of_squares(1)\nexcept NameError:\n    pass\nelse:\n    raise AssertionError('sum_of_squares does not use squares')\nfinally:\n    squares = orig_squares\nassert sum_of_squares(2) == 5",
        wrong="def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]\ndef sum_of_squares(n):\n    return sum(i ** 2 for i in range(n + 1))",
    ),
    "global set in a test's function": Trap(
        "rate = 2\ndef f(x):\n    return rate * x",
        "def with_rate(r):\n    global rate\n    rate = r\n    return f(1)\nassert with_rate(5) == 5 and f(2) == 10 and rate == 5",
        wrong="rate = 2\ndef f(x):\n    return 2 * x",
    ),
    "class body that reads the learner's names": Trap(
        "limit = 7\nxs = [1, 2]", "class T:\n    high = limit\n    low = min(xs)\n    both = [x for x in xs]\nassert (T.high, T.low, T.both) == (7, 1, [1, 2])",
        wrong="limit = 8\nxs = [1, 2]",
    ),
    "nested functions and comprehensions": Trap(
        "def f(x):\n    return x + 1\nxs = [1, 2]",
        "def outer():\n    def inner():\n        return [f(y) for y in xs for _ in xs]\n    return inner()\nassert outer() == [2, 2, 3, 3]\nassert (lambda: {f(x) for x in xs})() == {2, 3}",
        wrong="def f(x):\n    return x\nxs = [1, 2]",
    ),
    "in globals, locals, dir and vars": Trap(
        "answer = 1", "assert 'answer' in globals() and 'answer' in locals() and 'answer' in dir() and 'answer' in vars()\nassert 'nothing' not in globals() and globals().get('nothing') is None",
    ),
    "fixed seed": Trap(
        "import numpy as np\ndef noise(n):\n    return np.random.normal(size=n)",
        "import numpy as np\nnp.random.seed(3)\na = noise(700)\nb = np.random.rand()\nnp.random.seed(3)\nassert np.array_equal(a, np.random.normal(size=700)) and b == np.random.rand()",
        wrong="import numpy as np\ndef noise(n):\n    return np.zeros(n)",
    ),
    "seed of the answer's own": Trap(
        "import random\nrandom.seed(5)\ndef draw():\n    return random.randint(0, 10 ** 9)",
        "import random\nfirst = draw()\nassert first == random.Random(5).randint(0, 10 ** 9)",
        wrong="import random\nrandom.seed(6)\ndef draw():\n    return random.randint(0, 10 ** 9)",
    ),
    "generator of numpy": Trap(
        "def draw(rng):\n    return rng.integers(0, 100, 5)",
        "import numpy as np\nrng = np.random.default_rng(1)\na = draw(rng)\nb = rng.random()\nother = np.random.default_rng(1)\nassert a.tolist() == other.integers(0, 100, 5).tolist() and b == other.random()",
        wrong="def draw(rng):\n    return rng.integers(0, 99, 6)",
    ),
    "data drawn before": Trap(
        "def mean(xs):\n    return sum(xs) / len(xs)", "import numpy as np\nxs = np.random.rand(50)\nassert abs(mean(xs) - xs.mean()) < 1e-9",
        wrong="def mean(xs):\n    return 0.5",
    ),
    "file that the answer writes": Trap(
        "def save(text):\n    with open('out.txt', 'w') as f:\n        f.write(text)",
        "import os\nassert not os.path.exists('out.txt')\nsave('hi')\nassert os.path.exists('out.txt')\nassert open('out.txt').read() == 'hi'\nsave('ho')\nassert open('out.txt').read() == 'ho'",
        wrong="def save(text):\n    with open('out.txt', 'w') as f:\n        f.write('x')",
    ),
    "table written by the answer cell": Trap(
        "import pandas as pd\npd.DataFrame({'a': [1, 2]}).to_csv('t.csv', index=False)",
        "import pandas as pd\nassert pd.read_csv('t.csv')['a'].tolist() == [1, 2]",
        wrong="import pandas as pd\npd.DataFrame({'a': [1, 3]}).to_csv('t.csv', index=False)",
    ),
    "file that the test writes": Trap(
        "def count(path):\n    with open(path) as f:\n        return len(f.readlines())",
        "with open('in.txt', 'w') as f:\n    f.write('a\\nb\\n')\nassert count('in.txt') == 2",
        wrong="def count(path):\n    return 3",
    ),
}  # fmt: skip
