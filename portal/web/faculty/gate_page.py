"""What the gate said of a course's sources, whole and in the reader's language: of the last check from here, or of the release that runs.

Both are stored where the course's teachers can write: the page is drawn from the values of the report, never from a page that was stored with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tornado.web import HTTPError, authenticated

from courses.catalogue import Course, course_ids
from courses.errors import DiagnosedError
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from portal.background_work import WorkState, find_work
from portal.course_readiness import course_readiness
from portal.releasing import load_gate_report
from portal.web.course_titles import titles_in
from portal.web.faculty.faculty_handler import FacultyHandler
from portal.web.faculty.gate_runs import AssignmentRun, gate_runs
from portal.web.faculty.gate_words import GateWords, gate_words

CHECK = "check"


@dataclass(frozen=True, slots=True)
class GatePage:
    """The page."""

    title: str
    course: str
    is_of_release: bool
    words: GateWords
    runs: tuple[AssignmentRun, ...]


def gate_page(site: Site, name: str, which: str, language: str, *, now: datetime) -> GatePage | None:
    """Return the page of the last check (`check`) or of the release that runs (`released`); None if there is none that can be read."""
    told = _checked_report(site, name) if which == CHECK else released_report(site, name)
    course = course_readiness(site, name, now=now).course if name in course_ids(site.courses) else None
    words = gate_words(told, outcome_names(site, name, course, language))
    title = course.manifest.title.in_language(language) if course else name
    return GatePage(title, name, which != CHECK, words, gate_runs(told)) if words else None


def outcome_names(site: Site, name: str, course: Course | None, language: str) -> Mapping[str, str]:
    """Return the English texts of a course's outcomes, and what they are in a language: as released, and as its sources have them now."""
    names = dict(titles_in(course.manifest, language)) if course else {}
    try:
        return {**titles_in(load_released_manifest(site.course_root(name)), language), **names}
    except DiagnosedError:  # not released, or not to be read: then what the sources say has to do
        return names


def released_report(site: Site, name: str) -> Any:
    """Return what the gate said of the release that runs, as JSON values; None if there is nothing that can be read."""
    root = site.course_root(name)
    release = find_release(root)
    return load_gate_report(root, release) if release else None


def _checked_report(site: Site, name: str) -> Any:
    check = find_work(site.course_root(name), CHECK)
    return check.result if check.state is WorkState.DONE else None


class GatePageHandler(FacultyHandler):
    """What the gate said, whole."""

    @authenticated
    async def get(self, course: str, which: str) -> None:
        """Show it."""
        self.seen(course)
        page = await self.compute(gate_page, self.portal.site, course, which, self.language, now=self.portal.now())
        if page is None:
            raise HTTPError(404)
        self.show("faculty/gate_page.html", page)
