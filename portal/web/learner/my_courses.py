"""My courses: each with one next step, until when, and how far one is, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tornado.web import authenticated

from courses.settings import Site
from portal.claiming import consents_of
from portal.learner_credentials import OwnCredential, credentials_of_learner
from portal.learner_work import LearnerCourse, courses_of, read_learner
from portal.next_step import NextStep, next_step
from portal.web.learner.learner_handler import LearnerHandler
from portal.web.visitor import Visitor


@dataclass(frozen=True, slots=True)
class CourseOfMine:
    """A course in the list."""

    id: str
    title: str
    step: NextStep
    step_title: str
    """Of the assignment that the step is about; empty if it is about none."""
    credential: str
    """The UUID of the newest credential of the course, one that is in force first; empty if there is none."""
    done: int
    of: int
    overall: float
    needed: float


@dataclass(frozen=True, slots=True)
class MyCoursesPage:
    """All courses of the visitor."""

    title: str
    now: tuple[CourseOfMine, ...]
    earlier: tuple[CourseOfMine, ...]
    """Those with a credential, and those that are over: they stay readable."""
    credentials: int
    has_staff_pages: bool


def my_courses_page(site: Site, visitor: Visitor, language: str, title: str, now: datetime) -> MyCoursesPage:
    """Return the visitor's courses, what is open first."""
    held = credentials_of_learner(site, visitor.name, now=now)
    named = {each.course for each in consents_of(site, visitor.name) if each.kind == "name"}
    lists: dict[bool, list[CourseOfMine]] = {False: [], True: []}
    for name in courses_of(site, visitor.name, visitor.learns):
        course = read_learner(site, name, visitor.name, is_enrolled=name in visitor.learns)
        of_course = [each for each in held if each.course == name]
        entry = _entry(course, of_course, language, now, has_told_name=name in named)
        kind = entry.step.kind
        lists[kind in {"done", "former"} or (course.is_over(now) and kind not in {"claim", "confirm name"})].append(entry)
    return MyCoursesPage(title, tuple(lists[False]), tuple(lists[True]), len(held), bool(visitor.teaches) or visitor.is_staff)


def _entry(course: LearnerCourse, held: Sequence[OwnCredential], language: str, now: datetime, *, has_told_name: bool) -> CourseOfMine:
    current, former = [each for each in held if each.is_in_force], [each for each in held if each.is_former]
    step = next_step(
        course,
        has_unclaimed=any(each.state == "ready" for each in current),
        is_awarded=bool(current),
        has_told_name=has_told_name,
        now=now,
        was_awarded=bool(former),
    )
    return CourseOfMine(
        id=course.id,
        title=course.manifest.title.in_language(language),
        step=step,
        step_title=step.work.assessment.title.in_language(language) if step.work else "",
        credential=next((each.name for each in (*current, *former)), ""),
        done=course.done,
        of=len(course.works),
        overall=course.eligibility.overall if course.eligibility else 0.0,
        needed=course.manifest.pass_rule.overall,
    )


class MyCoursesHandler(LearnerHandler):
    """My courses."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        title = self.gettext("My courses")
        page = await self.compute(my_courses_page, self.portal.site, self.require(), self.language, title, self.portal.now())
        self.show("learner/my.html", page)
