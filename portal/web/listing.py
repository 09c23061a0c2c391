"""Long tables a page at a time: what is asked for stands in the address, so that everything works with links, a form and the keyboard. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")
PER_PAGE = 100
_LONGEST_QUESTION = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    search: str = ""
    kind: str = ""
    """One of the listing's kinds (a state, a course); empty: all."""
    sort: str = ""
    """A column; with a minus in front: backwards."""
    page: int = 1
    course: str = ""

    def address(self, **changes: str | int) -> str:
        """Return the query of the address with changes; whatever is asked anew begins on the first page."""
        values: dict[str, str | int] = {"q": self.search, "kind": self.kind, "course": self.course, "sort": self.sort, "page": self.page}
        values |= {"page": 1} | changes
        return "?" + urlencode({name: value for name, value in values.items() if value and (name, value) != ("page", 1)})


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a long table."""

    rows: tuple[T, ...]
    found: int
    """How many rows fit what is asked, on all pages."""
    all: int
    pages: int
    asked: Asked

    @property
    def first(self) -> int:
        """The number of the first row here, from 1."""
        return (self.asked.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        """The number of the last row here."""
        return self.first + len(self.rows) - 1

    def direction(self, column: str) -> str:
        """Return `ascending`, `descending` or `none`, as `aria-sort` wants it."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.asked.sort, "none")

    def sorted_by(self, column: str) -> str:
        """Return the query that sorts by a column; the other way round if it is sorted so already."""
        return self.asked.address(sort=f"-{column}" if self.asked.sort == column else column)


def asked_for(get: Callable[[str, str], str]) -> Asked:
    """Return what an address asks for; `get` gives an argument of it, or the default."""
    page = get("page", "1")
    return Asked(
        search=get("q", "").strip()[:_LONGEST_QUESTION],
        kind=get("kind", "")[:40],
        sort=get("sort", "")[:40],
        page=min(max(1, int(page)), 10**6) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
        course=get("course", "")[:120],
    )


def selected(
    rows: Sequence[T], asked: Asked, *, words: Callable[[T], str], kind: Callable[[T], str], columns: Mapping[str, Callable[[T], object]]
) -> list[T]:
    """Return the rows that fit what is asked, sorted; every word of the search has to stand in the row's words.

    Args:
        columns: what a row is sorted by, values of one type each.
    """
    wanted = asked.search.casefold().split()
    found = [row for row in rows if asked.kind in {"", kind(row)} and _has_all(words(row), wanted)]
    column = asked.sort.removeprefix("-")
    if column in columns:
        found.sort(key=columns[column], reverse=asked.sort.startswith("-"))  # type: ignore[arg-type]  # of one type, see above
    return found


def _has_all(text: str, wanted: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in wanted)


def paged(found: Sequence[T], asked: Asked, *, of: int) -> Listing[T]:
    """Return one page of rows; a page beyond the end is the last."""
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(asked.page, pages)
    here = Asked(asked.search, asked.kind, asked.sort, page, asked.course)
    return Listing(tuple(found[(page - 1) * PER_PAGE : page * PER_PAGE]), len(found), of, pages, here)
