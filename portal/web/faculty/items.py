"""Item analysis: how hard each item was, whether it tells strong from weak learners, and what is worth a look, in a sentence; each item by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from tornado.web import HTTPError, authenticated

from autograder.analysis.failing_messages import failing_messages
from autograder.analysis.item_analysis import SHOWN_FROM, WARNED_BELOW
from portal.course_insight import CourseInsight
from portal.web.faculty.charts import Chart, columns
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.numbers import known, rows_of
from portal.web.listing import Asked, Listing, paged, selected
from portal.web.tables import Table, table_as

_MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item; numbers are None below `SHOWN_FROM` learners."""

    assignment: str
    cell: str
    kind: str
    points: float
    n: int
    missing: int
    facility: float | None
    first_facility: float | None
    """Share of the points at first attempts; None of what a person marks."""
    item_rest: float | None
    d27: float | None
    alpha_without: float | None
    flags: tuple[str, ...]
    """Sentences, the gravest first."""

    @property
    def is_few(self) -> bool:
        """Whether so few are decided that the numbers say little."""
        return self.n < WARNED_BELOW


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """All items."""

    title: str
    course: str
    as_of: datetime
    lines: Listing[ItemRow]
    shown_from: int
    warned_below: int
    fewest: int
    """Decided learners of the item with the fewest."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """An item in one version of the source, or one variant."""

    name: str
    n: int
    facility: float | None
    other: float | None
    differs: bool


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One item."""

    title: str
    course: str
    as_of: datetime
    row: ItemRow
    bins: tuple[tuple[str, int], ...]
    """Points, and how many learners earned them."""
    chart: Chart
    messages: tuple[tuple[str, int], ...]
    """What its test said, and to how many of those whose notebooks were read."""
    looked_at: int
    failing: int
    sources: tuple[GroupRow, ...]
    variants: tuple[GroupRow, ...]
    shown_from: int
    warned_below: int


def item_rows(insight: CourseInsight) -> list[ItemRow]:
    """Return a row an item, in the order of the report."""
    flags: dict[tuple[str, str], list[str]] = {}
    for row in rows_of(insight.tables["flags"]):
        flags.setdefault((str(row["assignment"]), str(row["cell"])), []).append(str(row["sentence"]))
    return [
        ItemRow(
            assignment=str(row["assignment"]),
            cell=str(row["cell"]),
            kind=str(row["kind"]),
            points=float(row["points_possible"]),
            n=int(known(row["n"]) or 0),
            missing=int(known(row["missing"]) or 0),
            facility=known(row["facility"]),
            first_facility=known(row["first_facility"]) if (known(row["first_n"]) or 0) >= SHOWN_FROM else None,
            item_rest=known(row["item_rest"]),
            d27=known(row["d27"]),
            alpha_without=known(row["alpha_if_deleted"]),
            flags=tuple(flags.get((str(row["assignment"]), str(row["cell"])), ())),
        )
        for row in rows_of(insight.tables["items"])
    ]


def _number(name: str) -> Callable[[ItemRow], object]:
    def of(row: ItemRow) -> float:
        value = getattr(row, name)
        return float("-inf") if value is None else float(value)

    return of


_NUMBERS = ("points", "n", "missing", "facility", "first_facility", "item_rest", "d27", "alpha_without")


def chosen_items(rows: list[ItemRow], asked: Asked) -> list[ItemRow]:
    """Return the items that are asked for, sorted. Pure."""
    texts: dict[str, Callable[[ItemRow], object]] = {
        "assignment": lambda row: (row.assignment, row.cell),
        "cell": lambda row: row.cell,
        "flags": lambda row: len(row.flags),
    }
    return selected(
        rows,
        asked,
        words=lambda row: f"{row.assignment} {row.cell}",
        kind=lambda row: "flagged" if row.flags else "plain",
        columns=texts | {name: _number(name) for name in _NUMBERS},
    )


