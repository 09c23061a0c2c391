"""Release and review of a course: what the gate says of its sources, the release, and the steps of its reviews with the signed-in person as the actor."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tornado.web import HTTPError, authenticated

from courses.catalogue import course_ids, load_course
from courses.review_record import Action, ReviewStep
from courses.reviewing import take_step
from courses.settings import Site
from portal.background_work import Work, WorkState, find_work
from portal.course_readiness import course_readiness
from portal.course_standing import CourseOverview
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.gate_page import CHECK, outcome_names, released_report
from portal.web.faculty.gate_words import GateWords, gate_words, words_of
from portal.web.visitor import Role, Visitor

RELEASE = "release"
_ACTIONS: dict[str, Action] = {"submit": "submitted", "comment": "commented", "approve": "approved", "return": "returned"}
_reviewing = threading.Lock()
"""A record of reviews is read, then written: one step after the other."""


@dataclass(frozen=True, slots=True)
class May:
    """What the visitor may do here."""

    release: bool
    submit: bool
    decide: bool
    """Approve or return: who reviews for the institution, and does not teach this course."""


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """The page."""

    title: str
    course: str
    problem: str
    """Why the sources cannot be read; empty if they can."""
    remedy: str
    has_sources: bool
    overview: CourseOverview | None
    present: GateWords | None
    """What the files say now; None if they cannot be read."""
    last: GateWords | None
    """What the last whole check said, be it of other sources; None if there was none."""
    last_is_present: bool
    """Whether it was of the sources as they are now."""
    last_by: str
    has_last_page: bool
    has_released_page: bool
    check: Work
    release: Work
    is_blocked: bool
    history: tuple[ReviewStep, ...]
    """Newest first."""
    roles: tuple[str, ...]
    """In which the site asks for approvals."""
    may: May
    today: date
    done: str


def release_page(site: Site, name: str, visitor: Visitor, language: str, now: datetime, done: str) -> ReleasePage:
    """Return the page of a course of the site."""
    has_sources = name in course_ids(site.courses)
    readiness = course_readiness(site, name, now=now) if has_sources else None
    course, overview = (readiness.course, readiness.overview) if readiness else (None, None)
    outcomes = outcome_names(site, name, course, language)
    present = words_of(readiness.report, outcomes) if readiness and readiness.report else None
    root = site.course_root(name)
    check, release = find_work(root, CHECK), find_work(root, RELEASE)
    released = gate_words(released_report(site, name), outcomes)
    last, by, is_check = _last(check, released, outcomes)
    last_is_present = last is not None and present is not None and last.content_hash == present.content_hash
    problem = readiness.problem if readiness else None
    return ReleasePage(
        title=course.manifest.title.in_language(language) if course else name,
        course=name,
        problem=str(problem.problem) if problem else "",
        remedy=str(problem.remedy or "") if problem else "",
        has_sources=has_sources,
        overview=overview,
        present=present,
        last=last,
        last_is_present=last_is_present,
        last_by=by,
        has_last_page=is_check,
        has_released_page=released is not None,
        check=check,
        release=release,
        is_blocked=present is None or bool(present.blocking) or (last_is_present and last is not None and bool(last.blocking)),
        history=tuple(reversed(overview.history)) if overview else (),
        roles=site.settings.review.roles or ("Quality office",),
        may=may_of(visitor, name),
        today=site.day_of(now),
        done=done,
    )


def may_of(visitor: Visitor, course: str) -> May:
    """Return what the visitor may do: an approval is somebody else's than the course's own teachers'."""
    teaches = course in visitor.teaches
    return May(release=teaches, submit=teaches, decide=visitor.may(Role.QUALITY) and not teaches)


def _last(check: Work, released: GateWords | None, outcomes: Mapping[str, str]) -> tuple[GateWords | None, str, bool]:
    """Return what the last whole check said, who wanted it, and whether it was a check and not a release."""
    told = gate_words(check.result, outcomes) if check.state is WorkState.DONE else None
    if told is None or (released is not None and released.checked_at > told.checked_at):
        return released, "", False
    return told, check.by, True


class ReleaseHandler(FacultyHandler):
    """Release and review."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        visitor = self.seen(course)
        page = await self.compute(release_page, self.portal.site, course, visitor, self.language, self.portal.now(), self.done)
        self.show("faculty/release.html", page)


class CheckHandler(FacultyHandler):
    """The whole gate, in the background."""

    @authenticated
    async def post(self, course: str) -> None:
        """Start it."""
        self.seen(course)
        self._require_sources(course)
        depth = [] if self.get_body_argument("mutants", "") else ["--no-mutation"]
        self.see(course, "release", result=self.begin(course, CHECK, ["portal.cli", "check", course, "--json", *depth]))

    def _require_sources(self, course: str) -> None:
        if course not in course_ids(self.portal.site.courses):
            raise HTTPError(404)


class PublishHandler(CheckHandler):
    """The release itself: it runs the whole gate first, and stops where that stops it."""

    @authenticated
    async def post(self, course: str) -> None:
        """Start it."""
        self.taught(course)
        self._require_sources(course)
        self.see(course, "release", result=self.begin(course, RELEASE, ["portal.cli", "release", course, "--json"]))


class ReviewStepHandler(FacultyHandler):
    """A step of the review."""

    @authenticated
    async def post(self, course: str, step: str) -> None:
        """Take it, as the signed-in person."""
        visitor = self.seen(course)
        may = may_of(visitor, course)
        if (step in {"approve", "return"} and not may.decide) or (step == "submit" and not may.submit):
            raise HTTPError(403)
        if course not in course_ids(self.portal.site.courses):
            raise HTTPError(404)
        note = self.told("note", longest=4000, is_needed=step in {"comment", "return"})
        role = self.told("role", longest=200, is_needed=False) if may.decide else ""
        role = role or ("Quality office" if may.decide else "Teacher")
        await self.compute(self._take, course, _ACTIONS[step], visitor.name, role, note)
        self.see(course, "release", result=_ACTIONS[step])

    def _take(self, course: str, action: Action, person: str, role: str, note: str) -> None:
        site = self.portal.site
        with _reviewing:
            found = load_course(site.courses, course)
            take_step(site, found, action, person=person, role=role, note=note or None, today=site.day_of(self.portal.now()))
