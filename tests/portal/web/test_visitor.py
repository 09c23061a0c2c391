"""What somebody may do follows from their groups, and from nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.visitor import NOBODY, Role, visitor_of


def test_groups_say_what_somebody_may_do() -> None:
    visitor = visitor_of("ana", ["nbgrader-a", "formgrade-b", "patunay-registrar", "choir"])
    assert (sorted(visitor.learns), sorted(visitor.teaches), list(visitor.roles)) == (["a"], ["b"], [Role.REGISTRAR])


def test_who_prepares_may_not_approve_and_who_runs_the_site_may_do_neither() -> None:
    assert not visitor_of("a", ["patunay-registrar"]).may(Role.APPROVER)
    assert not visitor_of("a", [], is_admin=True).may(Role.APPROVER, Role.REGISTRAR)


@given(st.lists(st.text()))
def test_groups_that_mean_nothing_give_nothing(groups: list[str]) -> None:
    strange = [f"x{group}" for group in groups] + ["nbgrader-", "formgrade-", "patunay-", "patunay-nobody"]
    visitor = visitor_of("ana", strange)
    assert (visitor.learns, visitor.teaches, visitor.roles) == (frozenset(), frozenset(), frozenset())


def test_nobody_is_not_signed_in() -> None:
    assert not NOBODY.is_signed_in


@pytest.mark.slow
def test_everybody_has_a_first_page_of_their_own() -> None:
    assert visitor_of("a", ["nbgrader-a", "formgrade-b", "patunay-admin"]).first_page == "my"
    assert visitor_of("a", ["formgrade-b", "patunay-admin"]).first_page == "teach"
    assert visitor_of("a", ["patunay-admin"]).first_page == "office"
    assert visitor_of("a", []).first_page == "my"
