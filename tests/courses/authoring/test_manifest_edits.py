from __future__ import annotations

import itertools
import re
import tomllib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.authoring.manifest_edits import scaled_weights, with_assessment, with_items
from courses.errors import ManifestError
from tests.courses.tiny_site import MANIFEST, parse_manifest

ITEMS = [("test_a", ["squares"]), ("test_b", ["squares"])]


def test_an_assessment_more_changes_only_the_weights_and_its_own_lines() -> None:
    commented = MANIFEST.replace("weight = 100", "weight = 100 # all of it").replace("\n[qa]", "\n# who looked\n[qa]")
    after = with_assessment(commented, "ps2", title="Second", weight=25, items=ITEMS)
    manifest = parse_manifest(after)
    assert [(each.id, each.weight, each.title.en) for each in manifest.assessments] == [("ps1", 75.0, "First"), ("ps2", 25.0, "Second")]
    assert [item.cell for item in manifest.assessments[1].items] == ["test_a", "test_b"]
    kept = [line for line in commented.splitlines() if not line.startswith(("weight", "modules"))]
    assert [line for line in kept if line not in after.splitlines()] == []
    assert "weight = 75.0 # all of it" in after
    assert manifest.notional_hours.modules == {"ps1": 2.0, "ps2": 999.0}


def test_assessments_written_as_a_list_get_one_more() -> None:
    head, _, _ = MANIFEST.partition("\n[[assessments]]")
    inline = '{ id = "ps1", title = { en = "First" }, weight = 100, type = "exam", items = [{ cell = "x", outcomes = ["squares"] }] }'
    text = head.replace("\n[[outcomes]]", f"\nassessments = [\n  {inline}, # the one\n]\n\n[[outcomes]]")
    after = with_assessment(text, "ps2", title="Second", weight=50, items=ITEMS)
    assert [each.weight for each in parse_manifest(after).assessments] == [50.0, 50.0]
    assert "# the one" in after


def test_hours_are_left_alone_where_modules_are_no_assignments() -> None:
    text = MANIFEST.replace("modules = { ps1 = 2.0 }", "modules = { week-one = 2.0 }")
    assert parse_manifest(with_assessment(text, "ps2", title="S", weight=5, items=ITEMS)).notional_hours.modules == {"week-one": 2.0}


def test_items_are_added_once_and_comments_beside_them_stay() -> None:
    commented = re.sub(r'(\{ cell = "essay".*\},)', r"\1 # by hand", MANIFEST)
    after = with_items(commented, "ps1", [("essay", ["squares"]), ("test_new", ["squares"])])
    assert [item.cell for item in parse_manifest(after).assessments[0].items] == ["test_square", "test_found", "essay", "test_new"]
    assert "# by hand" in after
    assert with_items(after, "ps1", [("test_new", ["squares"])]) == after


@pytest.mark.parametrize("weight", [0, 100, -5, 250, float("nan")])
def test_a_weight_that_leaves_nothing_is_refused(weight: float) -> None:
    with pytest.raises(ManifestError, match="leave nothing"):
        with_assessment(MANIFEST, "ps2", title="S", weight=weight, items=ITEMS)


def test_an_assessment_that_is_there_is_refused() -> None:
    with pytest.raises(ManifestError, match="already"):
        with_assessment(MANIFEST, "ps1", title="S", weight=5, items=ITEMS)


def test_an_item_of_an_outcome_that_does_not_exist_is_never_written() -> None:
    with pytest.raises(ManifestError, match="does not exist"):
        with_items(MANIFEST, "ps1", [("test_new", ["nothing"])])


@given(
    st.lists(st.integers(1, 10_000).map(lambda each: each / 100), min_size=1, max_size=9),
    st.integers(1, 9_999).map(lambda each: each / 100),
)
def test_scaled_weights_keep_their_order_and_sum_exactly(weights: list[float], total: float) -> None:
    scaled = scaled_weights(weights, total)
    assert sum(Decimal(str(each)) for each in scaled) == Decimal(str(total))
    pairs = sorted(zip(weights, scaled, strict=True))
    tolerance = 0.01 * (len(weights) + 1)
    assert all(one[1] <= other[1] + tolerance for one, other in itertools.pairwise(pairs))


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"], exclude_characters="\ufeff"), min_size=1).filter(
        str.strip
    )
)
def test_a_title_of_any_letters_is_read_back_as_it_was(title: str) -> None:
    after = with_assessment(MANIFEST, "ps2", title=title, weight=25, items=ITEMS)
    assert tomllib.loads(after)["assessments"][1]["title"]["en"] == title
