"""Long tables a page at a time."""

from __future__ import annotations

from urllib.parse import parse_qs

from hypothesis import given
from hypothesis import strategies as st

from portal.web.listing import PER_PAGE, Asked, asked_for, paged, selected

ROWS = st.lists(st.integers(0, 10**6).map(str), max_size=450)


@given(ROWS)
def test_the_pages_together_hold_every_row_once_and_in_order(rows: list[str]) -> None:
    first = paged(rows, Asked(), of=len(rows))
    together = [row for page in range(1, first.pages + 1) for row in paged(rows, Asked(page=page), of=len(rows)).rows]
    assert together == rows
    assert all(len(paged(rows, Asked(page=page), of=0).rows) <= PER_PAGE for page in range(1, first.pages + 1))


@given(ROWS, st.integers(1, 10**6))
def test_a_page_beyond_the_end_is_the_last(rows: list[str], page: int) -> None:
    found = paged(rows, Asked(page=page), of=len(rows))
    assert 1 <= found.asked.page <= found.pages
    assert found.rows or not rows


@given(st.dictionaries(st.sampled_from(["q", "kind", "sort", "page", "course"]), st.text(max_size=300)))
def test_any_address_asks_for_something_that_can_be_shown(arguments: dict[str, str]) -> None:
    asked = asked_for(lambda name, default: arguments.get(name, default))
    assert asked.page >= 1
    assert len(asked.search) <= 200
    again = parse_qs(asked.address(page=asked.page)[1:], keep_blank_values=True)
    assert asked_for(lambda name, default: again.get(name, [default])[0]) == asked


def test_every_word_has_to_be_found_whatever_its_case() -> None:
    found = selected(["Ana Reyes", "Ana Cruz"], Asked(search="REYES ana"), words=str, kind=lambda _row: "", columns={})
    assert found == ["Ana Reyes"]
