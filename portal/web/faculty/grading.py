"""What waits for a person: tests whose two results do not agree or rest on something odd, and answers that are marked by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from tornado.web import HTTPError, authenticated

from autograder.review import ReviewItem
from courses.visible_text import visible
from portal.course_insight import CourseInsight
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.numbers import rows_of
from portal.web.listing import Asked, Listing, paged, selected

_LONGEST = 20_000
"""Characters of one answer that are shown."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Where points are given."""

    course: str
    address: str
    """Of the course's formgrader; empty without a hub."""

    def at(self, assignment: str, notebook: str) -> str:
        """Return the address of a notebook's submissions in formgrader; empty without a hub."""
        place = f"/gradebook/{quote(assignment, safe='')}/{quote(notebook, safe='')}"
        return f"{self.address}{quote(place, safe='')}" if self.address else ""

    @property
    def command(self) -> str:
        """What opens formgrader on one's own machine, in the site's folder."""
        return f'PATUNAY_COURSE={self.course} JUPYTER_CONFIG_PATH="$PWD" jupyter lab'


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test that waits."""

    learner: str
    assignment: str
    notebook: str
    cell: str
    possible: float
    sealed: float | None
    compat: float | None
    was_compared: bool
    reasons: tuple[str, ...]
    page: str
    """The query of its own page."""


@dataclass(frozen=True, slots=True)
class HandRow:
    """A cell that is marked by hand, and who waits for it."""

    assignment: str
    notebook: str
    cell: str
    points: float
    learners: tuple[str, ...]
    formgrader: str


@dataclass(frozen=True, slots=True)
class GradingPage:
    """The queue."""

    title: str
    course: str
    as_of: datetime
    tests: Listing[TestRow]
    decided: int
    """How many tests a person has decided already."""
    by_hand: tuple[HandRow, ...]
    answers: int
    """How many answers wait in `by_hand`."""
    marker: Marker


@dataclass(frozen=True, slots=True)
class TestPage:
    """One test with everything that a person needs to decide it."""

    title: str
    course: str
    row: TestRow
    manual: float | None
    answers: tuple[tuple[str, str], ...]
    test: str
    formgrader: str
    marker: Marker
    previous: str
    next: str
    """Queries of the pages before and after; empty at the ends."""


def grading_page(insight: CourseInsight, asked: Asked, title: str, marker: Marker) -> GradingPage:
    """Return the queue of a released course."""
    waiting = [_row(each) for each in insight.undecided_tests]
    found = selected(
        waiting,
        asked,
        words=lambda row: f"{row.learner} {row.assignment} {row.cell}",
        kind=lambda row: row.assignment,
        columns={"learner": lambda row: row.learner, "assignment": lambda row: (row.assignment, row.cell), "cell": lambda row: row.cell},
    )
    by_hand = _by_hand(insight, marker)
    return GradingPage(
        title=title,
        course=marker.course,
        as_of=insight.read_at,
        tests=paged(found, asked, of=len(waiting)),
        decided=len(insight.reviews) - len(waiting),
        by_hand=by_hand,
        answers=sum(len(each.learners) for each in by_hand),
        marker=marker,
    )


def _by_hand(insight: CourseInsight, marker: Marker) -> tuple[HandRow, ...]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    points: dict[tuple[str, str, str], float] = {}
    for row in rows_of(insight.by_hand):
        place = (str(row["assignment"]), str(row["notebook"]), str(row["cell"]))
        groups.setdefault(place, []).append(str(row["learner"]))
        points[place] = float(row["points_possible"])
    return tuple(
        HandRow(*place, points=points[place], learners=tuple(sorted(learners)), formgrader=marker.at(*place[:2]))
        for place, learners in groups.items()
    )


def _row(item: ReviewItem) -> TestRow:
    page = {"learner": item.learner, "assignment": item.assignment, "notebook": item.notebook, "cell": item.cell}
    return TestRow(
        learner=item.learner,
        assignment=item.assignment,
        notebook=item.notebook,
        cell=item.cell,
        possible=item.points_possible,
        sealed=item.review.sealed_score,
        compat=item.review.compat_score,
        was_compared=item.review.was_compared,
        reasons=tuple(item.review.reasons),
        page="?" + urlencode(page),
    )


def review_page(insight: CourseInsight, place: tuple[str, str, str, str], title: str, marker: Marker) -> TestPage | None:
    """Return the page of one test, None if no such test waits or waited.

    Args:
        place: learner, assignment, notebook, cell.
    """
    waiting = [each for each in insight.reviews if each.manual_score is None or _place(each) == place]
    number = next((number for number, each in enumerate(waiting) if _place(each) == place), None)
    if number is None:
        return None
    item = waiting[number]
    return TestPage(
        title=title,
        course=marker.course,
        row=_row(item),
        manual=item.manual_score,
        answers=tuple((name, shown_code(text)) for name, text in item.answers),
        test=shown_code(item.test),
        formgrader=marker.at(item.assignment, item.notebook),
        marker=marker,
        previous=_row(waiting[number - 1]).page if number else "",
        next=_row(waiting[number + 1]).page if number + 1 < len(waiting) else "",
    )


def shown_code(text: str) -> str:
    """Return code of a learner as it is shown: characters that hide or turn the direction of reading as their numbers, and not without end."""
    shown = "\n".join(visible(line) for line in text[:_LONGEST].split("\n"))
    return shown if len(text) <= _LONGEST else shown + "\n…"


def _place(item: ReviewItem) -> tuple[str, str, str, str]:
    return item.learner, item.assignment, item.notebook, item.cell


class GradingHandler(FacultyHandler):
    """The queue."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        self.taught(course)
        insight = await self.insight(course)
        marker = Marker(course, self.formgrader(course))
        page = await self.compute(grading_page, insight, self.asked(), self.gettext("What waits for a person"), marker)
        self.show("faculty/grading.html", page)


class ReviewHandler(FacultyHandler):
    """One test of the queue."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        self.taught(course)
        names = [self.get_query_argument(name, "") for name in ("learner", "assignment", "notebook", "cell")]
        insight = await self.insight(course)
        marker, title = Marker(course, self.formgrader(course)), self.gettext("A test that a person decides")
        page = await self.compute(review_page, insight, (names[0], names[1], names[2], names[3]), title, marker)
        if page is None:
            raise HTTPError(404)
        self.show("faculty/review.html", page)
