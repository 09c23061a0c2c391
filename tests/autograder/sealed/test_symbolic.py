"""sympy's expressions cross with every part, and nothing that is written in one is ever read as Python."""

from __future__ import annotations

from typing import Any

import pytest

sympy = pytest.importorskip("sympy")

from autograder.sealed import symbolic, values  # noqa: E402
from autograder.sealed.codec import Decoder, Encoder  # noqa: E402
from autograder.sealed.wire import WireError  # noqa: E402
from tests.autograder.sealed.test_values import Plain, crossed  # noqa: E402

values.load_types()
S = sympy
X, Y, N, T = S.symbols("x y n t")
P = S.Symbol("p", positive=True)
A, B = S.symbols("a b")
F, G = S.Function("f"), S.Function("g", real=True)
M = S.Matrix([[1, X], [Y, 2]])
MS = S.MatrixSymbol("M", 2, 2)
EXPRESSIONS: list[Any] = [
    X, P, S.Integer(5), S.Rational(1, 3), S.Float("1.1", 30), S.Float(-0.1), S.Float(0), S.pi, S.E, S.I, S.oo, -S.oo, S.zoo, S.nan, S.true, S.false,
    X + 1, X * Y + 2 * T, (X + Y) ** 3, S.sqrt(2), S.sqrt(X) / 3, S.sin(X) ** 2, S.exp(-(X**2) / 2), F(X), F(X).diff(X), G(X, Y), S.Derivative(F(X, Y), (X, 2), Y),
    S.Integral(X**2, (X, 0, 1)), S.Sum(1 / N**2, (N, 1, S.oo)), S.Product(N, (N, 1, 5)), S.Limit(1 / X, X, 0, "-"), S.Eq(X, 1), S.Eq(F(X).diff(X), F(X)), S.Ne(X, Y),
    X < 1, X >= Y, S.Piecewise((X, X < 0), (X**2, True)), S.And(X < 1, Y > 2), S.Not(S.Eq(X, Y)), S.Implies(A, B), S.Interval(0, 1), S.Interval.open(0, S.oo),
    S.FiniteSet(1, 2, X), S.Union(S.Interval(0, 1), S.Interval(3, 4)), S.S.Reals, S.S.EmptySet, S.ImageSet(S.Lambda(N, 2 * N * S.pi), S.S.Integers),
    S.ConditionSet(X, S.Eq(S.sin(X), X), S.S.Reals), S.Complement(S.S.Reals, S.FiniteSet(0)), S.Lambda((X, Y), X + Y), S.ImmutableMatrix(M), MS * MS, MS.T, MS.I,
    S.Tuple(X, 1), S.Order(X**2), S.series(S.sin(X), X, 0, 5), S.Max(X, Y), S.factorial(N), S.binomial(N, 2), S.Heaviside(X), S.conjugate(X), S.Subs(F(X).diff(X), X, 0),
    S.Add(1, 2, evaluate=False), S.Mul(2, 3, evaluate=False), S.Pow(2, 3, evaluate=False), S.sin(S.pi, evaluate=False), S.UnevaluatedExpr(X + 1),
    S.Symbol("B", commutative=False) * X * S.Symbol("C", commutative=False), S.Point(1, 2), S.Circle(S.Point(0, 0), 2), S.Range(0, 10, 2),
    S.Symbol("x y"), S.Symbol("__import__('os')"), S.Symbol("\\alpha_1"), S.Rational(10**40, 3), S.expand((X + Y) ** 9), S.dsolve(F(X).diff(X) - F(X)),
    S.Array([1, X]), S.Mod(X, 3), S.Contains(X, S.S.Reals), S.Indexed("q", N),
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=[f"{place} {type(each).__name__}" for place, each in enumerate(EXPRESSIONS)])
def test_an_expression_arrives_with_every_part(expression: Any) -> None:
    arrived = crossed(expression)
    assert type(arrived) is type(expression)
    assert arrived == expression
    assert (arrived.args, hash(arrived), S.srepr(arrived)) == (expression.args, hash(expression), S.srepr(expression))
    assert getattr(arrived, "is_commutative", None) == getattr(expression, "is_commutative", None)


@pytest.mark.parametrize("matrix", [M, S.ImmutableMatrix(M), S.SparseMatrix([[0, 1], [0, 0]]), S.zeros(0, 3), S.eye(2)])
def test_a_matrix_arrives_of_its_kind(matrix: Any) -> None:
    arrived = crossed(matrix)
    assert type(arrived) is type(matrix)
    assert (arrived, arrived.shape) == (matrix, matrix.shape)


