"""The released courses as the office lists them."""

from __future__ import annotations

from dataclasses import dataclass

from courses.catalogue import course_ids
from courses.release import find_release, load_released_manifest
from courses.settings import Site


@dataclass(frozen=True, slots=True)
class OfficeCourse:
    """A released course."""

    id: str
    title: str
    version: str


def office_courses(site: Site, language: str) -> tuple[OfficeCourse, ...]:
    """Return the released courses by id, their titles in a language."""
    found = []
    for name in course_ids(site.courses):
        if find_release(site.course_root(name)) is not None:
            manifest = load_released_manifest(site.course_root(name))
            found.append(OfficeCourse(name, manifest.title.in_language(language), manifest.version))
    return tuple(found)
