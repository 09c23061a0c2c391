"""Mutates assignments of a course as its author has them, before anything is released."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.execution.engines import EngineRoom
from autograder.grading import with_course_limits
from autograder.mutation.accepted import load_accepted
from autograder.mutation.mutating import EVERYTHING, Progress, Wanted, mutate_assignment, tell_nobody
from autograder.mutation.report import MutationReport
from autograder.mutation.sources import read_source
from autograder.site_options import site_limits
from courses.catalogue import Course
from courses.errors import UnknownAssignmentError
from courses.settings import Site


def mutate_course(
    site: Site, course: Course, assignments: Sequence[str], *, wanted: Wanted = EVERYTHING, progress: Progress = tell_nobody
) -> list[MutationReport]:
    """Return what became of the mutants of each assignment.

    Args:
        progress: told how many mutants of the assignment that is at hand are done, and of how many.

    Raises:
        MutantsFileError: `equivalent_mutants.toml` does not fit.
        UnknownAssignmentError: no assignment has the answer cell that is wanted.
        SandboxMissingError: no kernel can be forked here.
        NotebookError: a notebook cannot be read.
    """
    accepted = load_accepted(course.folder)
    sources = [read_source(course.id, course.folder / each) for each in assignments]
    if wanted.cell is not None:
        sources = [each for each in sources if any(cell.name == wanted.cell for notebook in each.notebooks for cell in notebook.cells)]
        if not sources:
            raise UnknownAssignmentError(
                f"no notebook of {', '.join(assignments)} has a cell {wanted.cell!r}", remedy="`patunay mutants` without --cell lists them."
            )
    reports = []
    with EngineRoom(sandbox_required=site.settings.grading.sandbox == "required") as room:
        for source in sources:
            ready = room.prepare(source)
            if ready.server is not None:  # sealed grading, which the room is made for, has one or raises
                limits = with_course_limits(site_limits(site.settings.grading), course.manifest.limits_of(source.assignment))
                reports.append(mutate_assignment(source, ready.server, limits, accepted=accepted, progress=progress, wanted=wanted))
    return reports