@pytest.mark.parametrize("poly", [S.Poly(X**2 + 1, X), S.Poly(X * Y + S.Rational(1, 2), X, Y), S.Poly(X**2 + 1.5, X)])
def test_a_polynomial_arrives_with_its_domain(poly: Any) -> None:
    arrived = crossed(poly)
    assert (arrived, arrived.gens, arrived.domain) == (poly, poly.gens, poly.domain)


def test_functions_and_classes_arrive() -> None:
    assert crossed(F) == F
    assert crossed(G)(X) == G(X)
    assert crossed([S.sin, S.Symbol]) == [S.sin, S.Symbol]
    assert crossed({X: [1, Y]}) == {X: [1, Y]}


def test_what_arrives_can_be_worked_with() -> None:
    arrived = crossed(S.sin(X) ** 2 + S.cos(X) ** 2)
    assert S.simplify(arrived - 1) == 0
    assert arrived.subs(X, 0) == 1
    assert S.solve(crossed(X**2 - Y), X) == [-S.sqrt(Y), S.sqrt(Y)]
    assert crossed(S.Integral(X, (X, 0, 1))).doit() == S.Rational(1, 2)


def test_a_dummy_that_comes_back_is_itself_and_a_foreign_one_equals_none_of_ours() -> None:
    ours, theirs = Decoder(Plain()), Encoder(Plain())
    dummy = S.Dummy("d")
    row = theirs.encode(dummy)[1][0]
    foreign = ours.decode(["sympy", [row]])
    assert foreign != dummy  # the same index, from the other side
    assert ours.decode(["sympy", [row]]) is foreign
    assert ours.decode(["sympy", [[*row[:3], True, row[4]]]]) is dummy
    assert Encoder(Plain()).encode(foreign)[1][0][2:4] == [row[2], True]


def test_deep_and_shared_expressions_arrive_in_linear_time() -> None:
    deep, shared = X, X
    for _ in range(300):
        deep = S.sin(deep)
    for _ in range(60):
        shared = F(shared, shared)
    assert crossed(deep) == deep
    assert len(Encoder(Plain()).encode(shared)[1]) == 61
    assert crossed(shared).args[0].args[1].func == F


def test_classes_that_are_not_sympys_stay_references() -> None:
    class Own(sympy.Function):  # type: ignore[misc, name-defined]
        pass

    assert crossed(Own(X) + 1) == ("a reference to", "Add")
    assert crossed(S.CRootOf(X**5 + X + 1, 0))[0] == "a reference to"
    assert crossed(S.Wild("w")) == ("a reference to", "Wild")


@pytest.mark.parametrize(
    "rows",
    [
        [], [["basic", "sympy.core.sympify:sympify", []]], [["basic", "os:system", []]], [["basic", "sympy.core.symbol:Symbol", []]], [["basic", "sympy.core.add:Add", [0]]],
        [["basic", "sympy.core.add:Add", ["1"]]], [["symbol", "x", [["is_real", True]]]], [["symbol", "x", [["real", 3]]]], [["symbol", "x", [["positive", True], ["negative", True]]]],
        [["symbol", 3, []]], [["symbol", "x" * 2000, []]], [["float", 1 << 60, 0, 20]], [["float", 1, 0, 1 << 40]], [["rational", "1", 2]], [["dummy", "d", 99, True, []]],
        [["text", "x"], ["basic", "sympy.core.power:Pow", [0, -1]]], [["matrix", "sympy.core.add:Add", 0, 0, []]], [["symbol", "x", []], ["poly", "FF(3)", 1, [[1]], [0, 0]]], [["symbol", "x", []], ["poly", "ZZ", 1, [[1 << 40]], [0, 0]]], [["poly", "ZZ", 0, [], []]],
        [["matrix", "sympy.matrices.dense:MutableDenseMatrix", 1 << 40, 1, []]], [["basic", "sympy.plotting.plot:Plot", []]], [["basic", "sympy.core.relational:Equality", []]], 3, [3], [[]],
    ],
)  # fmt: skip
def test_rows_of_no_expression_are_refused(rows: Any) -> None:
    with pytest.raises(WireError):
        Decoder(Plain()).decode(["sympy", rows])


def test_no_constructor_is_given_a_text() -> None:
    """A text within an expression is sympy's `Str`, which no constructor reads."""
    rows = [["text", "__import__('os').getpid()"], ["basic", "sympy.functions.elementary.trigonometric:sin", [0]]]
    try:
        found = Decoder(Plain()).decode(["sympy", rows])
    except WireError:
        return
    assert "getpid" in S.srepr(found)


def test_only_classes_of_expressions_are_listed() -> None:
    known = symbolic._Sympy(sympy)
    known._list_classes()
    assert len(known._classes) > 400
    assert not [name for name in known._classes if not name.startswith("sympy.") or "parsing" in name or "codegen" in name]