def items_page(insight: CourseInsight, asked: Asked, title: str) -> ItemsPage:
    """Return the table of a released course."""
    rows = item_rows(insight)
    return ItemsPage(
        title=title,
        course=insight.standing.manifest.id,
        as_of=insight.read_at,
        lines=paged(chosen_items(rows, asked), asked, of=len(rows)),
        shown_from=SHOWN_FROM,
        warned_below=WARNED_BELOW,
        fewest=min((row.n for row in rows), default=0),
    )


def items_table(insight: CourseInsight, asked: Asked) -> bytes:
    """Return the items that are asked for as a CSV file."""
    names = ("assignment", "cell", "kind", "points", "n", "missing", "facility", "first_facility", "item_rest", "d27", "alpha_without")
    rows = [(*(getattr(row, name) for name in names), " ".join(row.flags)) for row in chosen_items(item_rows(insight), asked)]
    return table_as(Table((*names, "flags"), rows), "csv")


def item_page(insight: CourseInsight, assignment: str, cell: str) -> ItemPage | None:
    """Return the page of one item, None if there is none of that name."""
    row = next((each for each in item_rows(insight) if (each.assignment, each.cell) == (assignment, cell)), None)
    if row is None:
        return None
    responses = insight.results.responses
    names = responses["notebook"].astype(str) + "/" + responses["cell"].astype(str)
    theirs = responses[(responses["assignment"] == assignment) & ((responses["cell"] == cell) | (names == cell))]
    bins = histogram(theirs["points"].dropna(), row.points)
    messages = failing_messages(insight.results.directory, theirs, notebooks_at_most=200, shown=10)
    return ItemPage(
        title=cell,
        course=insight.standing.manifest.id,
        as_of=insight.read_at,
        row=row,
        bins=bins,
        chart=columns([label for label, _ in bins], [count for _, count in bins]),
        messages=tuple((str(each["message"]), int(each["learners"])) for each in rows_of(messages)),
        looked_at=int(messages["looked_at"].max()) if len(messages) else 0,
        failing=int(messages["failing"].max()) if len(messages) else 0,
        sources=_groups(insight.tables["by_source"], assignment, cell, "source"),
        variants=_groups(insight.tables["by_variant"], assignment, cell, "variant"),
        shown_from=SHOWN_FROM,
        warned_below=WARNED_BELOW,
    )


def histogram(points: pd.Series[float], possible: float) -> tuple[tuple[str, int], ...]:
    """Return how many learners earned how many points: each value that occurs, or ten equal steps where there are too many. Pure."""
    values = sorted(set(points.tolist()) | {0.0, possible})
    if len(values) <= _MOST_VALUES:
        return tuple((f"{value:g}", int((points == value).sum())) for value in values)
    step = possible / 10
    places = (points / step).astype(int).clip(0, 9)
    return tuple((f"{place * step:g}", int((places == place).sum())) for place in range(10))


def _groups(table: pd.DataFrame, assignment: str, cell: str, column: str) -> tuple[GroupRow, ...]:
    return tuple(
        GroupRow(str(row[column]), int(row["n"]), known(row["facility"]), known(row["other"]), bool(row["differs"]))
        for row in rows_of(table)
        if (row["assignment"], row["cell"]) == (assignment, cell)
    )


class ItemsHandler(FacultyHandler):
    """All items."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show them."""
        self.taught(course)
        page = await self.compute(items_page, await self.insight(course), self.asked(), self.gettext("Item analysis"))
        self.show("faculty/items.html", page)


class ItemsFileHandler(FacultyHandler):
    """The table to take along."""

    @authenticated
    async def get(self, course: str) -> None:
        """Send it."""
        self.taught(course)
        content = await self.compute(items_table, await self.insight(course), self.asked())
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{course}-items.csv"')
        self.finish(content)


class ItemHandler(FacultyHandler):
    """One item."""

    @authenticated
    async def get(self, course: str, assignment: str, cell: str) -> None:
        """Show it."""
        self.taught(course)
        page = await self.compute(item_page, await self.insight(course), assignment, cell)
        if page is None:
            raise HTTPError(404)
        self.show("faculty/item.html", page)
