"""Mutants: one small change each, that compiles; ids that stay; nothing changed that no test should ask for."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.mutation.compiled import program_of
from autograder.mutation.mutants import Mutant, columns_of, make_mutants

TYPICAL = '''\
def clean(table, low=0, *, key="id"):
    """Return the rows that count."""
    ### BEGIN SOLUTION
    kept = []  # what stays: naïve, but enough
    for place in range(len(table) - 1):
        value = table[place]
        if value < low or not value:
            continue
        kept.append(abs(value) * 2.5)
    try:
        frame = pd.DataFrame({"id": kept}).dropna(subset=["id"]).sort_values("id", ascending=False)
    except (ValueError, TypeError):
        raise RuntimeError(f"no table of {len(kept)} rows") from None
    mask = (frame["id"] > 0) & ~frame["name"].isna()
    ax.barh(kept, kept, color="red", figsize=(6, 3))
    return frame[mask].merge(other, on="id", how="left").groupby("name").agg(total=("id", "sum")).drop_duplicates(keep="first"), kept[1:low]
    ### END SOLUTION
'''


def mutants(text: str, **more: object) -> list[Mutant]:
    return make_mutants(text, "cell", most=1000, **more)  # type: ignore[arg-type]


def changes(text: str) -> set[str]:
    """Return the changed first lines of the mutants of one line."""
    return {each.source for each in mutants(text)}


NUMBERS = st.integers(0, 9).map(str)
NAMES = st.sampled_from(["x", "y", "größe"])
EXPRESSIONS = st.recursive(
    NUMBERS | NAMES | st.sampled_from(['"wort"', "True", "2.5"]),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", "in", "not in", "is", "and", "or", "&", "|"]),
            inner,
        ).map(lambda parts: f"({parts[0]} {parts[1]}  {parts[2]})"),
        inner.map(lambda part: f"(not {part})"),
        inner.map(lambda part: f"abs({part})"),
        st.tuples(inner, inner).map(lambda parts: f"max({parts[0]}, {parts[1]})"),
        st.tuples(inner, inner).map(lambda parts: f"[x for x in {parts[0]} if {parts[1]}]"),
        st.tuples(inner, inner).map(lambda parts: f"x[{parts[0]}:{parts[1]}]"),
    ),
    max_leaves=8,
)
STATEMENTS = st.lists(
    st.one_of(
        EXPRESSIONS.map(lambda part: f"größe = {part}  # é"),
        EXPRESSIONS.map(lambda part: f"if {part}:\n    x += 1"),
        EXPRESSIONS.map(lambda part: f"for x in range({part}):\n    y = x"),
        EXPRESSIONS.map(lambda part: f"def f(x):\n    return {part}, x"),
        EXPRESSIONS.map(lambda part: f"try:\n    x = {part}\nexcept ValueError:\n    x = 0"),
    ),
    min_size=1,
    max_size=3,
).map("\n".join)


@pytest.mark.slow
@settings(max_examples=40)
@given(STATEMENTS)
def test_every_mutant_is_another_program_than_the_reference_and_than_every_other(text: str) -> None:
    found = mutants(text)
    programs = [program_of(each.source) for each in found]
    assert None not in programs
    assert program_of(text) not in programs
    assert len(set(programs)) == len(programs)
    assert len({each.id for each in found}) == len(found)


def patched(text: str, diff: str) -> str:
    """Return `text` with a unified diff of one hunk applied, as `patch` would."""
    lines, (_, _, head, *body) = text.split("\n"), diff.split("\n")
    begin = re.fullmatch(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@", head)
    assert begin is not None, head
    first = int(begin[1]) - 1
    before = [line[1:] for line in body if line[:1] in {" ", "-"}]
    assert lines[first : first + len(before)] == before
    return "\n".join([*lines[:first], *(line[1:] for line in body if line[:1] in {" ", "+"}), *lines[first + len(before) :]])


@settings(max_examples=40)
@given(STATEMENTS)
def test_the_diff_of_a_mutant_applied_to_the_reference_is_the_mutant(text: str) -> None:
    for each in mutants(text):
        assert patched(text, each.diff) == each.source


@settings(max_examples=40)
@given(STATEMENTS)
def test_a_mutant_changes_one_place_and_leaves_the_other_lines_with_their_comments(text: str) -> None:
    for each in mutants(text):
        before, after = text.split("\n"), each.source.split("\n")
        alike = 0
        while alike < min(len(before), len(after)) and before[alike] == after[alike]:
            alike += 1
        rest = 0
        while rest < min(len(before), len(after)) - alike and before[-1 - rest] == after[-1 - rest]:
            rest += 1
        assert len(before) - alike - rest <= 2, each.diff
        assert alike <= each.line <= alike + 1


@settings(max_examples=30)
@given(STATEMENTS, st.integers(1, 8), st.integers(0, 3))
def test_a_sample_is_the_same_every_time_and_part_of_all(text: str, most: int, seed: int) -> None:
    some = make_mutants(text, "cell", most=most, seed=seed)
    assert some == make_mutants(text, "cell", most=most, seed=seed)
    assert len(some) == min(most, len(mutants(text)))
    assert {each.id for each in some} <= {each.id for each in mutants(text)}


def test_a_sample_takes_every_kind_of_mistake_before_a_second_one_of_a_kind() -> None:
    kinds = {each.operator for each in mutants(TYPICAL)}
    assert {each.operator for each in make_mutants(TYPICAL, "cell", most=len(kinds))} == kinds


def test_an_id_stays_when_other_lines_change() -> None:
    before = {each.id for each in mutants("a = x < 3\nb = y + 1")}
    after = {each.id for each in mutants("# a remark\na = x < 3\n\nb = y * 2\nc = 4")}
    kept = {each.id for each in mutants("a = x < 3")}
    assert kept <= before & after


def test_the_same_mistake_in_two_places_of_a_line_has_two_ids() -> None:
    found = [each for each in mutants("a = f(x, 7, 7)") if each.operator == "constant"]
    assert len({each.id for each in found}) == len(found) == 4


def test_mistakes_are_made_only_between_the_marks_of_the_solution() -> None:
    text = "a = 1 + 2\n### BEGIN SOLUTION\nb = 3 < 4\n### END SOLUTION\nc = 5 - 6\n"
    assert {each.line for each in mutants(text)} == {3}


def test_looks_words_and_docstrings_are_left_alone() -> None:
    for each in mutants(TYPICAL):
        assert "Return the rows that count." in each.source
        assert 'f"no table of {len(kept)} rows"' in each.source or each.operator in {"left out", "early return"}
        assert 'color="red", figsize=(6, 3)' in each.source or each.operator == "left out"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a = x < y", "a = x <= y"),
        ("a = x not in y", "a = x in y"),
        ("a = x is  not y", "a = x is y"),
        ("a = (x) + (y)", "a = (x) - (y)"),
        ("a = x // y", "a = x / y"),
        ("a = m & n", "a = m | n"),
        ("a = ~m", "a = m"),
        ("a = -x", "a = x"),
        ("a = x and y", "a = x or y"),
        ("a = f(x, y)", "a = f(y, x)"),
        ("a = x[:n]", "a = x[:n + 1]"),
        ("for i in range(n + 1):\n    a = i", "for i in range((n + 1) - 1):\n    a = i"),
        ("for i in n:\n    a = i", "for i in n:\n    a = i\n    break"),
        ("a = 2.0", "a = 2.2"),
        ("a = f(ascending=True)", "a = f(ascending=False)"),
        ('a = t.sort_values("n")', 'a = t.sort_values("n", ascending=False)'),
        ('a = t.merge(u, how="left")', 'a = t.merge(u, how="inner")'),
        ('a = t.drop_duplicates(keep="last")', 'a = t.drop_duplicates(keep="first")'),
        ('a = t.any(axis="columns")', 'a = t.any(axis="index")'),
        ("a = t.sum(axis=0)", "a = t.sum(axis=1)"),
        ("a = t.std()", "a = t.std(ddof=0)"),
        ("a = np.std(t)", "a = np.std(t, ddof=1)"),
        ("a = t.std(ddof=1)", "a = t.std(ddof=0)"),
        ("a = t.mean()", "a = t.median()"),
        ('a = t.agg("sum")', 'a = t.agg("count")'),
        ("a = t.dropna().n", "a = t.n"),
        ("a = t.str.strip()", "a = t"),
        ("a = abs(x - y)", "a = (x - y)"),
        ('a = t["n"] + t["m"]', 'a = t["m"] + t["m"]'),
        ('a = f(x, sep="|", skip=2)', "a = f(x, skip=2)"),
        ("try:\n    a = 1\nexcept ValueError:\n    b = 2", "try:\n    a = 1\nexcept ():\n    b = 2"),
        ("def f(x):\n    if x:\n        y = x\n    return y", "def f(x):\n    if x:\n        return None\n        y = x\n    return y"),
        ("def f(x):\n    return x, 2", "def f(x):\n    return x"),
        ("%matplotlib inline\na = 1 + x", "%matplotlib inline\na = 1 - x"),
    ],
)
def test_each_kind_of_mistake_is_made(text: str, wanted: str) -> None:
    assert wanted in changes(text)


def test_a_wrong_column_is_one_that_the_notebook_uses() -> None:
    columns = columns_of(['table["mass_g"].mean()', "not python (", 'table.groupby("island")'])
    assert columns == ("mass_g", "island")
    wrong = [each for each in mutants('a = t["mass_g"]', columns=columns) if each.operator == "wrong column"]
    assert [each.source for each in wrong] == ['a = t["island"]']


def test_what_is_no_python_has_no_mutants() -> None:
    assert make_mutants("this is no Python", "cell") == []
    assert make_mutants("", "cell") == []


def test_a_typical_solution_is_parsed_after_every_mistake() -> None:
    found = mutants(TYPICAL)
    assert len(found) > 60
    for each in found:
        ast.parse(each.source)
