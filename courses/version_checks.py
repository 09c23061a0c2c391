"""Q20: a changed assessment or outcome is a new version, its change log says so, and versions only go up.

A course is compared with its last release, whose sources are frozen in the course directory. Within a version the ids of cells stay: results and credentials
name them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from courses.catalogue import Course
from courses.content_hash import course_sha256
from courses.findings import Finding, blocking, warning
from courses.manifest_file import load_frozen_manifest
from courses.notebook import load_notebooks
from courses.released import Release, find_release, frozen_source
from courses.static_checks.places import ManifestSpots, Spot, read_course_text
from courses.version_changes import Change, ChangeKind, changes_between, kind_of, vanished_cells

_SHOWN = 5
"""How many changes a finding names."""


def check_version(course: Course, course_root: Path) -> list[Finding]:
    """Return what keeps the course's version from being released after the last one; nothing if none was released.

    Raises:
        ManifestError, NotebookError: the sources of the last release are gone or cannot be read.
    """
    last = find_release(course_root)
    if last is None or last.source_hash == course_sha256(course.folder):
        return []
    released = load_frozen_course(course_root, last)
    changes = changes_between(released, course, last.assignments)
    spots = ManifestSpots(course.manifest, read_course_text(course))
    found = list(_version_findings(course, last, changes, spots))
    if course.manifest.version == last.version:
        found += _id_findings(released, course, last)
    return found


def load_frozen_course(course_root: Path, release: Release) -> Course:
    """Return the course as it was released."""
    folder = frozen_source(course_root, release)
    manifest = load_frozen_manifest(folder)
    return Course(folder, manifest, {each.id: load_notebooks(folder / each.id) for each in manifest.assessments})


def version_number(version: str) -> tuple[int, ...]:
    """Return a version such as 1.10.0 as numbers, to be compared."""
    return tuple(int(part) for part in version.split("."))


def _version_findings(course: Course, last: Release, changes: list[Change], spots: ManifestSpots) -> Iterator[Finding]:
    version, kind = course.manifest.version, kind_of(changes)
    here = spots.at("version")
    if version_number(version) < version_number(last.version):
        yield _blocked(
            here, f"version {version} comes after {last.version}, which is released", f"Take a higher version than {last.version}."
        )
    elif version == last.version and kind >= ChangeKind.ASSESSMENT:
        yield _blocked(
            here,
            f"version {version} is released, and since then {_told(changes, kind)}",
            f"Take a higher version, and give it a line of kind {kind.word!r} in change_log; or take the change back.",
        )
    elif version != last.version and kind > _logged(course, last):
        spot = spots.at("change_log")
        remedy = f"Add a line for {version} with kind = {kind.word!r} that says what changed."
        if kind >= ChangeKind.ASSESSMENT:
            yield _blocked(spot, f"the change log does not say what changed since {last.version}: {_told(changes, kind)}", remedy)
        else:
            yield warning("Q20", f"the change log has no line for version {version}", spot.where, remedy, spot.place)


def _logged(course: Course, last: Release) -> ChangeKind:
    """Return the weightiest kind that the change log tells of since the last release."""
    since, until = version_number(last.version), version_number(course.manifest.version)
    lines = (line for line in course.manifest.change_log if since < version_number(line.version) <= until)
    return max((ChangeKind[line.kind.upper()] for line in lines), default=ChangeKind.NONE)


def _told(changes: list[Change], kind: ChangeKind) -> str:
    """Return the changes of that kind in words."""
    telling = [f"{change.where}: {change.what}" for change in changes if change.kind is kind]
    more = f"; and {len(telling) - _SHOWN} more" if len(telling) > _SHOWN else ""
    told = "; ".join(telling[:_SHOWN])
    if kind is ChangeKind.OUTCOME:
        return f"an outcome changed ({told}{more})"
    return f"the assessment changed ({told}{more})" if kind is ChangeKind.ASSESSMENT else f"a text changed ({told}{more})"


def _id_findings(released: Course, course: Course, last: Release) -> Iterator[Finding]:
    for assignment, gone, new in vanished_cells(released, course, last.assignments):
        near = difflib.get_close_matches(gone, new, n=1, cutoff=0.5)
        hint = f" Was it renamed to {near[0]!r}?" if near else ""
        yield blocking(
            "Q20",
            f"cell {gone!r} was released in version {last.version} and is gone: results name it",
            assignment,
            f"Give the cell its id back, or take a higher version.{hint}",
        )


def _blocked(spot: Spot, problem: str, remedy: str) -> Finding:
    return blocking("Q20", problem, spot.where, remedy, spot.place)
