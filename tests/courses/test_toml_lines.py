from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.samples import samples_folder
from courses.toml_lines import Step, TomlLines

TEXT = '''# a comment [with] "marks" = 1
id = "x"
title = { en = "A = [b]", fil = 'C # d' }

long = """
[not.a.table]
key = 1
"""
"quoted key".part = 2
[qa]
  review_by = 2027-10-05 # due
[a.b]
c = 1
[[assessments]]
id = "ps1"
items = [
  { cell = "t1", outcomes = ["o1",
     "o2"] },

  # between
  { cell = "t2", outcomes = [] },
]
[assessments.limits]
memory = 5
[[assessments]]
id = "ps2"
[[assessments.deep]]
y = [[1, 2],
     [3]]
[[assessments.deep]]
y = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("id",), 2),
        (("title",), 3),
        (("title", "fil"), 3),
        (("long",), 5),
        (("quoted key", "part"), 9),
        (("qa",), 10),
        (("qa", "review_by"), 11),
        (("a", "b", "c"), 13),
        (("assessments",), 14),
        (("assessments", 0, "items"), 16),
        (("assessments", 0, "items", 0, "outcomes", 1), 18),
        (("assessments", 0, "items", 1, "cell"), 21),
        (("assessments", 0, "limits", "memory"), 24),
        (("assessments", 1), 25),
        (("assessments", 1, "id"), 26),
        (("assessments", 1, "deep", 0, "y", 1, 0), 29),
        (("assessments", 1, "deep", 1, "y"), 31),
    ],
)
def test_a_field_is_found_on_its_line(path: tuple[Step, ...], line: int) -> None:
    assert TomlLines(TEXT).line_of(*path) == line


def test_what_is_missing_is_placed_at_the_table_that_lacks_it() -> None:
    lines = TomlLines(TEXT)
    assert lines.line_of("qa", "reviewed_on") == 10
    assert lines.line_of("assessments", 1, "items", 3) == 25
    assert lines.line_of("evidence_of_need") is None
    assert TomlLines("").line_of("id") is None


def paths_of(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the path of every value in a TOML document."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield (*path, step)
        yield from paths_of(each, (*path, step))


def test_every_field_of_the_sample_courses_has_a_line_that_names_it() -> None:
    seen = 0
    for file in samples_folder().glob("*/course.toml"):
        text = file.read_text(encoding="utf-8")
        lines, numbered = TomlLines(text), text.splitlines()
        for path in paths_of(tomllib.loads(text)):
            line = lines._lines[path]
            assert not isinstance(path[-1], str) or path[-1] in numbered[line - 1], path
            seen += 1
    assert seen > 500


_VALUES = st.recursive(
    st.one_of(
        st.integers(),
        st.booleans(),
        st.sampled_from(['"a"', "'b # ['", '"\\"] = {"', '"""\n[x]\ny = "1" \n"""', "'''\n]'''", "2027-10-05"]),
    ).map(lambda value: str(value).lower() if isinstance(value, bool) else str(value)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # more ]\n".join([*items, ""]) + "]"),
        st.lists(inner, max_size=3).map(lambda items: "{ " + ", ".join(f"k{number} = {item}" for number, item in enumerate(items)) + " }"),
    ),
    max_leaves=8,
)


@given(st.lists(_VALUES, min_size=1, max_size=5))
def test_whatever_stands_between_each_key_is_found_where_it_was_written(values: list[str]) -> None:
    text, expected = "", {}
    for number, value in enumerate(values):
        expected[f"key{number}"] = text.count("\n") + 1
        text += f"key{number} = {value}\n"
    document = tomllib.loads(text)
    lines = TomlLines(text)
    assert {key: lines.line_of(key) for key in document} == expected
    assert all(path in lines._lines for path in paths_of(document))


@given(st.text(alphabet="[]{}=\"'#.,\n ab1", max_size=40))
def test_what_is_no_toml_is_read_to_an_end(text: str) -> None:
    TomlLines(text)
