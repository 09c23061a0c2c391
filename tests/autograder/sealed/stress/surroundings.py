"""Tests in the style of courses: unittest's assertions, captured output, annotations, abstract classes; each with an answer that is right and one that is not."""

from __future__ import annotations

from tests.autograder.sealed.traps import Trap

FAMILY = "class InputError(Exception):\n    pass\nclass TooLarge(InputError, ValueError):\n    pass\ndef check(x):\n    if x > 9:\n        raise TooLarge('too large')\n    if x < 0:\n        raise InputError('too small')\n    return x"
RETRY = "def retry(f, n, catch=Exception):\n    for _ in range(n):\n        try:\n            return f()\n        except catch as e:\n            last = e\n    raise last"

TRAPS = {
    "assertRaises of a class with two bases": Trap(
        FAMILY,
        "from unittest import TestCase\ntc = TestCase()\nwith tc.assertRaises(TooLarge) as context:\n    check(10)\nassert 'large' in str(context.exception)\ntc.assertRaisesRegex(ValueError, 'large', check, 11)\ntc.assertRaises(InputError, check, 12)\ntry:\n    check(-1)\nexcept ValueError:\n    assert False, 'an InputError is no ValueError'\nexcept InputError:\n    pass\nassert issubclass(TooLarge, ValueError) and not issubclass(InputError, ValueError) and TooLarge.__mro__.__len__() >= 4",
        wrong=FAMILY.replace("TooLarge(InputError, ValueError)", "TooLarge(InputError)"),
    ),
    "builtin exceptions under names of the answer": Trap(
        "InputError = TooLarge = AssertionError\nMissing = KeyError\ndef check(x):\n    raise KeyError(x)",
        "try:\n    check(1)\nexcept InputError:\n    assert False\nexcept Missing as e:\n    assert e.args == (1,)\nassert TooLarge is AssertionError and issubclass(Missing, LookupError)",
        wrong="InputError = TooLarge = AssertionError\nMissing = KeyError\ndef check(x):\n    raise ValueError(x)",
    ),
    "a test's own exception comes back as itself": Trap(
        RETRY,
        "class Special(Exception):\n    pass\nseen = []\ndef never():\n    seen.append(Special('always'))\n    raise seen[-1]\ntry:\n    retry(never, 2)\nexcept Special as e:\n    assert e is seen[1] and e.args == ('always',)\nelse:\n    assert False",
        wrong="def retry(f, n, catch=Exception):\n    try:\n        return f()\n    except Exception as e:\n        raise Exception(str(e))",
    ),
    "a test's exception class is caught by the answer": Trap(
        RETRY,
        "class Wanted(ValueError):\n    pass\nclass Other(Exception):\n    pass\nwent = []\ndef fails(kind):\n    def f():\n        went.append(kind)\n        raise kind('no')\n    return f\ntry:\n    retry(fails(Wanted), 3, catch=Wanted)\nexcept Wanted:\n    pass\ntry:\n    retry(fails(Other), 3, catch=Wanted)\nexcept Other:\n    pass\nassert went == [Wanted] * 3 + [Other]",
        wrong="def retry(f, n, catch=Exception):\n    for _ in range(n):\n        try:\n            return f()\n        except Exception as e:\n            last = e\n    raise last",
    ),
    "the answer's exception through a test's function": Trap(
        "class Stop(Exception):\n    pass\ndef inner():\n    raise Stop('now')\ndef outer(f):\n    try:\n        f()\n    except Stop as e:\n        return e.args[0]",
        "assert outer(lambda: inner()) == 'now'",
        wrong="class Stop(Exception):\n    pass\nclass Halt(Exception):\n    pass\ndef inner():\n    raise Halt('now')\ndef outer(f):\n    try:\n        f()\n    except Stop as e:\n        return e.args[0]",
    ),
    "captured output": Trap(
        "def stars(n):\n    for i in range(n):\n        print('*' * (i + 1))\nstars(2)",
        "%%capture captured\nstars(2)\nassert captured_before == 1\n".replace("assert captured_before == 1\n", "") + "r = stars(1)",
        wrong="def stars(n):\n    raise ValueError(n)",
    ),
    "abstract class of the set-up": Trap(
        "class Square(Shape):\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2\n    def __len__(self):\n        return 4",
        "from collections.abc import Sized, Iterator\nassert issubclass(Square, Shape) and issubclass(Square, (int, Shape)) and issubclass(Square, Sized) and not issubclass(Square, Iterator)\nassert isinstance(Square(1), Shape) and isinstance(Square(1), Sized) and Shape in Square.__bases__ and not issubclass(type(3), Shape)",
        "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...",
        wrong="class Square:\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2\n    def __len__(self):\n        return 4",
    ),
    "annotations": Trap(
        "from typing import Optional\nclass Node:\n    pass\ndef mean(values: list[float], start: Optional[int] = None, *, deep: 'int | None' = None) -> float:\n    return 1.0\ndef grow(n: Node) -> dict[str, Node]:\n    return {}",
        "from typing import Optional, get_type_hints, get_args\nassert mean.__annotations__['return'] is float and mean.__annotations__['values'] == list[float]\nassert mean.__annotations__['start'] == Optional[int] and mean.__annotations__['deep'] == 'int | None'\nassert get_type_hints(mean) == {'values': list[float], 'start': Optional[int], 'deep': int | None, 'return': float}\nassert grow.__annotations__['n'] is Node and get_args(grow.__annotations__['return']) == (str, Node)\nimport inspect\nassert inspect.signature(mean).parameters['values'].annotation == list[float]",
        wrong="class Node:\n    pass\ndef mean(values: list[int], start=None, *, deep=None) -> int:\n    return 1.0\ndef grow(n):\n    return {}",
    ),
    "annotations of a class": Trap(
        "from dataclasses import dataclass\nfrom typing import List\n@dataclass\nclass P:\n    x: float\n    tags: List[str]\n    def norm(self) -> float:\n        return self.x",
        "from typing import List, get_type_hints\nassert P.__annotations__ == {'x': float, 'tags': List[str]} and get_type_hints(P)['x'] is float\nassert P.norm.__annotations__ == {'return': float} and get_type_hints(P.norm)['return'] is float",
        wrong="class P:\n    x = 1.0\n    def norm(self):\n        return self.x",
    ),
    "names listed": Trap(
        "first = 1\ndef second():\n    return 2",
        "assert {'first', 'second'} <= set(globals()) and 'second' in [n for n in globals()] and 'first' in sorted(globals()) and 'first' in dir() and 'third' not in globals().keys()\nassert callable(globals()['second']) and second() == 2",
        wrong="first = 1\nthird = 3",
    ),
    "results of scipy": Trap(
        "from scipy import optimize, integrate, stats, interpolate\nroot = optimize.root_scalar(lambda t: t - 2, bracket=(0, 3))\nbest = optimize.minimize(lambda x: (x[0] - 1) ** 2, [0.0])\nspline = interpolate.CubicSpline([0, 1, 2], [0, 1, 4])\ndef solve():\n    return integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0])\ndef compare(a, b):\n    return stats.ttest_ind(a, b)",
        "import numpy as np\nassert root.converged and abs(root.root - 2) < 1e-6 and best.success and np.isclose(best.x[0], 1, atol=1e-3) and best['fun'] < 1e-6\nassert spline(1.0) == 1 and np.allclose(spline([0, 2]), [0, 4]) and solve().y.shape[0] == 1 and solve().success\nr = compare([1, 2, 3], [1, 2, 3])\nassert r.pvalue == 1 and r.statistic == 0 and r[1] == 1 and len(r) == 2\nt, p = compare([1, 2, 3], [4, 5, 7])\nassert p < 0.05",
        wrong="class R:\n    converged = success = True\n    root = 2\nroot = best = R()\nspline = lambda x: 1\ndef solve():\n    return R()\ndef compare(a, b):\n    return (0, 1)",
    ),
    "generator seeded anew at each call": Trap(
        "import numpy as np, random\ndef walk(n):\n    np.random.seed(None)\n    return [random.choice([-1, 1]) for _ in range(n)]",
        "import numpy as np\nnp.random.seed(3)\nends = [sum(walk(8)) for _ in range(60)]\nassert all(-8 <= e <= 8 for e in ends) and len(set(ends)) > 2",
        wrong="def walk(n):\n    return [0]",
    ),
}
"""By name."""
