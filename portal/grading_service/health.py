"""How the grading service is, for the office's page and for whoever asks `patunay watch --status`: a small file that the service writes, without anybody's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from autograder.wire_value import WireValue
from courses.settings import Site
from courses.storage import write_atomically

FOLDER = "service"
_FILE, LOCK = "grading.json", "grading.lock"
_SILENT = timedelta(seconds=30)
"""The service writes at least every five seconds; a loaded machine may be late."""


class CourseHealth(WireValue):
    """One released course."""

    course: str
    waiting: int = 0
    """Attempts that were collected and are not graded."""
    given_up: int = 0
    """Of these: attempts whose grading broke off so often that a person has to look."""
    running: int = 0
    graded: int = 0
    """Since the service was started."""
    last_graded_at: AwareDatetime | None = None
    problem: str = ""
    """Why nothing is graded here now; empty if nothing is wrong."""
    where: str = ""
    remedy: str = ""
    since: AwareDatetime | None = None
    """Of the problem."""
    next_try_at: AwareDatetime | None = None


class ServiceStatus(WireValue):
    """What the service wrote last."""

    process: int
    started_at: AwareDatetime
    beat: AwareDatetime
    courses: tuple[CourseHealth, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """How the service is now."""

    is_running: bool
    """Whether it gave a sign of life within half a minute."""
    status: ServiceStatus | None
    """What it wrote last; None if it never ran here."""

    @property
    def waiting(self) -> int:
        """How many attempts wait in all courses."""
        return sum(each.waiting for each in self.status.courses) if self.status else 0

    @property
    def problems(self) -> tuple[CourseHealth, ...]:
        """The courses in which something is wrong."""
        return tuple(each for each in self.status.courses if each.problem or each.given_up) if self.status else ()


def read_health(site: Site, *, now: datetime) -> ServiceHealth:
    """Return how the grading service of a site is."""
    try:
        status = ServiceStatus.model_validate_json((_folder(site) / _FILE).read_bytes())
    except (OSError, ValidationError):
        return ServiceHealth(is_running=False, status=None)
    return ServiceHealth(is_running=now - status.beat < _SILENT, status=status)


def write_status(site: Site, status: ServiceStatus) -> None:
    """Write down how the service is.

    Raises:
        StorageError: the disk is full, or not writable.
    """
    write_atomically(_folder(site) / _FILE, status.model_dump_json(indent=1) + "\n", sync=False)


def lock_file(site: Site) -> Path:
    """Return the file that the one service of a site holds, its folder made if absent."""
    _folder(site).mkdir(parents=True, exist_ok=True)
    return _folder(site) / LOCK


def _folder(site: Site) -> Path:
    return site.root / FOLDER
