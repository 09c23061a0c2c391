"""sympy by value: an expression is a table of rows, each the name of one of sympy's own classes and the rows of its arguments; the last row is the whole.

Rules:
1. A class is one of sympy's, found among those that this process's sympy has: nothing is imported, parsed or evaluated by what a row says, and no text is ever
   handed to a constructor that would read it as an expression. Texts are names of symbols and functions, nothing else.
2. Nothing is worked out on the way: what was left unevaluated arrives so, as far as the class allows it.
3. A `Dummy` is itself and no other. One that was handed over and comes back is the same; one of the other side's never equals one of this side's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograder.sealed.codec import DECODERS, FAMILIES, Decoder, Encode, Encoder, expect
from autograder.sealed.wire import Tree, WireError

_PACKAGES = ("calculus", "concrete", "core", "functions", "geometry", "integrals", "logic", "matrices", "series", "sets", "tensor")
_DOMAINS = ("ZZ", "QQ", "RR", "CC", "EX")
_MOST_DUMMIES, _LONGEST_NAME, _MOST_BITS = 100_000, 1000, 1 << 18


_MOST_POWERS = 100_000
"""sympy keeps a place for every power of a polynomial up to the highest."""


class _NoValueError(Exception):
    """Something in an expression is no part of sympy."""


class _Sympy:
    """The sympy of this process."""

    def __init__(self, sympy: Any) -> None:
        self.sympy = sympy
        self.basic, self.matrix = sympy.Basic, sympy.matrices.matrixbase.MatrixBase
        self.undefined, self.applied = sympy.core.function.UndefinedFunction, sympy.core.function.AppliedUndef
        self.lazy = (
            sympy.Add,
            sympy.Mul,
            sympy.Pow,
            sympy.core.relational.Relational,
            sympy.Function,
            sympy.logic.boolalg.BooleanFunction,
            sympy.Piecewise,
        )
        self.mine: dict[int, Any] = {}
        """Dummies that were handed over, by their index."""
        self.theirs: dict[int, Any] = {}
        """Dummies of the other side, by the index that they have there."""
        self.back: dict[Any, int] = {}
        self._classes: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._rebuilt: set[Any] = set()

    def class_of(self, name: str) -> Any:
        """Return the class of sympy's of this name.

        Raises:
            WireError: sympy has none, or it is no part of expressions.
        """
        if name not in self._classes:
            self._list_classes()
        if name not in self._classes:
            raise WireError("no class of sympy's that is known")
        return self._classes[name]

    def name_of(self, kind: type) -> str:
        """Return the name of one of sympy's classes.

        Raises:
            _NoValueError: it is none of them.
        """
        if kind not in self._names:
            self._list_classes()
        if kind not in self._names:
            raise _NoValueError
        return self._names[kind]

    def make(self, kind: Any, parts: Sequence[Any]) -> Any:
        """Return an expression of a class, with as little worked out as the class allows."""
        if not parts or not issubclass(kind, self.lazy):
            return kind(*parts)
        try:
            made = kind(*parts, evaluate=False)
        except TypeError:
            return kind(*parts)
        if getattr(made, "is_commutative", True) is None:  # what sympy works out with the value and not without
            evaluated = kind(*parts)
            return evaluated if evaluated.args == made.args else made
        return made

    def is_rebuilt(self, thing: Any) -> bool:
        """Whether `make` makes it again; tried for each class once, and always for what has no parts to tell it by."""
        kind = type(thing)
        if kind in self._rebuilt and thing.args:
            return True
        try:
            made = self.make(kind, thing.args)
        except Exception:  # noqa: BLE001 - whatever a constructor does not like
            return False
        if type(made) is not kind or made.args != thing.args or (not thing.args and made != thing):
            return False
        self._rebuilt.add(kind)
        return True

    def _list_classes(self) -> None:
        for kind in (*_subclasses(self.basic), *_subclasses(self.matrix)):
            module = sys.modules.get(kind.__module__ or "")
            package, _, rest = (kind.__module__ or "").partition(".")
            name = f"{kind.__module__}:{kind.__name__}"
            if package == "sympy" and rest.startswith(_PACKAGES) and vars(module).get(kind.__name__) is kind:
                self._classes[name], self._names[kind] = kind, name


def _subclasses(kind: Any) -> Iterable[Any]:
    found, ahead = {kind: None}, [kind]
    while ahead:
        for each in type.__subclasses__(ahead.pop()):
            if each not in found:
                found[each] = None
                ahead.append(each)
    return found


# --- writing


class _Table:
    """The rows of one expression."""

    def __init__(self, known: _Sympy, encoder: Encoder) -> None:
        self.rows: list[Tree] = []
        self._known, self._encoder = known, encoder
        self._places: dict[int, int] = {}
        self._made: dict[int, list[Any]] = {}

    def add(self, whole: Any) -> None:
        """Write the rows of an expression, parts first; a part that occurs twice is written once."""
        ahead = [whole]
        while ahead:
            thing = ahead[-1]
            parts = self._parts(thing)
            missing = [part for part in parts if id(part) not in self._places]
            if missing:
                ahead += missing
                continue
            ahead.pop()
            if id(thing) not in self._places:
                self._places[id(thing)] = len(self.rows)
                self.rows.append(self._row(thing, [self._places[id(part)] for part in parts]))

    def _parts(self, thing: Any) -> Iterable[Any]:
        if isinstance(thing, self._known.matrix):
            return self._once(thing, lambda: thing.flat())
        if isinstance(thing, self._known.sympy.Poly):
            return self._once(thing, lambda: [*thing.gens, *thing.coeffs()])
        return thing.args if isinstance(thing, self._known.basic) else ()

    def _once(self, thing: Any, make: Callable[[], list[Any]]) -> list[Any]:
        """Return parts that are made anew at each look, made once, so that they keep their identities."""
        if id(thing) not in self._made:
            self._made[id(thing)] = make()
        return self._made[id(thing)]

    def _row(self, thing: Any, parts: list[int]) -> Tree:
        known, kind = self._known, type(thing)
        special = self._special(thing, kind)
        if special is not None:
            return special
        if isinstance(thing, known.applied) and isinstance(kind, known.undefined) and kind.__bases__ == (known.applied,):
            return ["apply", *self._function(kind), parts]
        if isinstance(thing, known.matrix):
            return ["matrix", known.name_of(kind), int(thing.rows), int(thing.cols), parts]
        if kind is known.sympy.Poly:
            domain = str(thing.domain)
            powers = [list(map(int, each)) for each in thing.monoms()]
            if domain not in _DOMAINS or sum(map(sum, powers)) > _MOST_POWERS:
                raise _NoValueError
            return ["poly", domain, len(thing.gens), powers, parts]
        if not isinstance(thing, known.basic) or not known.is_rebuilt(thing):
            raise _NoValueError
        return ["basic", known.name_of(kind), parts]

    def _special(self, thing: Any, kind: Any) -> Tree | None:
        sympy, encode = self._known.sympy, self._encoder.encode
        if kind is sympy.Symbol:
            return ["symbol", encode(thing.name), _assumptions(thing._assumptions_orig)]
        if kind is sympy.Dummy:
            return ["dummy", encode(thing.name), *self._dummy(thing), _assumptions(thing._assumptions_orig)]
        if kind is sympy.core.symbol.Str:
            return ["text", encode(thing.name)]
        if isinstance(thing, sympy.Float):
            sign, digits, exponent, _ = thing._mpf_
            return ["float", encode(-int(digits) if sign else int(digits)), encode(int(exponent)), thing._prec]
        if isinstance(thing, sympy.Rational):
            if thing.q != 1 and int(thing.p).bit_length() + int(thing.q).bit_length() > _MOST_BITS:
                raise _NoValueError
            return ["rational", encode(int(thing.p)), encode(int(thing.q))]
        return None

    def _dummy(self, thing: Any) -> tuple[int, bool]:
        """Return an index, and whether it is one of the other side's."""
        known = self._known
        if thing in known.back:
            return known.back[thing], True
        if len(known.mine) < _MOST_DUMMIES:
            known.mine[thing.dummy_index] = thing
        return int(thing.dummy_index), False

    def _function(self, kind: Any) -> tuple[Tree, Tree]:
        return self._encoder.encode(kind.__name__), _assumptions(kind._kwargs)


