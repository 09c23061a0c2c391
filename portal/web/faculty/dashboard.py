"""How a run goes: the way from enrolled to credentialed, who may not make it and why, how the scores spread, and the full report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tornado.web import HTTPError, authenticated

from autograder.analysis.course_results import BINS
from portal.background_work import Work
from portal.course_insight import CourseInsight
from portal.web.course_titles import titles_in
from portal.web.faculty.charts import Chart, columns
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.numbers import known, rows_of

SHOWN_AT_RISK = 25
REPORT = "report"
_REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """How one assignment goes."""

    id: str
    title: str
    states: Mapping[str, int]
    """Learners by state, see `autograder.gradebook`."""
    late: int
    graded: int
    mean: float | None
    """Shares 0 to 1, after late penalties; None: nobody is graded."""
    median: float | None
    lowest: float | None
    highest: float | None
    tenths: tuple[int, ...]
    """How many graded learners are in each tenth of the scale."""
    chart: Chart


@dataclass(frozen=True, slots=True)
class RiskRow:
    """A learner who may not make it."""

    learner: str
    score: float
    best: float
    days: int | None
    submissions: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunPage:
    """The dashboard."""

    title: str
    course: str
    version: str
    as_of: datetime
    stages: tuple[tuple[str, int, float | None], ...]
    """Name, learners, share of the first stage."""
    assignments: tuple[AssignmentRow, ...]
    outcomes: tuple[tuple[str, str, float, int, int], ...]
    """Id, text, needed share, learners, how many reached it."""
    at_risk: tuple[RiskRow, ...]
    titles: Mapping[str, str]
    """Of the course, English to the page's language: reasons name them."""
    all_at_risk: int
    report_at: datetime | None
    """When the full report was made; None if there is none."""
    report_work: Work
    formgrader: str
    done: str


@dataclass(frozen=True, slots=True)
class UnreleasedPage:
    """A course that does not run."""

    title: str
    course: str


def run_page(insight: CourseInsight, language: str, report: tuple[datetime | None, Work], formgrader: str, done: str) -> RunPage:
    """Return the dashboard of a released course."""
    tables, manifest = insight.tables, insight.standing.manifest
    risk = [_risk(row) for row in rows_of(tables["at_risk"].head(SHOWN_AT_RISK))]
    states = {str(row["assignment"]): row for row in rows_of(tables["states"])}
    titles = {each.id: each.title.in_language(language) for each in manifest.assessments}
    told = titles_in(manifest, language)
    return RunPage(
        title=manifest.title.in_language(language),
        course=manifest.id,
        version=manifest.version,
        as_of=insight.read_at,
        stages=tuple((str(row["stage"]), int(row["learners"]), known(row["of_first"])) for row in rows_of(tables["funnel"])),
        assignments=tuple(_assignment(row, states[str(row["assignment"])], titles) for row in rows_of(tables["scores"])),
        outcomes=tuple(
            (
                str(row["outcome"]),
                told.get(str(row["text"]), str(row["text"])),
                float(row["minimum"]),
                int(row["learners"]),
                int(row["reached"]),
            )
            for row in rows_of(tables["outcomes"])
        ),
        at_risk=tuple(risk),
        titles=told,
        all_at_risk=len(tables["at_risk"]),
        report_at=report[0],
        report_work=report[1],
        formgrader=formgrader,
        done=done,
    )


def _risk(row: dict[str, object]) -> RiskRow:
    days = known(row["days_since_last"])
    reasons = row["reasons"]
    assert isinstance(reasons, list)
    return RiskRow(
        learner=str(row["learner"]),
        score=known(row["score_so_far"]) or 0.0,
        best=known(row["best_possible"]) or 0.0,
        days=None if days is None else int(days),
        submissions=int(known(row["submissions"]) or 0),
        reasons=tuple(map(str, reasons)),
    )


def _assignment(row: dict[str, object], states: dict[str, object], titles: Mapping[str, str]) -> AssignmentRow:
    name = str(row["assignment"])
    tenths = tuple(int(known(row[f"from_{100 * tenth // BINS}"]) or 0) for tenth in range(BINS))
    return AssignmentRow(
        id=name,
        title=titles.get(name, name),
        states={state: int(known(count) or 0) for state, count in states.items() if state not in {"assignment", "late"}},
        late=int(known(states["late"]) or 0),
        graded=int(known(row["graded"]) or 0),
        mean=known(row["mean"]),
        median=known(row["median"]),
        lowest=known(row["lowest"]),
        highest=known(row["highest"]),
        tenths=tenths,
        chart=columns([str(100 * tenth // BINS) for tenth in range(BINS)], tenths),
    )


class RunHandler(FacultyHandler):
    """The dashboard of a run."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        self.taught(course)
        if not self.is_released(course):
            self.show("faculty/unreleased.html", UnreleasedPage(course, course))
            return
        report = _made_at(report_path(self.portal.site.root, course)), self.work(course, REPORT)
        page = run_page(await self.insight(course), self.language, report, self.formgrader(course), self.done)
        self.show("faculty/run.html", page)


class ReportHandler(FacultyHandler):
    """The full report: shown as it was made, and made anew on request."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it, shut off from everything: its texts come from notebooks."""
        self.taught(course)
        path = report_path(self.portal.site.root, course)
        if not path.is_file() or path.is_symlink():
            raise HTTPError(404)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", _REPORT_POLICY)
        self.finish(await self.compute(path.read_bytes))

    @authenticated
    async def post(self, course: str) -> None:
        """Make it anew."""
        self.taught(course)
        self.require_released(course)
        self.see(course, result=self.begin(course, REPORT, ["portal.cli", "report", course, "--json"]))


def report_path(site_root: Path, course: str) -> Path:
    """Return where `patunay report` puts the report of a course."""
    return site_root / "reports" / f"{course}.html"


def _made_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
