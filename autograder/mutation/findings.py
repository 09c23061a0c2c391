"""What mutation testing found, as findings of the release gate. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.mutation.accepted import FILE_NAME
from autograder.mutation.report import JudgedMutant, MutationReport, NamedScore
from courses.findings import Finding, blocking, warning

MINIMUM = 0.9
_MOST_SHOWN = 3
_FEWEST = 3
"""Of fewer mutants than these nothing is said of a single test."""


def check_mutations(report: MutationReport, *, minimum: float = MINIMUM, blocks: bool = False) -> list[Finding]:
    """Return what is wrong or doubtful.

    Args:
        minimum: the share of mutants, 0 to 1, that the tests of an answer cell and of the assignment should kill.
        blocks: whether an assignment under it may not be released.
    """
    if report.obstacle:
        return [
            warning("M04", f"no mutant could be made: {report.obstacle}", report.assignment, "Try the tests against wrong answers by hand.")
        ]
    return [
        *_weak_answers(report, minimum),
        *_idle_tests(report),
        *_weak_assignment(report, minimum, blocks=blocks),
        *_stale(report),
        *_without_mutants(report),
    ]


def _weak_answers(report: MutationReport, minimum: float) -> Iterator[Finding]:
    for answer in report.answers:
        share = answer.score.share
        if share is not None and share < minimum:
            survivors = [each for each in report.survivors(cell=answer.cell) if each.notebook == answer.notebook]
            tests = ", ".join(dict.fromkeys(name for each in survivors for name in each.slipped_past))
            yield warning(
                "M01",
                f"the tests of {answer.cell} notice {_percent(share)} of its mutants; {len(survivors)} slipped past: {_shown(survivors)}",
                f"{report.assignment}/{answer.notebook}.ipynb, {tests or answer.cell}",
                f"Add an assertion that fails for these, or accept them with a reason in {FILE_NAME}. `patunay mutants` shows all.",
            )


def _idle_tests(report: MutationReport) -> Iterator[Finding]:
    for test in report.tests:
        if test.score.killed == 0 and test.score.survived >= _FEWEST:
            yield warning(
                "M01",
                f"the test notices none of the {test.score.survived} mutants of the answers that it covers",
                f"{report.assignment}/{test.notebook}.ipynb, {test.cell}",
                "Look whether it asserts what the answer gives.",
            )


def _shown(survivors: list[JudgedMutant]) -> str:
    parts = [f"line {each.line} ({each.operator}, {each.id}) {_change(each)}" for each in survivors[:_MOST_SHOWN]]
    more = len(survivors) - _MOST_SHOWN
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _change(mutant: JudgedMutant) -> str:
    """Return the line before and after, on one line."""
    lines = mutant.diff.split("\n")[3:]
    before = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    after = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return f"`{before}` made `{after}`"


def _weak_assignment(report: MutationReport, minimum: float, *, blocks: bool) -> Iterator[Finding]:
    share = report.score.share
    if share is not None and share < minimum:
        problem = (
            f"the tests notice {_percent(share)} of {report.score.killed + report.score.survived} mutants, less than {_percent(minimum)}"
        )
        remedy = "Strengthen the tests that M01 names; `patunay mutants` shows every survivor."
        yield blocking("M02", problem, report.assignment, remedy) if blocks else warning("M02", problem, report.assignment, remedy)


def _stale(report: MutationReport) -> Iterator[Finding]:
    for entry in report.stale:
        yield warning("M03", f"an accepted mutant is out of date: {entry}", f"{FILE_NAME}, {report.assignment}", "Take the entry out.")


def _without_mutants(report: MutationReport) -> Iterator[Finding]:
    for answer in report.answers:
        if not _count(answer):
            yield warning(
                "M04",
                "of this answer cell no mutant could be made",
                f"{report.assignment}/{answer.notebook}.ipynb, {answer.cell}",
                "Look whether its reference solution is there; try its tests against wrong answers by hand.",
            )
    for place in report.without_tests:
        yield warning(
            "M04", "no test covers this answer cell, so no mutant of it was graded", f"{report.assignment}/{place}", "Write a test."
        )


def _count(answer: NamedScore) -> int:
    score = answer.score
    return score.killed + score.survived + score.equivalent + score.accepted


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
