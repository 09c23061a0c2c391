"""Who has submitted what: a row a learner, searched, filtered, sorted and paged on the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tornado.web import authenticated

from portal.course_insight import CourseInsight
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.numbers import known, rows_of
from portal.web.listing import Asked, Listing, paged, selected


@dataclass(frozen=True, slots=True)
class Cell:
    """One assignment of a learner."""

    state: str
    """See `autograder.gradebook`."""
    share: float | None
    """0 to 1, after a late penalty; None while it is not decided."""
    attempts: int
    is_late: bool


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One learner."""

    learner: str
    name: str
    standing: str
    """See `issuer.eligibility.Status`."""
    overall: float
    is_at_risk: bool
    submissions: int
    last: datetime | None
    cells: tuple[Cell, ...]
    """In the order of the assignments."""


@dataclass(frozen=True, slots=True)
class LearnersPage:
    """The table."""

    title: str
    course: str
    as_of: datetime
    assignments: tuple[tuple[str, str], ...]
    """Id and title."""
    lines: Listing[LearnerRow]


def learner_rows(insight: CourseInsight) -> list[LearnerRow]:
    """Return a row for each learner, by id."""
    standing = insight.standing
    order = [each.id for each in standing.manifest.assessments]
    works: dict[str, dict[str, dict[str, object]]] = {}
    for row in rows_of(insight.results.work):
        works.setdefault(str(row["learner"]), {})[str(row["assignment"])] = row
    risk = set(insight.tables["at_risk"]["learner"])
    return [
        LearnerRow(
            learner=each.learner,
            name=(who.name or "") if (who := standing.learners.get(each.learner)) else "",
            standing=each.status.value,
            overall=each.overall,
            is_at_risk=each.learner in risk,
            submissions=sum(int(known(row["attempts"]) or 0) for row in theirs.values()),
            last=max((row["submitted_at"].to_pydatetime() for row in theirs.values() if known_time(row["submitted_at"])), default=None),  # type: ignore[attr-defined]  # pandas' moment
            cells=tuple(_cell(theirs.get(name)) for name in order),
        )
        for each in standing.eligibility
        for theirs in [works.get(each.learner, {})]
    ]


def known_time(value: object) -> bool:
    """Whether a moment of a frame is one."""
    return value is not None and value == value  # NaT is not itself


def _cell(row: dict[str, object] | None) -> Cell:
    if row is None:
        return Cell("not submitted", None, 0, False)
    score, possible = known(row["final_score"]), known(row["points_possible"])
    share = score / possible if row["state"] == "graded" and score is not None and possible else None
    return Cell(str(row["state"]), share, int(known(row["attempts"]) or 0), (known(row["seconds_late"]) or 0) > 0)


def learners_page(insight: CourseInsight, asked: Asked, language: str, title: str) -> LearnersPage:
    """Return one page of the table."""
    rows, assessments = learner_rows(insight), insight.standing.manifest.assessments
    columns: dict[str, Callable[[LearnerRow], object]] = {
        "learner": lambda row: row.learner,
        "name": lambda row: row.name.casefold(),
        "overall": lambda row: row.overall,
        "standing": lambda row: row.standing,
        "submissions": lambda row: row.submissions,
        "last": lambda row: row.last.timestamp() if row.last else 0.0,
    }
    for place, each in enumerate(assessments):
        columns[each.id] = partial(_share_at, place)
    found = selected(rows, _plain(asked), words=lambda row: f"{row.learner} {row.name}", kind=lambda row: row.standing, columns=columns)
    chosen = [row for row in found if asked.kind not in _KINDS or _KINDS[asked.kind](row)]
    return LearnersPage(
        title=title,
        course=insight.standing.manifest.id,
        as_of=insight.read_at,
        assignments=tuple((each.id, each.title.in_language(language)) for each in assessments),
        lines=paged(chosen, asked, of=len(rows)),
    )


_KINDS: dict[str, Callable[[LearnerRow], bool]] = {
    "at risk": lambda row: row.is_at_risk,
    "nothing": lambda row: not row.submissions,
    "waits": lambda row: any(cell.state in {"needs manual grading", "ungraded"} for cell in row.cells),
}


def _plain(asked: Asked) -> Asked:
    """Return what is asked without a kind of ours, which is filtered here."""
    return Asked(asked.search, "" if asked.kind in _KINDS else asked.kind, asked.sort, asked.page, asked.course)


def _share_at(place: int, row: LearnerRow) -> float:
    share = row.cells[place].share
    return -1.0 if share is None else share


class LearnersHandler(FacultyHandler):
    """Who has submitted what."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        self.taught(course)
        insight = await self.insight(course)
        page = await self.compute(learners_page, insight, self.asked(), self.language, self.gettext("Who has submitted what"))
        self.show("faculty/learners.html", page)
