"""One learner of a course: every attempt with its receipt, what counts, and what was granted to them; an extension is granted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tornado.web import HTTPError, authenticated

from autograder.records import Result
from courses.errors import DiagnosedError
from courses.nbgrader_course import open_course
from courses.settings import Site
from issuer.standing import learners_of
from portal.attempt_states import SeenAttempt
from portal.extensions import Terms, Wanted, grant_extension, terms_of
from portal.learner_work import Work, read_learner
from portal.web.course_titles import titles_in
from portal.web.faculty.faculty_handler import FacultyHandler


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt."""

    number: int
    stage: str
    """See `portal.attempt_states.Stage`."""
    submitted_at: datetime
    receipt: str
    """SHA-256 over its files."""
    reason: str
    earned: float | None
    """Points that programs gave; None: not graded."""
    possible: float | None
    counts: bool


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One assignment."""

    id: str
    title: str
    stage: str
    """See `portal.learner_work.WorkStage`."""
    share: float | None
    late_penalty: float
    terms: Terms
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True)
class LearnerPage:
    """One learner."""

    title: str
    course: str
    learner: str
    name: str
    email: str
    standing: str
    """See `issuer.eligibility.Status`; empty: nothing is known."""
    overall: float | None
    reasons: tuple[str, ...]
    titles: Mapping[str, str]
    """Of the course, English to the page's language: reasons name them."""
    works: tuple[WorkRow, ...]
    timezone: str
    done: str


def learner_page(site: Site, course: str, learner: str, language: str, done: str) -> LearnerPage | None:
    """Return the page of a learner of a released course, None if the course has none of that name."""
    directory = open_course(site.course_root(course))
    found = read_learner(site, course, learner, is_enrolled=True)
    who = learners_of(directory).get(learner)
    if who is None and not any(work.state.attempts for work in found.works):
        return None
    eligibility = found.eligibility
    return LearnerPage(
        title=(who.name if who and who.name else learner),
        course=course,
        learner=learner,
        name=(who.name or "") if who else "",
        email=(who.email or "") if who else "",
        standing=eligibility.status.value if eligibility else "",
        overall=eligibility.overall if eligibility else None,
        reasons=tuple(each.text for each in eligibility.reasons) if eligibility else (),
        titles=titles_in(found.manifest, language),
        works=tuple(_work(site, course, learner, each, language) for each in found.works),
        timezone=site.settings.timezone,
        done=done,
    )


def _work(site: Site, course: str, learner: str, work: Work, language: str) -> WorkRow:
    return WorkRow(
        id=work.id,
        title=work.assessment.title.in_language(language),
        stage=work.stage.value,
        share=work.share,
        late_penalty=work.late_penalty,
        terms=terms_of(site, course, learner, work.id),
        attempts=tuple(_attempt(each, counts=each.number == work.credited) for each in work.state.attempts),
    )


def _attempt(attempt: SeenAttempt, *, counts: bool) -> AttemptRow:
    earned, possible = _points(attempt.result)
    return AttemptRow(
        attempt.number, attempt.stage.value, attempt.submitted_at, attempt.digest, attempt.reason, earned, possible, counts
    )  # fmt: skip


def _points(result: Result | None) -> tuple[float | None, float | None]:
    if result is None:
        return None, None
    decided = [(float(cell["auto_score"]), float(cell["points_possible"])) for cell in result.cell_list() if cell["auto_score"] is not None]
    return sum(earned for earned, _ in decided), sum(possible for _, possible in decided)


def moment_in(text: str, timezone: str) -> datetime | None:
    """Return the moment that a field for day and time has, None if it is empty.

    Raises:
        ValueError: it is no moment.
    """
    if not text:
        return None
    local = datetime.fromisoformat(text)
    if local.tzinfo is not None:
        raise ValueError("a time with a zone")
    return local.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


class LearnerHandler(FacultyHandler):
    """One learner."""

    @authenticated
    async def get(self, course: str, learner: str) -> None:
        """Show their work."""
        self.taught(course)
        self.require_released(course)
        page = await self.compute(self._page, course, learner)
        if page is None:
            raise HTTPError(404)
        self.show("faculty/learner.html", page)

    def _page(self, course: str, learner: str) -> LearnerPage | None:
        try:
            return learner_page(self.portal.site, course, learner, self.language, self.done)
        except DiagnosedError as refused:
            if len(learner) > 255 or "/" in learner:
                raise HTTPError(404) from refused
            raise

    @authenticated
    async def post(self, course: str, learner: str) -> None:
        """Grant an extension, as the signed-in person."""
        visitor = self.taught(course)
        self.require_released(course)
        if await self.compute(self._page, course, learner) is None:
            raise HTTPError(404)
        try:
            until = moment_in(self.told("until", is_needed=False), self.portal.site.settings.timezone)
            extra = self.told("attempts", is_needed=False)
            attempts = int(extra) if extra else None
        except ValueError as wrong:
            raise HTTPError(400) from wrong
        wanted = Wanted(self.told("assignment"), learner, until, attempts, self.told("reason", is_needed=False), visitor.name)
        await self.compute(grant_extension, self.portal.site, course, wanted, now=self.portal.now())
        self.see(course, "learners", learner, result="granted")
