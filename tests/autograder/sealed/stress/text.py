"""Tests that look at text, source and signature, each with an answer that is right and one that is not."""

from __future__ import annotations

from tests.autograder.sealed.traps import Trap

TRAPS = {
    "source of a function": Trap(
        "import math\n\ndef area(r):\n    '''The area.'''\n    # a comment\n    return math.pi * r ** 2\n",
        "import inspect\ns = inspect.getsource(area)\nassert s.startswith('def area') and '# a comment' in s and 'for' not in s and s.endswith('\\n')\nassert inspect.getsourcelines(area)[0][0] == 'def area(r):\\n'\nassert area.__doc__ == 'The area.' and inspect.getdoc(area) == 'The area.' and area.__name__ == 'area'",
        wrong="def area(r):\n    for i in range(3):\n        pass",
    ),
    "source of a method": Trap(
        "class P:\n    def __init__(self, x):\n        self.x = x\n    def twice(self):\n        return self.x * 2",
        "import inspect\np = P(1)\nassert 'self.x = x' in inspect.getsource(p.__init__) and 'self.x * 2' in inspect.getsource(P.twice)\nassert inspect.isclass(P) and inspect.isfunction(P.twice) and inspect.ismethod(p.twice) and not inspect.isfunction(p)",
        wrong="class P:\n    def __init__(self, x):\n        pass\n    def twice(self):\n        return 2",
    ),
    "signature": Trap(
        "def f(a, b: int = 2, *rest, key=None, **more) -> float:\n    return 1.0",
        "import inspect\ns = inspect.signature(f)\nassert list(s.parameters) == ['a', 'b', 'rest', 'key', 'more'] and s.parameters['b'].default == 2 and s.return_annotation is float\nassert s.parameters['b'].annotation is int and f.__annotations__ == {'b': int, 'return': float}\nspec = inspect.getfullargspec(f)\nassert spec.args == ['a', 'b'] and spec.varargs == 'rest' and spec.kwonlyargs == ['key'] and f.__defaults__ == (2,)",
        wrong="def f(a, b):\n    return 1.0",
    ),
    "code of a function": Trap(
        "def f(a, b):\n    total = a + b\n    return total",
        "assert f.__code__.co_argcount == 2 and f.__code__.co_varnames == ('a', 'b', 'total') and f.__code__.co_name == 'f'",
        wrong="def f(a):\n    return a",
    ),
    "kinds of function": Trap(
        "async def later():\n    return 1\ndef gen():\n    yield 1\nsquare = lambda x: x * x",
        "import inspect\nassert inspect.iscoroutinefunction(later) and inspect.isgeneratorfunction(gen) and inspect.isfunction(square) and square.__name__ == '<lambda>' and callable(gen)",
        wrong="def later():\n    return 1\ndef gen():\n    return [1]\nsquare = 1",
    ),
    "text of the answer run": Trap(
        "program = 'result = []\\nfor i in range(3):\\n    result.append(i)'", "ns = {}\nexec(program, ns)\nassert ns['result'] == [0, 1, 2]", wrong="program = 'result = [1]'"
    ),
    "text of the answer evaluated": Trap("formula = '2 * x + 1'\nx = 4", "assert eval(formula) == 9\nassert eval(formula, {'x': 5}) == 11", wrong="formula = 'x'\nx = 9"),
    "text of the answer compiled": Trap(
        "program = 'def g(n):\\n    return n + 1'", "code = compile(program, 'p', 'exec')\nns = {}\nexec(code, ns)\nassert ns['g'](2) == 3", wrong="program = 'g = 3'"
    ),
    "tree of the answer's text": Trap(
        "def f(xs):\n    return [x for x in xs]",
        "import ast, inspect\nt = ast.parse(inspect.getsource(f))\nassert any(isinstance(n, ast.ListComp) for n in ast.walk(t)) and not any(isinstance(n, ast.For) for n in ast.walk(t))",
        wrong="def f(xs):\n    r = []\n    for x in xs:\n        r.append(x)\n    return r",
    ),
    "source run again": Trap(
        "def f(n):\n    return n * 3", "import inspect\nns = {}\nexec(inspect.getsource(f), ns)\nassert ns['f'](2) == 6", wrong="def f(n):\n    return n * 2"
    ),
    "cell run before": Trap("def f(n):\n    return n * 3", "assert 'n * 3' in In[-2] and '_ih' in dir()\nexec(In[-2])\nassert f(1) == 3", wrong="def f(n):\n    return 3 * n"),
    "own text of the test": Trap("def f(n):\n    return n + 1", "exec('a = f(1)')\nassert a == 2 and eval('f(2) + a') == 5\nfor n in range(3):\n    assert eval(f'f({n})') == n + 1", wrong="def f(n):\n    return n"),
    "query of the answer": Trap(
        "q = 'a > 1 and b == \"x\"'", "import pandas as pd\nd = pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'x', 'y']})\nassert d.query(q)['a'].tolist() == [2]", wrong="q = 'a > 5'"
    ),
}  # fmt: skip
