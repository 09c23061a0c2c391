"""The instructor's modules beside the notebook: tests use their own copy, whose classes are the learner's too, and see what the learner's code did with its copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.jobs import GradedCell
from autograder.sealed.grading import grade_sealed
from autograder.sealed.module_state import read_module
from tests.autograder.sealed.examination import Desk

GEOMETRY = """
import enum
PI = 3.0
TOLERANCE = 1e-6
calls = 0
log = []
_cache = {}
class Shape:
    def area(self):
        raise NotImplementedError
class Point:
    def __init__(self, x, y=0):
        self.x, self.y = x, y
    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)
    __hash__ = None
class Color(enum.Enum):
    RED = 1
    BLUE = 2
def close(a, b):
    return abs(a - b) < TOLERANCE
def convert(x):
    global calls
    calls += 1
    log.append(x)
    return x * 2
def how_often():
    '''How often.'''
    return calls
def expected(n):
    if n not in _cache:
        _cache[n] = n * n
    return _cache[n]
"""
SOLUTION = """
import geometry
from geometry import Shape, Point, Color, close, convert, expected
class Square(Shape):
    def __init__(self, a):
        self.a = a
    def area(self):
        return self.a ** 2
def middle(p, q):
    p.x += 0
    return Point((p.x + q.x) / 2, (p.y + q.y) / 2)
def best():
    return Color.BLUE
def largest(xs):
    return max(convert(x) for x in xs)
def square(n):
    return n * n
"""
SETUP = "import geometry\nfrom geometry import Shape, close"
TESTS = {
    "classes": "from geometry import Point\ns = Square(2)\nassert isinstance(s, Shape) and issubclass(Square, geometry.Shape) and Square.__bases__ == (Shape,) and close(s.area(), 4)\nclass Mine(Shape):\n    pass\nassert issubclass(Mine, Shape) and not isinstance(s, Mine)",
    "values": "a = geometry.Point(0, 2)\nm = middle(a, geometry.Point(2, 4))\nassert m == geometry.Point(1, 3) and type(m) is geometry.Point and m.x == 1 and [m] == [geometry.Point(1, 3)]",
    "enumeration": "assert best() is geometry.Color.BLUE and best() == Color.BLUE and best().name == 'BLUE'",
    "state": "geometry.calls = 0\nassert largest([1, 5, 2]) == 10\nassert geometry.calls == 3 and geometry.how_often() == 3 and geometry.log[-3:] == [1, 5, 2]\nlargest([1])\nfrom geometry import how_often\nassert how_often() == 4",
    "function": "assert close(square(3), geometry.expected(3)) and geometry.expected(4) == square(4)",
}  # fmt: skip
WRONG = {
    "classes": "class Square:\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2",
    "values": "import geometry\ndef middle(p, q):\n    return geometry.Point(p.x, p.y)",
    "enumeration": "import geometry\nfrom geometry import Color\ndef best():\n    return geometry.Color.RED",
    "state": "def largest(xs):\n    return 2 * max(xs)",
    "function": "import geometry\nfrom geometry import close\ndef square(n):\n    return n + n",
}
CHEATS = {
    "functions replaced": "import geometry\nclose = geometry.close = lambda a, b: True\ngeometry.expected = lambda n: n + n\nfrom geometry import expected\ndef square(n):\n    return n + n",
    "constants replaced": "import geometry\nfrom geometry import close\ngeometry.TOLERANCE = 1e9\ngeometry.PI = 0\ndef square(n):\n    return n + n",
    "cache filled": "import geometry\ngeometry._cache.update({n: n + n for n in range(99)})\ngeometry._cache = {n: n + n for n in range(99)}\ndef square(n):\n    return n + n",
    "module replaced": "import sys, types, geometry\nfake = types.ModuleType('geometry')\nfake.__dict__.update(vars(geometry), close=lambda a, b: True, expected=lambda n: n + n)\nsys.modules['geometry'] = geometry = fake\ndef square(n):\n    return n + n",
    "file written": "open('geometry.py', 'a').write('\\ndef close(a, b):\\n    return True\\ndef expected(n):\\n    return n + n\\n')\nimport geometry\nfrom geometry import close\ndef square(n):\n    return n + n",
    "comparison replaced": "import geometry\ngeometry.Point.__eq__ = lambda self, other: True\ndef middle(p, q):\n    return geometry.Point(7)\ndef square(n):\n    return n + n",
}  # fmt: skip
pytestmark = [pytest.mark.xdist_group("fork-server"), pytest.mark.slow]


def examine(desk: Desk, answer: str, test: str) -> GradedCell:
    job = desk.job(SOLUTION, answer, test, setup=SETUP)
    Path(job.source.folder, "geometry.py").write_text(GEOMETRY, encoding="utf-8")
    result = grade_sealed(job, desk.servers)
    assert result.status == "graded", result.reason
    return result.cells[0]


@pytest.mark.parametrize("name", TESTS)
def test_right_and_wrong_answers_are_told_apart_sealed(desk: Desk, name: str) -> None:
    right, wrong = (examine(desk, answer, TESTS[name]) for answer in (SOLUTION, WRONG[name]))
    assert (right.auto_score, right.is_sealed, right.note) == (2, True, None)
    assert (wrong.auto_score, wrong.is_sealed) == (0, True)


@pytest.mark.parametrize("answer", CHEATS.values(), ids=CHEATS)
def test_what_the_learner_makes_of_a_module_earns_nothing(desk: Desk, answer: str) -> None:
    for name in ("function", "values"):
        cell = examine(desk, answer, TESTS[name])
        assert not cell.auto_score


def test_state_is_what_functions_bind_as_global_or_change_in_place() -> None:
    found = read_module(GEOMETRY)
    assert found.state == {"calls", "log", "_cache"}
    assert found.getters == {"how_often": {"calls"}}
