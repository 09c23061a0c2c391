"""The rules that tie the manifest to the notebooks: which graded cell is evidence of which outcome, and whether the pass mark can be reached."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from courses.catalogue import Course
from courses.findings import Finding
from courses.notebook import CellKind
from courses.static_checks.places import ManifestSpots


def check_evidence(course: Course, text: str) -> Iterator[Finding]:
    """Yield what does not fit between course.toml, whose text is `text`, and the notebooks."""
    spots = ManifestSpots(course.manifest, text)
    yield from _items(course, spots)
    yield from _choices(course, spots)
    yield from _reach(course, spots)


def _items(course: Course, spots: ManifestSpots) -> Iterator[Finding]:
    """Q05: every graded cell gives evidence of an outcome, every outcome has a graded cell."""
    assessed: set[str] = set()
    for assessment in course.manifest.assessments:
        graded = {str(cell.grade_id): cell for notebook in course.notebooks[assessment.id] for cell in notebook.graded_cells}
        items = [item.cell for item in assessment.items]
        for name in sorted(graded.keys() - set(items)):
            problem = f"graded cell {name!r} gives evidence of no outcome"
            yield spots.assessment(assessment.id, "items").blocking("Q05", problem, "Add an item for it.")
        for number, item in enumerate(assessment.items):
            if item.cell not in graded:
                problem = f"item {item.cell!r} is no graded cell of the notebooks"
                yield spots.assessment(assessment.id, "items", number).blocking("Q05", problem, "Correct the cell's id or drop the item.")
            elif (graded[item.cell].points or 0) > 0:
                assessed.update(item.outcomes)
    for outcome in course.manifest.outcomes:
        if outcome.id not in assessed:
            yield spots.outcome(outcome.id).blocking(
                "Q05", f"outcome {outcome.id} is not assessed", "Let a graded cell give evidence of it."
            )


def _choices(course: Course, spots: ManifestSpots) -> Iterator[Finding]:
    """N11: only tests that there are can be decided in a way of their own."""
    for assessment in course.manifest.assessments:
        tests = [str(cell.grade_id) for each in course.notebooks[assessment.id] for cell in each.cells if cell.kind is CellKind.TEST]
        for name in sorted(assessment.cells.keys() - set(tests)):
            near = difflib.get_close_matches(name, tests, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]!r}?" if near else f"The tests are: {', '.join(tests) or 'none'}."
            yield spots.assessment(assessment.id, "cells", name).blocking("N11", f"{name!r} is no test cell of the notebooks", hint)


def _reach(course: Course, spots: ManifestSpots) -> Iterator[Finding]:
    """Q06: how far a learner gets before a person has marked anything."""
    reached = 0.0
    for assessment in course.manifest.assessments:
        cells = [cell for notebook in course.notebooks[assessment.id] for cell in notebook.graded_cells]
        points = sum(cell.points or 0 for cell in cells)
        by_machine = sum(
            cell.points or 0 for cell in cells if cell.kind is CellKind.TEST and assessment.cells.get(str(cell.grade_id)) != "manual"
        )
        reached += assessment.weight * by_machine / points if points else assessment.weight
    needed = 100 * course.manifest.pass_rule.overall
    if reached < needed:
        yield spots.at("pass_rule", "overall").warning(
            "Q06",
            f"without the cells that a person marks a learner reaches {reached:.0f} %, and {needed:.0f} % are needed: nobody passes before they are marked",
            "See that somebody marks them in time, or give the tests more points.",
        )