def _assumptions(given: dict[str, Any]) -> Tree:
    if not all(type(value) in {bool, type(None)} for value in given.values()):
        raise _NoValueError
    return [[str(name), value] for name, value in sorted(given.items())]


# --- reading


class _Reader:
    """Builds what the rows say."""

    def __init__(self, known: _Sympy, decoder: Decoder) -> None:
        self._known, self._decoder = known, decoder
        self._found: list[Any] = []

    def read(self, rows: Tree) -> Any:
        """Return the whole."""
        for row in expect(rows, list):
            read = _ROWS.get(expect(expect(row, list)[0], str))
            if read is None:
                raise WireError("no row of an expression")
            self._found.append(read(self, row))
        return self._found[-1]

    def _parts(self, places: Tree) -> list[Any]:
        if not all(type(place) is int and place >= 0 for place in expect(places, list)):
            raise WireError("an expression is malformed")
        return [self._found[place] for place in places]

    def _whole(self, node: Tree) -> int:
        number: int = expect(self._decoder.decode(node), int)
        return number

    def _name(self, node: Tree) -> str:
        name: str = expect(self._decoder.decode(node), str)
        if len(name) > _LONGEST_NAME:
            raise WireError("a symbol's name is too long")
        return name

    def _given(self, node: Tree) -> dict[str, Any]:
        given = {expect(name, str): expect(value, bool, type(None)) for name, value in expect(node, list)}
        if not set(given) <= {*sys.modules["sympy.core.assumptions"]._assume_defined, "commutative"}:
            raise WireError("an assumption that sympy does not know")
        return given

    def symbol(self, row: list[Tree]) -> Any:
        return self._known.sympy.Symbol(self._name(row[1]), **self._given(row[2]))

    def dummy(self, row: list[Tree]) -> Any:
        known, index = self._known, expect(row[2], int)
        if expect(row[3], bool):
            return known.mine[index]
        if index not in known.theirs:
            if len(known.theirs) >= _MOST_DUMMIES:
                raise WireError("too many dummies")
            made = known.sympy.Dummy(self._name(row[1]), **self._given(row[4]))
            known.theirs[index], known.back[made] = made, index
        return known.theirs[index]

    def text(self, row: list[Tree]) -> Any:
        return self._known.sympy.core.symbol.Str(self._name(row[1]))

    def float(self, row: list[Tree]) -> Any:
        digits, exponent, precision = self._whole(row[1]), self._whole(row[2]), expect(row[3], int)
        if not 0 < precision <= _MOST_BITS or digits.bit_length() > precision or abs(exponent) > 1 << 62:
            raise WireError("a number is malformed")
        sympy = self._known.sympy
        return sympy.Float._new(sympy.core.numbers.mlib.from_man_exp(digits, exponent), precision, zero=False)

    def rational(self, row: list[Tree]) -> Any:
        above, below = self._whole(row[1]), self._whole(row[2])
        if below != 1 and above.bit_length() + below.bit_length() > _MOST_BITS:
            raise WireError("a fraction is too long")
        return self._known.sympy.Rational(above, below)

    def apply(self, row: list[Tree]) -> Any:
        return self.function(row[1], row[2])(*self._parts(row[3]))

    def function(self, name: Tree, given: Tree) -> Any:
        """Return an undefined function."""
        return self._known.undefined(self._name(name), **self._given(given))

    def matrix(self, row: list[Tree]) -> Any:
        kind = self._class(row[1], self._known.matrix)
        rows, columns, parts = expect(row[2], int), expect(row[3], int), self._parts(row[4])
        if rows < 0 or columns < 0 or rows * columns != len(parts):
            raise WireError("a matrix is malformed")
        return kind(rows, columns, parts)

    def poly(self, row: list[Tree]) -> Any:
        if row[1] not in _DOMAINS:
            raise WireError("no domain that is known")
        powers, parts, count = expect(row[3], list), self._parts(row[4]), expect(row[2], int)
        if count < 1 or len(powers) != len(parts) - count or any(len(expect(each, list)) != count for each in powers):
            raise WireError("a polynomial is malformed")
        if not all(type(power) is int and power >= 0 for each in powers for power in each) or sum(map(sum, powers)) > _MOST_POWERS:
            raise WireError("a polynomial is malformed")
        terms = dict(zip(map(tuple, powers), parts[count:], strict=True))
        return self._known.sympy.Poly.from_dict(terms, *parts[:count], domain=getattr(self._known.sympy, row[1]))

    def basic(self, row: list[Tree]) -> Any:
        kind, parts = self._class(row[1], self._known.basic), self._parts(row[2])
        if kind in {self._known.sympy.Symbol, self._known.sympy.Dummy, self._known.sympy.Wild}:
            raise WireError("an expression is malformed")
        made = self._known.make(kind, parts)
        if not isinstance(made, self._known.basic):
            raise WireError("an expression is malformed")
        return made

    def _class(self, name: Tree, base: Any) -> Any:
        kind = self._known.class_of(expect(name, str))
        if not issubclass(kind, base):
            raise WireError("a class of another kind")
        return kind


