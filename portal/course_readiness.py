"""Whether a course's sources could be released, as far as that can be said without running anything; kept as long as nothing that it rests on changes."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from courses.catalogue import Course, load_course
from courses.content_hash import APPROVALS, course_sha256
from courses.errors import DiagnosedError
from courses.released import find_release
from courses.settings import Site
from portal.course_standing import CourseOverview, overview_of
from portal.gate.course_gate import check_files
from portal.gate.report import GateReport

_MOST = 32


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the sources of a course are like."""

    course: Course | None
    """None if they cannot be read."""
    overview: CourseOverview | None
    report: GateReport | None
    """What their files say; nothing was run."""
    problem: DiagnosedError | None
    """Why they cannot be read; None if they can."""

    @property
    def blocking(self) -> int:
        """How many findings stop a release."""
        return 1 if self.report is None else len(self.report.blocking)


_kept: dict[tuple[Path, str], tuple[object, Readiness]] = {}
_lock = threading.Lock()


def course_readiness(site: Site, name: str, *, now: datetime) -> Readiness:
    """Return what the sources of a course are like now.

    Raises:
        UnknownCourseError: the site has no such course.
    """
    place = (site.root, name)
    stamp = _stamp(site, name, now)
    with _lock:
        kept = _kept.get(place)
    if kept is not None and stamp is not None and kept[0] == stamp:
        return kept[1]
    found = _read(site, name, now)
    with _lock:
        _kept[place] = (stamp, found)
        while len(_kept) > _MOST:
            del _kept[next(iter(_kept))]
    return found


def _read(site: Site, name: str, now: datetime) -> Readiness:
    try:
        course = load_course(site.courses, name)
        return Readiness(course, overview_of(site, course, today=site.day_of(now)), check_files(site, course, now=now), None)
    except DiagnosedError as problem:
        return Readiness(None, None, None, problem)


def _stamp(site: Site, name: str, now: datetime) -> tuple[object, ...] | None:
    """Return what the result rests on; None if it cannot be said."""
    folder = site.courses / name
    try:
        approvals = folder / APPROVALS
        reviewed = approvals.read_bytes() if approvals.is_file() else b""
        release = find_release(site.course_root(name))
        return (course_sha256(folder), reviewed, site.day_of(now), release and release.content_hash, site.settings.model_dump_json())
    except (DiagnosedError, OSError):
        return None
