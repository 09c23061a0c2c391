"""Variants as pure values: what the table may say, what is drawn from it, whose is which."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from courses.errors import ManifestError
from courses.variants import DrawnParameter, VariantPool, Variants, draw_pool
from tests.courses.tiny_site import MANIFEST, parse_manifest

CELLS = {"p1": "values"}
KEY = bytes(range(32))


def table(**said: Any) -> Variants:
    return Variants.model_validate_json(json.dumps(said))


def pool(key: bytes = KEY, assignment: str = "ps1", **said: Any) -> VariantPool:
    return draw_pool(table(**said), assignment, key, CELLS)


DRAWN: dict[str, Any] = {
    "n": {"integer": [1, 500], "step": 3},
    "rate": {"decimal": [0.1, 0.9], "digits": 2},
    "species": {"choice": ["setosa", "virginica", [1, 2.5]]},
    "data": {"sample": [1, 2, 3, 4, 5, 6], "size": 3},
}


def test_drawn_values_are_what_the_table_allows() -> None:
    rows = pool(drawn=DRAWN, pool=100).rows
    assert len(rows) == 100
    for row in rows:
        assert row["n"] in range(1, 501, 3)
        assert isinstance(row["rate"], float)
        assert 0.1 <= row["rate"] <= 0.9
        assert Decimal(repr(row["rate"])).as_tuple().exponent >= -2  # type: ignore[operator]  # a number's is one
        assert row["species"] in ("setosa", "virginica", (1, 2.5))
        assert isinstance(row["data"], tuple)
        assert len(set(row["data"])) == 3


def test_every_value_is_drawn_about_equally_often() -> None:
    counts = Counter(row["n"] for row in pool(drawn={"n": {"integer": [0, 9]}, "m": {"integer": [0, 10**12]}}, pool=1000).rows)
    assert set(counts) == set(range(10))
    assert all(60 < count < 145 for count in counts.values())


def test_a_pool_is_a_function_of_key_assignment_and_table() -> None:
    assert pool(drawn=DRAWN) == pool(drawn=DRAWN)
    assert pool(drawn=DRAWN).rows != pool(b"x" * 32, drawn=DRAWN).rows
    assert pool(drawn=DRAWN).salt != pool(b"x" * 32, drawn=DRAWN).salt
    assert pool(drawn=DRAWN).rows != pool(assignment="ps2", drawn=DRAWN).rows


def test_another_parameter_changes_no_value_of_this_one() -> None:
    alone, beside = pool(drawn={"n": {"integer": [1, 10**9]}}), pool(drawn={"n": {"integer": [1, 10**9]}, "m": {"integer": [1, 10**9]}})
    assert [row["n"] for row in alone.rows] == [row["n"] for row in beside.rows]


def test_no_two_rows_are_the_same_and_there_are_fewer_where_there_are_not_so_many() -> None:
    rows = pool(drawn={"n": {"integer": [1, 3]}}, pool=50).rows
    assert sorted(row["n"] for row in rows) == [1, 2, 3]


def test_fixed_variants_are_as_the_author_wrote_them() -> None:
    assert pool(fixed=[{"n": 3, "name": " a "}, {"n": 4.5, "name": "b"}]).rows == ({"n": 3, "name": " a "}, {"n": 4.5, "name": "b"})


@given(st.text())
def test_everybody_has_a_row_and_always_the_same(learner: str) -> None:
    try:
        learner.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return
    of = pool(drawn=DRAWN)
    assert 0 <= of.row_of(learner) < len(of.rows)
    assert of.row_of(learner) == of.row_of(learner)
    assert of.values_of(learner) == of.rows[of.row_of(learner)]


def test_learners_are_spread_over_the_rows() -> None:
    of = pool(drawn=DRAWN, pool=10)
    counts = Counter(of.row_of(f"learner{number}") for number in range(2000))
    assert len(counts) == 10
    assert all(140 < count < 260 for count in counts.values())


def test_a_pool_is_read_back_as_it_was_written() -> None:
    of = pool(drawn=DRAWN)
    again = VariantPool.model_validate_json(of.model_dump_json())
    assert again == of
    assert again.digest == of.digest != pool(drawn=DRAWN, pool=19).digest


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "either fixed or drawn"),
        ({"fixed": [{"n": 1}, {"n": 2}], "drawn": {"n": {"integer": [1, 2]}}}, "either fixed or drawn"),
        ({"fixed": [{"n": 1}]}, "at least 2"),
        ({"fixed": [{"n": 1}, {"m": 2}]}, "fixed variant 2 has other parameters"),
        ({"fixed": [{"n": 1}, {"n": 2}], "pool": 3}, "pool goes with drawn"),
        ({"drawn": {"n": {"integer": [1, 2]}}, "pool": 1}, "greater than or equal to 2"),
        ({"drawn": {"class": {"integer": [1, 2]}}}, "cannot be a parameter"),
        ({"drawn": {"_n": {"integer": [1, 2]}}}, "cannot be a parameter"),
        ({"drawn": {"n": {}}}, "one of integer, decimal, choice and sample"),
        ({"drawn": {"n": {"integer": [1, 2], "choice": [1, 2]}}}, "not integer and choice"),
        ({"drawn": {"n": {"integer": [2, 1]}}}, "the smaller one first"),
        ({"drawn": {"n": {"decimal": [0.11, 0.12], "digits": 1}}}, "nothing between the two limits"),
        ({"drawn": {"n": {"integer": [1, 2], "digits": 1}}}, "digits goes with decimal"),
        ({"drawn": {"n": {"sample": [1, 2]}}}, "size must say"),
        ({"drawn": {"n": {"sample": [1, 2], "size": 3}}}, "size must say"),
        ({"drawn": {"n": {"choice": [1, {"a": 2}]}}}, "valid"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(said: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        table(**said)


def test_the_manifest_reads_them_and_names_the_nearest_key() -> None:
    line = 'variants = { drawn = { n = { integer = [1, 20] }, species = { choice = ["a", "b"] } }, pool = 40 }\n'
    assessment = parse_manifest(MANIFEST + line).assessments[0]
    assert assessment.variants is not None
    assert assessment.variants.pool == 40
    assert assessment.variants.drawn == {"n": DrawnParameter(integer=(1, 20)), "species": DrawnParameter(choice=("a", "b"))}
    with pytest.raises(ManifestError, match="did you mean 'integer'"):
        parse_manifest(MANIFEST + line.replace("integer", "integr"))