_ROWS: dict[str, Callable[[_Reader, list[Tree]], Any]] = {
    "symbol": _Reader.symbol, "dummy": _Reader.dummy, "text": _Reader.text, "float": _Reader.float, "rational": _Reader.rational,
    "apply": _Reader.apply, "matrix": _Reader.matrix, "poly": _Reader.poly, "basic": _Reader.basic,
}  # fmt: skip


class _Codec:
    """The encoder and the decoders of sympy."""

    def __init__(self, known: _Sympy) -> None:
        self._known = known

    def family(self, thing: Any) -> Encode | None:
        """Return how something of sympy's is encoded."""
        kinds = (self._known.basic, self._known.matrix)
        if isinstance(thing, type):
            return self._encode_class if issubclass(thing, kinds) else None
        return self._encode if issubclass(type(thing), kinds) else None

    def _encode(self, encoder: Encoder, thing: Any) -> Tree:
        table = _Table(self._known, encoder)
        try:
            table.add(thing)
        except _NoValueError:
            return encoder.peer.refer(encoder, thing)
        encoder.number(thing)
        return ["sympy", table.rows]

    def _encode_class(self, encoder: Encoder, kind: Any) -> Tree:
        try:
            if isinstance(kind, self._known.undefined):
                return ["sympy function", encoder.encode(kind.__name__), _assumptions(kind._kwargs)]
            return ["sympy class", self._known.name_of(kind)]
        except _NoValueError:
            return encoder.peer.refer(encoder, kind)

    def decode(self, decoder: Decoder, node: list[Tree]) -> Any:
        """Return the expression of a tree."""
        try:
            return decoder.number(_Reader(self._known, decoder).read(node[1]))
        except WireError:
            raise
        except Exception as refusal:
            raise WireError("an expression is malformed") from refusal

    def decode_function(self, decoder: Decoder, node: list[Tree]) -> Any:
        """Return an undefined function."""
        return _Reader(self._known, decoder).function(node[1], node[2])

    def decode_class(self, _: Decoder, node: list[Tree]) -> Any:
        """Return one of sympy's classes."""
        return self._known.class_of(expect(node[1], str))


def register() -> None:
    """Add the encoder and the decoders of sympy, which is loaded."""
    codec = _Codec(_Sympy(sys.modules["sympy"]))
    FAMILIES.insert(0, codec.family)
    DECODERS["sympy"], DECODERS["sympy function"], DECODERS["sympy class"] = codec.decode, codec.decode_function, codec.decode_class
