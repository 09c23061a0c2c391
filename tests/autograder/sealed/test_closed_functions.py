"""Which functions cannot leave a trace: those that may be called where no test has called them."""

from __future__ import annotations

import types
from typing import Any

import pytest

from autograder.sealed.closed_functions import built_in_names, is_closed, is_immutable

CLOSED = {
    "arithmetic": "def f(x):\n    return x * x - 2",
    "locals that change": "def f(n):\n    found = []\n    for k in range(n):\n        found.append(k)\n    found[0] = 3\n    return sum(found)",
    "recursion": "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)",
    "another closed function": "def g(x):\n    return abs(x)\ndef f(x):\n    return g(x) + h(x)\ndef h(x):\n    return x",
    "an inner function": "def f(x):\n    total = 0\n    def add(n):\n        nonlocal total\n        total += n\n    add(x)\n    return total + sum(k for k in range(x))",
    "constants": "limit = 3\nnames = ('a', (1, 2))\ndef f(x, y=5):\n    return x > limit or names[0]",
    "math": "import math\nfrom math import sqrt\ndef f(x):\n    return math.sin(x) + sqrt(2)",
    "numpy": "import numpy as np\ndef f(x):\n    return np.sqrt(x) * np.pi",
    "raising": "def f(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x",
    "text": "def f(x):\n    return ', '.join(str(x).split('a')).upper()",
}
OPEN = {
    "a global counter": "count = 0\ndef f(x):\n    global count\n    count += 1\n    return x",
    "a global list": "seen = []\ndef f(x):\n    seen.append(x)\n    return x",
    "a list in a tuple": "seen = ([],)\ndef f(x):\n    seen[0].append(x)\n    return x",
    "a default that changes": "def f(x, seen=[]):\n    seen.append(x)\n    return x",
    "a keyword's default that changes": "def f(x, *, seen={}):\n    seen[x] = 1\n    return x",
    "its own attribute": "def f(x):\n    f.count = 1\n    return x",
    "its own attribute's contents": "def f(x):\n    f.seen.append(x)\n    return x\nf.seen = []",
    "a closure": "def made():\n    seen = []\n    def f(x):\n        seen.append(x)\n        return x\n    return f\nf = made()",
    "a helper that is not closed": "seen = []\ndef g(x):\n    seen.append(x)\ndef f(x):\n    g(x)\n    return x",
    "an inner function that is not": "seen = []\ndef f(x):\n    return [seen.append(k) for k in range(x)]",
    "printing": "def f(x):\n    print(x)\n    return x",
    "a name of Python's own with another meaning": "seen = []\nabs = seen.append\ndef f(x):\n    return abs(x)",
    "globals": "def f(x):\n    globals()['y'] = x\n    return x",
    "names behind names": "def f(x):\n    return f.__globals__",
    "importing": "def f(x):\n    import random\n    return x",
    "random numbers": "import random\ndef f(x):\n    return random.random()",
    "numpy's random numbers": "import numpy as np\ndef f(x):\n    return np.random.rand()",
    "numpy itself": "import numpy as np\ndef f(x):\n    lib = np\n    return lib.random.rand()",
    "an iterator": "turn = iter([1, 2])\ndef f(x):\n    return next(turn)",
    "a class": "class C:\n    n = 0\ndef f(x):\n    C.n += 1\n    return x",
    "a generator": "def f(x):\n    yield x",
    "a cache": "import functools\n@functools.cache\ndef f(x):\n    return x",
    "files": "def f(x):\n    return open('a').read()",
    "no function": "f = 5",
    "a method": "class C:\n    def m(self, x):\n        return x\nf = C().m",
    "text that is run": "def f(x):\n    return eval('x')",
    "a class of its own": "def f(x):\n    class C:\n        pass\n    return x",
}  # fmt: skip


def made(source: str) -> Any:
    """Return the function that a source defines."""
    names: dict[str, Any] = {}
    exec(source, names)
    return names["f"]


@pytest.mark.parametrize("source", CLOSED.values(), ids=CLOSED)
def test_a_function_that_reaches_nothing_that_lasts_is_closed(source: str) -> None:
    assert is_closed(made(source))


@pytest.mark.parametrize("source", OPEN.values(), ids=OPEN)
def test_a_function_that_may_leave_a_trace_is_not(source: str) -> None:
    assert not is_closed(made(source))


def test_a_function_is_looked_at_anew_when_what_it_reaches_has_changed() -> None:
    names: dict[str, Any] = {}
    exec("limit = 3\ndef f(x):\n    return x, limit", names)
    assert is_closed(names["f"])
    names["limit"] = []
    assert not is_closed(names["f"])


def test_only_functions_of_pythons_own_make_a_key_that_lasts() -> None:
    assert built_in_names(lambda x: -abs(x)) == frozenset({"abs"})
    assert built_in_names(made("limit = 3\ndef f(x):\n    return x > limit")) is None
    assert built_in_names(made("import math\ndef f(x):\n    return math.sin(x)")) is None
    assert built_in_names(types.SimpleNamespace()) is None


def test_what_holds_something_that_changes_is_not_immutable() -> None:
    assert [is_immutable(each) for each in ((1, "a", (None,)), frozenset({1}), (1, [2]), [1], object())] == [
        True,
        True,
        False,
        False,
        False,
    ]
