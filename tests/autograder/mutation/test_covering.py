"""Which cells a test needs, and which answers it covers, by the names in their texts."""

from __future__ import annotations

from autograder.mutation.covering import Role, covered, names_of, needed


def cells(*texts: str) -> list[object]:
    return [names_of(text) for text in texts]


def test_what_a_cell_reads_and_writes() -> None:
    found = names_of(
        "import pandas as pd\nfrom a import b as c\nx = y + len(z)\nfor i in x:\n    total += i\ntable['n'] = 1\nd.sort()\nplt.show()\nprint(e)"
    )
    assert found.reads == {"y", "z", "total", "table", "d", "e", "plt"}
    assert found.writes == {"pd", "c", "x", "i", "total", "table", "d"}


def test_what_is_local_to_a_function_is_not_read() -> None:
    found = names_of("def f(a, b=q):\n    c = a + g(h)\n    return [c for d in b]\nf(1)")
    assert found.reads == {"q", "g", "h"}
    assert found.writes == {"f"}


def test_what_a_text_does_not_tell_is_said() -> None:
    assert not names_of("this is no Python").is_known
    assert not names_of("globals()['x'] = 1").is_known
    assert not names_of("from m import *").is_known


ROLES: tuple[Role, ...] = ("setup", "other", "answer", "answer", "test", "answer", "test")
TEXTS = (
    "import pandas as pd",
    "unused = 1",
    "def helper(x):\n    return x",
    "def main(x):\n    return helper(x)",
    "low = main(1)\nassert low == 1",
    "def other(x):\n    return x",
    "low = other(2)\nassert low == 2",
)


def test_a_test_covers_the_answers_that_it_needs_through_others_too() -> None:
    names = [names_of(text) for text in TEXTS]
    assert covered(names, ROLES, 4) == [2, 3]
    assert covered(names, ROLES, 6) == [5]
    assert needed(names, ROLES, [4]) == [0, 2, 3, 4]
    assert needed(names, ROLES, [6]) == [0, 5, 6]


def test_a_test_that_reads_no_answers_name_covers_the_one_before() -> None:
    names = [names_of(text) for text in ("a = 1", "save(1)", "assert open('result.txt').read() == '1'")]
    assert covered(names, ("answer", "answer", "test"), 2) == [1]
    assert covered([names_of("assert 1")], ("test",), 0) == []


def test_a_helper_that_only_a_test_defines_is_run_for_a_later_test() -> None:
    names = [names_of(text) for text in ("def check(x):\n    assert x", "a = 1", "check(a)")]
    assert needed(names, ("test", "answer", "test"), [2]) == [0, 1, 2]
    assert covered(names, ("test", "answer", "test"), 2) == [1]


def test_a_cell_that_changes_a_table_in_place_is_needed() -> None:
    names = [names_of(text) for text in ("t = 1", "t.drop(inplace=True)", "t['a'] = 2", "print(t)", "assert t")]
    assert needed(names, ("other", "other", "answer", "other", "test"), [4]) == [0, 1, 2, 4]
