"""Grades attempts once more with the tests of the release that they were graded with, and compares: what an older version's results rest on stays checkable.

Nothing of the course changes: the frozen sources, first found to be what their hash says, become a course directory of their own in a temporary folder, with
its own gradebook and record. Which attempts a release graded is what our record of grading says: their runs name the digest of the sources.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.execution.engines import EngineRoom
from autograder.grading import GradingOptions, Progress, grade_assignment
from autograder.nbgrader_database import load_source
from autograder.records import Attempt, Result, attempts_of, newest_result, open_records
from autograder.site_options import site_limits
from courses.catalogue import Course
from courses.errors import ReleaseRefusedError
from courses.manifest_file import load_frozen_manifest
from courses.nbgrader_course import NbgraderCourse, open_course
from courses.notebook import load_notebooks
from courses.release import draft_course
from courses.release_record import FrozenRelease, kept_releases, load_frozen_release
from courses.scratch import ScratchFolder
from courses.settings import Site
from issuer.standing import released_root

Scores = Mapping[str, float | None]
"""Points by test cell (`notebook.ipynb, cell`); None where there was no verdict."""


@dataclass(frozen=True, slots=True)
class Rechecked:
    """One attempt: what was recorded, and what the same tests say now."""

    release: str
    """The content hash of the release."""
    assignment: str
    learner: str
    attempt: str
    """SHA-256 of the submission's files."""
    recorded: Scores
    found: Scores

    @property
    def is_same(self) -> bool:
        """Whether each test gives what it gave then."""
        return self.recorded == self.found


def recheck_version(
    site: Site, course: str, version: str, learners: tuple[str, ...], *, now: Callable[[], datetime], progress: Progress
) -> tuple[Rechecked, ...]:
    """Grade the attempts that were graded with `version` again with its own frozen tests; of each learner the last such attempt of each assignment.

    Args:
        version: a version such as 1.0.0, or the beginning of a release's content hash.
        learners: only theirs; empty: everybody's.

    Raises:
        ReleaseRefusedError: there is no such release, or its sources were changed since.
    """
    root = released_root(site, course)
    return tuple(
        item
        for frozen in releases_of(root, version)
        for item in _recheck_release(site, open_course(root), frozen, learners, now=now, progress=progress)
    )


def releases_of(root: Path, version: str) -> list[FrozenRelease]:
    """Return the kept releases of a version, one for each state of its sources.

    Raises:
        ReleaseRefusedError: there is none, or it was changed since.
    """
    found: dict[str, FrozenRelease] = {}
    known: set[str] = set()
    for content_hash in kept_releases(root):
        frozen = load_frozen_release(root, content_hash)
        told = frozen.record.version if frozen.record else load_frozen_manifest(frozen.sources).version
        known.add(told)
        if told == version or (len(version) >= 8 and content_hash.startswith(version)):
            found.setdefault(frozen.record.sources_sha256 if frozen.record else content_hash, frozen)
    if not found:
        raise ReleaseRefusedError(
            f"there is no release {version!r} of this course", where=root.name, remedy=f"Released were: {', '.join(sorted(known))}."
        )
    return list(found.values())


def _recheck_release(
    site: Site,
    course: NbgraderCourse,
    frozen: FrozenRelease,
    learners: tuple[str, ...],
    *,
    now: Callable[[], datetime],
    progress: Progress,
) -> Iterator[Rechecked]:
    manifest = load_frozen_manifest(frozen.sources)
    as_it_was = Course(frozen.sources, manifest, {each.id: load_notebooks(frozen.sources / each.id) for each in manifest.assessments})
    grading = site.settings.grading
    with (
        ScratchFolder("recheck") as scratch,
        EngineRoom(sandbox_required=grading.sandbox == "required") as room,
    ):
        draft = draft_course(site, as_it_was, tuple(each.id for each in manifest.assessments), Path(scratch))
        for assessment in manifest.assessments:
            recorded = _graded_with(course, assessment.id, load_source(draft, assessment.id).digest, learners)
            if not recorded:
                continue
            for attempt, _ in recorded:
                shutil.copytree(course.root / attempt.folder, draft.submitted(attempt.learner, assessment.id))
            options = GradingOptions(
                workers=grading.jobs,
                limits=site_limits(grading),
                course_limits=manifest.limits_of(assessment.id),
                sandbox_required=grading.sandbox == "required",
                choices=assessment.cells,
                sealed_required=manifest.assurance == "sealed",
                variants_required=assessment.variants is not None,
            )
            grade_assignment(draft, assessment.id, options, now=now, progress=progress, room=room)
            yield from _compared(draft, frozen, recorded)


def _graded_with(course: NbgraderCourse, assignment: str, digest: str, learners: tuple[str, ...]) -> list[tuple[Attempt, Result]]:
    """Return of each learner the last attempt with a result that was made with these sources, and that result."""
    found: dict[str, tuple[Attempt, Result]] = {}
    with open_records(course) as session:
        for learner, attempts in attempts_of(session, assignment, learners or None).items():
            for attempt in attempts:
                results = [each for each in attempt.results if each.run.source_digest == digest and each.status == "graded"]
                if results:
                    found[learner] = (attempt, results[-1])
    return list(found.values())


def _compared(draft: NbgraderCourse, frozen: FrozenRelease, recorded: list[tuple[Attempt, Result]]) -> Iterator[Rechecked]:
    assignment = recorded[0][0].assignment
    with open_records(draft) as session:
        again = attempts_of(session, assignment)
        for attempt, result in recorded:
            newest = newest_result(again[attempt.learner][-1]) if again.get(attempt.learner) else None
            found = _scores(newest) if newest is not None else {}
            yield Rechecked(frozen.content_hash, assignment, attempt.learner, attempt.digest, _scores(result), found)


def _scores(result: Result) -> Scores:
    return {f"{cell['notebook']}.ipynb, {cell['name']}": cell["auto_score"] for cell in result.cell_list() if cell["kind"] == "test"}
