"""The versions of a course that were released: their manifests are frozen, so that every page a credential points to says for ever what it said then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from courses.errors import DiagnosedError
from courses.manifest import CourseManifest
from courses.manifest_file import load_frozen_manifest
from courses.names import COURSE_ID
from courses.release import Release, find_release
from courses.release_record import kept_releases
from courses.review_record import load_reviews
from courses.review_workflow import is_retired
from courses.settings import Site


@dataclass(frozen=True, slots=True)
class ReleasedVersion:
    """A version of a course as it was released."""

    manifest: CourseManifest
    sources: Path
    """Its frozen folder."""
    is_current: bool
    """Whether it is what stands in the exchange now."""


@dataclass(frozen=True, slots=True)
class ReleasedCourse:
    """A course that is or was open."""

    id: str
    release: Release
    versions: tuple[ReleasedVersion, ...]
    """The current one first, then the newest of the others first. Never empty."""
    is_closed: bool
    """Whether it was retired, or its folder is gone: it takes no new learners, and stays readable."""

    @property
    def current(self) -> ReleasedVersion:
        """What is, or last was, taught."""
        return self.versions[0]

    def find_version(self, version: str) -> ReleasedVersion | None:
        """Return one version, None if it was never released."""
        return next((each for each in self.versions if each.manifest.version == version), None)


def released_courses(site: Site) -> tuple[ReleasedCourse, ...]:
    """Return the courses that were released, the newest release first; one that cannot be read is left out."""
    folder = site.root / site.settings.paths.work
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    found = [course for course in (find_released(site, name) for name in names) if course is not None]
    return tuple(sorted(found, key=lambda course: (course.release.released_at, course.id), reverse=True))


def find_released(site: Site, name: str) -> ReleasedCourse | None:
    """Return a released course; None if there is none of that name, or nothing of it can be read."""
    if not COURSE_ID.fullmatch(name):
        return None
    root = site.course_root(name)
    release = find_release(root)
    if release is None:
        return None
    versions = _versions(root, release)
    return ReleasedCourse(name, release, versions, _is_closed(site, name)) if versions else None


def _versions(root: Path, release: Release) -> tuple[ReleasedVersion, ...]:
    """Return one release of each version: the current one, of others the one that was made last."""
    others = [name for name in kept_releases(root) if name != release.content_hash]
    others.sort(key=lambda name: (root / "releases" / name).stat().st_mtime, reverse=True)
    found: dict[str, ReleasedVersion] = {}
    for name in [release.content_hash, *others]:
        sources = root / "releases" / name / release.course
        manifest = _frozen_manifest(sources)
        if manifest is not None:
            found.setdefault(manifest.version, ReleasedVersion(manifest, sources, name == release.content_hash))
    return tuple(found.values())


def _frozen_manifest(sources: Path) -> CourseManifest | None:
    try:
        return _manifest_once(sources, (sources / "course.toml").stat().st_mtime_ns)
    except (DiagnosedError, OSError):
        return None


@lru_cache(maxsize=512)
def _manifest_once(sources: Path, _changed_ns: int) -> CourseManifest:
    return load_frozen_manifest(sources)


def _is_closed(site: Site, name: str) -> bool:
    folder = site.courses / name
    try:
        return not folder.is_dir() or is_retired(load_reviews(folder))
    except DiagnosedError:
        return False
