from __future__ import annotations

import pytest

from courses.authoring.otter.expectations import read_test
from courses.authoring.otter.points import test_points as points_of
from courses.errors import NotebookError
from tests.courses.authoring.otter_sources import code, config


def asserted(*arguments: str | None, run: bool = True) -> str:
    return read_test(code(*arguments, run=run), where="x").source  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (("0 < x < 100", "True"), "assert 0 < x < 100"),
        (("x == 3", "False"), "assert not (x == 3)"),
        (("not x", "True"), "assert not x"),
        (("np.allclose(a, b)", "True"), "assert np.allclose(a, b)"),
        (("f(1)", "True"), "assert f(1) == True"),
        (("square(3)", "9"), "assert square(3) == 9"),
        (("a + b", "1.5"), "assert (a + b) == 1.5"),
        (("name", "'Ana'"), "assert name == 'Ana'"),
        (("values", "[1,\n 2,\n 3]"), "assert values == [1, 2, 3]"),
        (("np.array([1])", "array([1])"), "assert repr(np.array([1])) == 'array([1])'"),
        (("y = f(2)\ny", "4"), "y = f(2)\nassert y == 4"),
        (("y = f(2); y", "4"), "y = f(2)\nassert y == 4"),
        (("assert f(2) == 4", None), "assert f(2) == 4"),
        (
            ("print(x)", None, "2\n"),
            "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as _printed:\n    print(x)\nassert _printed.getvalue() == '2\\n'",
        ),
        (("f(\n  1,\n)", "3"), "assert (f(\n  1,\n)) == 3"),
        (("(1 +\n x)", "3"), "assert (1 +\n x) == 3"),
    ],
)
def test_what_was_recorded_is_asserted(test: tuple[str | None, ...], expected: str) -> None:
    source = asserted(*test)
    assert source.replace("((", "(").replace("))", ")") == expected.replace("((", "(").replace("))", ")")
    compile(source, "test", "exec")


def test_a_printing_and_showing_test_asserts_both() -> None:
    source = asserted("str(print(x))", "'None'", "2\n")
    for x, right in ((2, True), (3, False)):
        if right:
            exec(source, {"x": x})
        else:
            with pytest.raises(AssertionError):
                exec(source, {"x": x})


def test_a_function_of_asserts_that_nobody_calls_is_called() -> None:
    source = asserted("def test_it(f, env):\n    assert f(1) == 2", None)
    exec(source, {"f": lambda n: n + 1})
    with pytest.raises(AssertionError):
        exec(source, {"f": lambda n: n})


def test_the_settings_of_a_test_are_read() -> None:
    found = read_test(
        code(config("hidden: true", "points: 2.5", 'failure_message: "It\'s wrong"', "success_message: Fine") + "x", "2"), where="x"
    )
    assert (found.is_hidden, found.points, found.lost) == (True, 2.5, ("success_message",))
    assert found.source == 'assert x == 2, "It\'s wrong"'


@pytest.mark.parametrize("mark", ["# HIDDEN", "# hidden", "## HIDDEN TEST ##", "## hidden test ##"])
def test_the_older_marks_hide(mark: str) -> None:
    found = read_test(code(f"{mark}\nx", "2"), where="x")
    assert found.is_hidden
    assert found.source == "assert x == 2"


def test_a_test_that_was_never_run_says_so_and_leaves_a_placeholder() -> None:
    found = read_test(code("f(2)", run=False), where="x")
    assert "TODO(author)" in found.source
    assert found.doubts
    assert asserted("x == 2", None, run=False) == "assert x == 2"


def test_a_test_that_asserts_nothing_is_told() -> None:
    assert read_test(code("None"), where="x").doubts == ("it asserts nothing, so every answer passes",)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("points: [", "no YAML"),
        ("- a", "no table"),
        ("a: &x 1\nb: *x", "aliases"),
        ("a: !!python/object/apply:os.system ['true']", "no YAML"),
        ("1: 2", "no table"),
    ],
)
def test_settings_that_are_no_plain_values_are_refused(settings: str, told: str) -> None:
    with pytest.raises(NotebookError, match=told):
        read_test(code(config(settings) + "x", "2"), where="x")


def test_a_test_that_is_no_python_is_refused() -> None:
    with pytest.raises(NotebookError, match="no Python"):
        read_test(code("x ="), where="x")


@pytest.mark.parametrize(
    ("of_question", "of_tests", "points"),
    [
        (None, [None, None], [0.5, 0.5]),
        (None, [2, None], [2, 0]),
        (None, [0, None], [0, 1]),
        (None, [0, 0], [0, 0]),
        (2.16667, [None, None, None], [0.722223, 0.722223, 0.722224]),
        (5, [1, None, None], [1, 2, 2]),
        (5, [5, None], [5, 0]),
        ([10, 2], [None, None], [10, 2]),
        ({"each": 3}, [None, None], [3, 3]),
    ],
)
def test_points_are_shared_as_otter_does(of_question: object, of_tests: list[object], points: list[float]) -> None:
    assert points_of(of_question, of_tests, where="x") == pytest.approx(points, abs=1e-6)


@pytest.mark.parametrize(
    ("of_question", "of_tests"), [(1, [2]), ([1], [None, None]), (True, [None]), (float("nan"), [None]), (None, [-1]), (None, ["2"])]
)
def test_points_that_contradict_each_other_are_refused(of_question: object, of_tests: list[object]) -> None:
    with pytest.raises(NotebookError, match=r"points|numbers for"):
        points_of(of_question, of_tests, where="x")
