"""What a reference solution says about what may cross."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autograder.sealed.policy import PolicyCell, SealingPolicy, class_body_names, names_used, parsed, plain_python, policy_of


def policy(*cells: tuple[str, str]) -> SealingPolicy:
    """Return the policy of cells given as role and text."""
    return policy_of([PolicyCell(name=f"c{place}", source=text, role=role) for place, (role, text) in enumerate(cells)])  # type: ignore[arg-type]


def test_names_that_answers_and_free_cells_bind_are_served_and_those_of_tests_are_not() -> None:
    found = policy(
        ("answer", "x = 1\ndef f(a):\n    inner = a\n    return g(inner)"),
        ("free", "for i in x: pass"),
        ("test", "y = 1"),
        ("trusted", "z = 1"),
    )
    assert found.served == ("f", "i", "x")
    assert found.replaceable == ("f", "g", "i", "x")


def test_imported_names_are_the_examiners_own_and_so_are_modules_beside_the_notebook() -> None:
    cells = [
        PolicyCell(
            name="a",
            source="import numpy as np\nimport os.path\nfrom math import sqrt as root\nimport helper\nfrom numpy import *",
            role="answer",
        )
    ]
    found = policy_of(cells, local_modules=["helper"])
    assert [(each.name, each.module, each.attribute) for each in found.imports] == [
        ("np", "numpy", None), ("os", "os", None), ("root", "math", "sqrt"), ("helper", "helper", None),
    ]  # fmt: skip
    assert (found.served, found.local_modules) == ((), ("helper",))
    assert found.star_modules == ("numpy",)


def test_a_name_that_is_both_imported_and_defined_is_the_learners() -> None:
    found = policy(("free", "from statistics import mean"), ("answer", "def mean(xs):\n    return sum(xs) / len(xs)"))
    assert (found.served, found.imports) == (("mean",), ())


def test_classes_are_expected_where_the_solution_defines_them() -> None:
    found = policy(("answer", "class A:\n    pass\ndef f():\n    class B: pass"), ("trusted", "class C: pass"), ("test", "class D: pass"))
    assert (found.classes, found.trusted_classes) == (("A",), ("C",))


def test_names_that_an_answer_changes_are_the_learners_from_then_on() -> None:
    found = policy(("trusted", "l = []\nd = {}\nt = 1"), ("answer", "l.append(1)\nd['x'] = 2\nprint(t)\nt.head()"))
    assert found.rebound == {"c1": ("_", "d", "l")}  # the cell shows a result


def test_what_is_no_python_says_nothing() -> None:
    assert policy(("answer", "def (")).served == ()
    assert policy(("answer", "%matplotlib inline\nx = 1\n!ls\n?x")).served == ("x",)
    assert plain_python("%%html\n<b>") == ""


def test_names_are_found_in_functions_and_bodies_of_classes() -> None:
    assert names_used("def f(a):\n    return a + b\nc") == {"b", "c"}
    assert class_body_names(parsed("class A:\n    x = limit\n    def f(self, y=start):\n        return inner")) == {"x", "limit", "start"}


@given(st.text(max_size=200))
def test_any_text_has_a_policy_with_a_json_form(text: str) -> None:
    found = policy(("answer", text), ("trusted", text))
    assert SealingPolicy.model_validate_json(found.model_dump_json()) == found
