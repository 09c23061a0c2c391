"""What is released of a course: which version stands in the exchange, and where its sources are frozen."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from courses.errors import ReleaseRefusedError
from courses.manifest import CourseManifest
from courses.manifest_file import load_frozen_manifest
from courses.storage import write_atomically

_CURRENT = "current-release.json"


@dataclass(frozen=True, slots=True)
class Release:
    """What stands in the exchange now."""

    course: str
    version: str
    content_hash: str
    """SHA-256 over manifest, sources and environment; see `courses.release_record`."""
    released_at: str
    """ISO 8601, UTC."""
    assignments: tuple[str, ...]
    source_hash: str = ""
    """SHA-256 over the course's folder alone, which reviewers approve; see `courses.content_hash`."""


def find_release(course_root: Path) -> Release | None:
    """Return what is released of the course, None if nothing was."""
    path = course_root / _CURRENT
    if not path.is_file():
        return None
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Release(**{"source_hash": fields["content_hash"], **fields, "assignments": tuple(fields["assignments"])})


def load_released_manifest(course_root: Path) -> CourseManifest:
    """Return the manifest that was frozen at the release: what grading, eligibility and credentials go by.

    Raises:
        ReleaseRefusedError: the course is not released.
    """
    release = find_release(course_root)
    if release is None:
        raise ReleaseRefusedError(f"course {course_root.name!r} is not released", remedy=f"Run `patunay release {course_root.name}` first.")
    return load_frozen_manifest(frozen_source(course_root, release))


def frozen_source(course_root: Path, release: Release) -> Path:
    """Return the folder with the sources as they were released."""
    return course_root / "releases" / release.content_hash / release.course


def keep_release(course_root: Path, release: Release) -> None:
    """Write down that `release` is what stands in the exchange.

    Raises:
        StorageError: it cannot be written.
    """
    write_atomically(course_root / _CURRENT, json.dumps(asdict(release), indent=2) + "\n")
