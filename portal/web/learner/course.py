"""A course of mine: every assignment with its state and what can be done with it, and the checklist of the credential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from tornado.web import authenticated

from issuer.eligibility import Eligibility, Status
from portal.learner_credentials import OwnCredential, credentials_of_learner
from portal.learner_work import LearnerCourse, Work
from portal.requirements import Requirements, requirements_of
from portal.web.learner.learner_handler import LearnerHandler


@dataclass(frozen=True, slots=True)
class WorkRow:
    """An assignment in the list."""

    work: Work
    title: str
    is_late: bool
    """Whether its due date has passed."""
    jupyter: str
    """Where Jupyter opens it; empty without a hub, and where the course is over."""


@dataclass(frozen=True, slots=True)
class CoursePage:
    """One course."""

    title: str
    id: str
    version: str
    rows: tuple[WorkRow, ...]
    requirements: Requirements
    eligibility: Eligibility | None
    is_eligible: bool
    is_enrolled: bool
    contact: str
    late_policy: str
    credential: OwnCredential | None
    """The learner's newest one of this course, one that is in force first; None if there is none."""


def course_page(course: LearnerCourse, held: Sequence[OwnCredential], language: str, hub_home: str, now: datetime) -> CoursePage:
    """Return the page of a course as a learner stands in it.

    Args:
        held: the learner's credentials, of all courses.
        hub_home: the hub's own prefix, empty without a hub.
    """
    rows = tuple(
        WorkRow(
            work=each,
            title=each.assessment.title.in_language(language),
            is_late=each.due is not None and each.due < now,
            jupyter=jupyter_address(hub_home, course.id, each.id) if course.is_enrolled else "",
        )
        for each in course.works
    )
    told, own = course.eligibility, [each for each in held if each.course == course.id]
    current, former = [each for each in own if each.is_in_force], [each for each in own if each.is_former]
    return CoursePage(
        title=course.manifest.title.in_language(language),
        id=course.id,
        version=course.manifest.version,
        rows=rows,
        requirements=requirements_of(course, language),
        eligibility=told,
        is_eligible=told is not None and told.status is Status.ELIGIBLE,
        is_enrolled=course.is_enrolled,
        contact=course.manifest.contact.email,
        late_policy=course.manifest.late_policy,
        credential=next(iter((*current, *former)), None),
    )


def jupyter_address(hub_home: str, course: str, assignment: str) -> str:
    """Return where the visitor's own Jupyter opens an assignment, which is fetched there if need be; empty without a hub."""
    return f"{hub_home}user-redirect/patunay/open/{course}/{quote(assignment, safe='')}" if hub_home else ""


class CourseHandler(LearnerHandler):
    """A course of mine."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        found, now = await self.own_course(course), self.portal.now()
        held = await self.compute(credentials_of_learner, self.portal.site, self.learner, now=now)
        self.show("learner/course.html", course_page(found, held, self.language, self.portal.hub_home, now))
