"""Tests of the learner's own classes and functions, each with an answer that is right and one that is not."""

from __future__ import annotations

from tests.autograder.sealed.traps import Trap

POINT = "class Point:\n    '''A point.'''\n    count = 0\n    def __init__(self, x, y=0):\n        self.x, self.y = x, y\n        Point.count += 1\n    @classmethod\n    def origin(cls):\n        return cls(0)\n    @staticmethod\n    def dim():\n        return 2\n    @property\n    def norm(self):\n        return (self.x ** 2 + self.y ** 2) ** 0.5\n"
WRONG = "class Point:\n    def __init__(self, x, y=0):\n        self.x = self.y = None\n    @classmethod\n    def origin(cls):\n        return None\n"

TRAPS = {
    "type is": Trap(POINT, "p = Point(1)\nassert type(p) is Point and type(p) == Point and p.__class__ is Point and type(p) != int\nassert type(p).__name__ == 'Point' and p.__class__.__name__ == 'Point'\nassert p.x == 1", wrong=WRONG),
    "isinstance and issubclass": Trap(
        f"{POINT}class Dot(Point):\n    pass",
        "d = Dot(1)\nassert isinstance(d, Point) and isinstance(d, Dot) and isinstance(d, object) and isinstance(d, (int, Point))\nassert issubclass(Dot, Point) and issubclass(Dot, (int, Point)) and not issubclass(Point, Dot) and not isinstance(Point(1), Dot)\nassert Dot.__bases__ == (Point,) and Dot.__name__ == 'Dot' and Dot.mro()[1] is Point",
        wrong=f"{POINT}class Dot:\n    def __init__(self, x):\n        pass",
    ),
    "subclass of the instructor's": Trap(
        "class Square(Shape):\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2",
        "s = Square(3)\nassert isinstance(s, Shape) and type(s) is Square and s.area() == 9\nassert total([s, Square(1)]) == 10",
        "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\ndef total(shapes):\n    return sum(s.area() for s in shapes)",
        wrong="class Square:\n    def __init__(self, a):\n        self.a = a\n    def area(self):\n        return self.a ** 2",
    ),
    "class members": Trap(POINT, "assert Point.count == 0\np = Point.origin()\nassert type(p) is Point and p.x == 0 and Point.dim() == 2 and Point.count == 1 and p.norm == 0\nassert isinstance(vars(p), dict) and vars(p) == {'x': 0, 'y': 0} and p.__dict__ == {'x': 0, 'y': 0}", wrong=WRONG),
    "hasattr, callable, getattr": Trap(POINT, "assert hasattr(Point, 'origin') and not hasattr(Point, 'nothing') and callable(Point) and callable(Point.origin)\nassert getattr(Point(4), 'x') == 4 and getattr(Point(4), 'z', 9) == 9 and not callable(Point(1))", wrong=WRONG),
    "unbound method": Trap(POINT + "    def twice(self):\n        return self.x * 2", "p = Point(3)\nassert Point.twice(p) == 6\nm = p.twice\np.x = 5\nassert m() == 10 and m.__self__ is p and m.__name__ == 'twice'", wrong=WRONG),
    "simple class derived in a test": Trap(
        "class Animal:\n    def __init__(self, name):\n        self.name = name\n    def speak(self):\n        raise NotImplementedError\n    def intro(self):\n        return self.name + ' says ' + self.speak()",
        "class Cat(Animal):\n    legs = 4\n    def speak(self):\n        return 'meow'\nc = Cat('Tom')\nassert c.intro() == 'Tom says meow' and isinstance(c, Animal) and isinstance(c, Cat) and c.legs == 4 and issubclass(Cat, Animal)",
        wrong="class Animal:\n    def __init__(self, name):\n        self.name = name\n    def intro(self):\n        return self.name",
    ),
    "test's class derived from the instructor's": Trap(
        "def describe(shapes):\n    return [s.name() + str(isinstance(s, Shape)) for s in shapes]",
        "class Dot(Shape):\n    def name(self):\n        return 'dot'\nassert describe([Dot()]) == ['dotTrue']",
        "class Shape:\n    def name(self):\n        return 'shape'",
        wrong="def describe(shapes):\n    return ['dot' for s in shapes]",
    ),
    "data class": Trap(
        "from dataclasses import dataclass, field\n@dataclass\nclass Item:\n    name: str\n    price: float = 1.0\n    tags: list = field(default_factory=list)",
        "import dataclasses\ni = Item('a', 2.0)\nassert dataclasses.is_dataclass(Item) and dataclasses.is_dataclass(i)\nassert dataclasses.asdict(i) == {'name': 'a', 'price': 2.0, 'tags': []}\nassert [f.name for f in dataclasses.fields(Item)] == ['name', 'price', 'tags']\nassert dataclasses.replace(i, name='b').name == 'b' and 'Item' in repr(i)\ni.tags.append(1)\nassert i.tags == [1]",
        wrong="class Item:\n    def __init__(self, name, price=1.0):\n        self.name, self.price, self.tags = name, price, []",
    ),
    "enumeration": Trap(
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\ndef best():\n    return Color.RED",
        "assert best() is Color.RED and best() == Color.RED and best() != Color.BLUE and Color.RED.name == 'RED' and Color(2) is Color.BLUE and Color['RED'].value == 1\nassert [c.name for c in Color] == ['RED', 'BLUE'] and len(Color) == 2 and isinstance(best(), Color)",
        wrong="from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\ndef best():\n    return Color.BLUE",
    ),
    "typed named tuple": Trap(
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 0",
        "p = P(1)\nassert p == (1, 0) and p.y == 0 and isinstance(p, tuple) and p._asdict() == {'x': 1, 'y': 0}\nx, y = p\nassert (x, y) == (1, 0)",
        wrong="def P(x):\n    return [x, 0]",
    ),
    "iterator class": Trap(
        "class Count:\n    def __init__(self, n):\n        self.n, self.i = n, 0\n    def __iter__(self):\n        return self\n    def __next__(self):\n        if self.i >= self.n:\n            raise StopIteration\n        self.i += 1\n        return self.i",
        "from collections.abc import Iterable, Iterator\nc = Count(3)\nassert isinstance(c, Iterable) and isinstance(c, Iterator) and list(c) == [1, 2, 3]\nassert sum(Count(2)) == 3 and max(Count(4)) == 4 and [a for a, _ in zip(Count(2), 'xy')] == [1, 2]",
        wrong="def Count(n):\n    return list(range(n))",
    ),
    "sequence class": Trap(
        "class Deck:\n    def __init__(self):\n        self.cards = ['a', 'b', 'c']\n    def __len__(self):\n        return len(self.cards)\n    def __getitem__(self, i):\n        return self.cards[i]\n    def __setitem__(self, i, v):\n        self.cards[i] = v\n    def __delitem__(self, i):\n        del self.cards[i]",
        "d = Deck()\nassert len(d) == 3 and d[0] == 'a' and d[-1] == 'c' and d[:2] == ['a', 'b'] and list(d) == ['a', 'b', 'c'] and sorted(d, reverse=True)[0] == 'c'\nd[0] = 'z'\ndel d[1]\nassert d.cards == ['z', 'c']",
        wrong="class Deck:\n    def __init__(self):\n        self.cards = ['a']\n    def __len__(self):\n        return 3\n    def __getitem__(self, i):\n        return 'a'",
    ),
    "context manager class": Trap(
        "class Ctx:\n    def __enter__(self):\n        self.log = ['in']\n        return self\n    def __exit__(self, kind, value, trace):\n        self.log.append(kind.__name__ if kind else 'out')\n        return kind is ValueError",
        "with Ctx() as c:\n    assert c.log == ['in']\nassert c.log == ['in', 'out']\nwith Ctx() as c:\n    raise ValueError('x')\nassert c.log == ['in', 'ValueError']",
        wrong="class Ctx:\n    def __enter__(self):\n        self.log = []\n        return self\n    def __exit__(self, *a):\n        return True",
    ),
    "callable class": Trap("class Adder:\n    def __init__(self, n):\n        self.n = n\n    def __call__(self, x):\n        return x + self.n", "a = Adder(2)\nassert a(3) == 5 and callable(a) and list(map(a, [1, 2])) == [3, 4]", wrong="class Adder:\n    def __init__(self, n):\n        pass\n    def __call__(self, x):\n        return x"),
    "formatting": Trap("class M:\n    def __init__(self, v):\n        self.v = v\n    def __str__(self):\n        return f'{self.v} EUR'\n    def __repr__(self):\n        return f'M({self.v})'", "m = M(3)\nassert str(m) == '3 EUR' and repr(m) == 'M(3)' and f'{m}' == '3 EUR' and '{!r}'.format(m) == 'M(3)' and '%s' % m == '3 EUR' and repr([m]) == '[M(3)]'", wrong="class M:\n    def __init__(self, v):\n        pass"),
    "own exceptions in a family": Trap(
        "class BankError(Exception):\n    pass\nclass Poor(BankError):\n    def __init__(self, need, have):\n        super().__init__(f'need {need}')\n        self.need, self.have = need, have\n    def missing(self):\n        return self.need - self.have\ndef pay():\n    raise Poor(5, 3)",
        "try:\n    pay()\nexcept BankError as e:\n    assert type(e).__name__ == 'Poor' and e.need == 5 and e.missing() == 2 and str(e) == 'need 5' and isinstance(e, Poor)\nelse:\n    assert False\nassert issubclass(Poor, BankError) and issubclass(Poor, Exception) and not issubclass(BankError, Poor)\ntry:\n    raise Poor(1, 0)\nexcept Poor as e:\n    assert e.have == 0",
        wrong="class BankError(Exception):\n    pass\nclass Poor(BankError):\n    pass\ndef pay():\n    raise Poor(5, 3)",
    ),
    "cause of an exception": Trap(
        "def load(t):\n    try:\n        return int(t)\n    except ValueError as e:\n        raise RuntimeError('bad') from e",
        "try:\n    load('x')\nexcept RuntimeError as e:\n    assert isinstance(e.__cause__, ValueError) and e.args == ('bad',)\nelse:\n    assert False",
        wrong="def load(t):\n    try:\n        return int(t)\n    except ValueError as e:\n        raise RuntimeError('bad')",
    ),
    "exception returned": Trap("def check(x):\n    return ValueError('no') if x < 0 else None", "e = check(-1)\nassert isinstance(e, ValueError) and str(e) == 'no' and check(1) is None", wrong="def check(x):\n    return 'no'"),
    "own value in a container": Trap(f"{POINT}pts = {{'a': [Point(1)], 'f': lambda x: x + 1}}\ndef get():\n    return pts", "assert get()['a'][0].x == 1 and get()['f'](1) == 2 and isinstance(get()['a'][0], Point)\nassert get()['a'][0] is get()['a'][0]", wrong="def get():\n    return {'a': [1], 'f': lambda x: x}\nclass Point:\n    pass"),
    "attribute mocked": Trap("class S:\n    def fetch(self):\n        return 1\n    def run(self):\n        return self.fetch() + 1", "from unittest.mock import Mock\ns = S()\ns.fetch = Mock(return_value=41)\nassert s.run() == 42\ns.fetch.assert_called_once_with()", wrong="class S:\n    def fetch(self):\n        return 1\n    def run(self):\n        return 2"),
    "copies": Trap(f"{POINT}", "import copy\np = Point(1)\nq = copy.copy(p)\nq.x = 9\nassert p.x == 1 and q.x == 9 and type(q) is Point\nr = copy.deepcopy([p])[0]\nassert r.x == 1 and r is not p", wrong=WRONG),
    "structural pattern": Trap("def kind(x):\n    return {'kind': type(x).__name__, 'v': [x]}", "match kind(3):\n    case {'kind': 'int', 'v': [v]}:\n        assert v == 3\n    case _:\n        assert False", wrong="def kind(x):\n    return {}"),
    "abstract class of the answer": Trap(
        "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self):\n        return 1",
        "import inspect\ntry:\n    A()\nexcept TypeError:\n    pass\nelse:\n    assert False\nassert B().f() == 1 and issubclass(B, A) and isinstance(B(), A) and inspect.isabstract(A)",
        wrong="class A:\n    def f(self): ...\nclass B(A):\n    def f(self):\n        return 1",
    ),
}  # fmt: skip
