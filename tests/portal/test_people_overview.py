"""Who has which office, and who has two that keep each other in check."""

from __future__ import annotations

from portal.people_overview import people_lines


def test_whoever_only_learns_is_not_listed() -> None:
    assert people_lines({"nbgrader-c": ["ana"], "patunay-quality": ["quinta"]})[0].name == "quinta"
    assert len(people_lines({"nbgrader-c": ["ana"], "patunay-quality": ["quinta"]})) == 1


def test_offices_that_keep_each_other_in_check_are_flagged_for_one_person() -> None:
    groups = {"patunay-registrar": ["one", "two"], "patunay-approver": ["two", "three"], "formgrade-c": ["three"], "nbgrader-c": ["three"]}
    found = {each.name: each.conflicts for each in people_lines(groups)}
    assert found == {
        "one": (),
        "two": (("prepares and approves", ""),),
        "three": (("teaches and approves", "c"), ("learns and teaches", "c")),
    }
