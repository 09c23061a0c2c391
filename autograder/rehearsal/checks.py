"""What a full rehearsal found, as findings of the release gate. Pure.

A cell that a person decides is held against nothing but its limits. Where two rules would say the same of a cell, the one that says why speaks; and while
the reference solution fails a test, what that test gives for other answers says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograder.rehearsal.hostile_answers import KINDS
from autograder.rehearsal.report import CellScore, PaidForNothing, ReferenceRun, RehearsalReport
from autograder.sealed.plan import SealingPlan
from courses.findings import Finding, Place, Severity, blocking

WARNING_SHARE, BLOCKING_SHARE = 0.5, 1.0
"""Of a limit: from here on it is a warning, and it blocks."""
_MEBIBYTE = 2**20
_Key = tuple[str, str]


def check_rehearsal(report: RehearsalReport, plan: SealingPlan) -> list[Finding]:
    """Return what is wrong or doubtful with the assignment."""
    if report.obstacle:
        return [
            Finding(
                "R09", Severity.WARNING, f"the assignment could not be rehearsed: {report.obstacle}", report.assignment,
                "Try by hand that the solution earns full marks and the untouched notebook none.", Place(assignment=report.assignment),
            )
        ]  # fmt: skip
    by_hand = frozenset((each.notebook, each.name) for each in plan.cells if each.mode == "manual")
    noisy = frozenset((each.notebook, each.name) for run in report.runs for each in run.scores if each.stderr)
    for_nothing = frozenset((each.notebook, each.name) for each in report.blank if each.score)
    reference = list(_reference(report, by_hand | noisy))
    wrong = frozenset((each.place.notebook or "", each.place.cell or "") for each in reference if each.place)
    lies = [] if any(run.stopped for run in report.runs) else _hostile(report, by_hand | for_nothing | wrong)
    return [*_stopped(report), *_noise(report, by_hand), *reference, *_blank(report, by_hand), *lies, *_limits(report)]


def _stopped(report: RehearsalReport) -> Iterator[Finding]:
    remedy = "Run the notebook from its top in a fresh kernel, and mend the cell that is named."
    stopped = next((run for run in report.runs if run.stopped), None)
    if stopped is not None:
        told = f"the reference solution does not come to its end (run {stopped.number}): {stopped.stopped}"
        yield blocking("R01", told, report.assignment, remedy, Place(assignment=report.assignment))
    if report.blank_stopped:
        told = f"the untouched version does not come to its end: {report.blank_stopped}"
        yield blocking("R09", told, report.assignment, remedy, Place(assignment=report.assignment))
    for each in report.hostile.broken:
        yield blocking("R09", f"grading itself fails for {each}", report.assignment, "Grade again; if it stays, report it to us.")


def _noise(report: RehearsalReport, by_hand: frozenset[_Key]) -> Iterator[Finding]:
    """A test that writes on stderr costs the right answer its marks."""
    seen: set[_Key] = set()
    for run in report.runs:
        for cell in run.scores:
            key = (cell.notebook, cell.name)
            if cell.stderr and key not in seen and key not in by_hand:
                seen.add(key)
                yield _at(
                    report, key, "R08", f"below the right answer the test writes on stderr, which costs all marks: {_first_line(cell.stderr)}",
                    "Mend what warns, or silence it in the test with warnings.catch_warnings().",
                )  # fmt: skip


def _reference(report: RehearsalReport, ignored: frozenset[_Key]) -> Iterator[Finding]:
    """Full marks, and the same ones, in every run."""
    ended = [run for run in report.runs if not run.stopped]
    if not ended:
        return
    for cell in ended[0].scores:
        key = (cell.notebook, cell.name)
        if key in ignored:
            continue
        earned = [(run, run.score_of(*key)) for run in ended]
        scores = [each.score for _, each in earned if each is not None]
        if len(set(scores)) > 1:
            told = "; ".join(f"{_points(each.score)} in run {_named(run)}" for run, each in earned if each is not None)
            yield _at(
                report, key, "R02", f"the reference solution does not earn the same every time: {told}, of {cell.points_possible:g}",
                "Seed what is random, sort what comes from a set, and allow for rounding.",
            )  # fmt: skip
        elif cell.score is None or cell.score < cell.points_possible:
            yield _at(
                report, key, "R01", f"the reference solution earns {_points(cell.score)} of {cell.points_possible:g}{_why(cell)}",
                "Correct the solution or the test.",
            )  # fmt: skip


def _blank(report: RehearsalReport, by_hand: frozenset[_Key]) -> Iterator[Finding]:
    for cell in report.blank:
        key = (cell.notebook, cell.name)
        if cell.score and key not in by_hand:
            yield _at(
                report, key, "R03", f"the untouched notebook earns {cell.score:g} of {cell.points_possible:g} points",
                "Let the test ask for what only an answer gives.",
            )  # fmt: skip


def _hostile(report: RehearsalReport, ignored: frozenset[_Key]) -> Iterator[Finding]:
    found: dict[_Key, list[PaidForNothing]] = {}
    for paid in report.hostile.paid:
        found.setdefault((paid.notebook, paid.name), []).append(paid)
    for key, several in found.items():
        if key in ignored:
            continue
        most = max(several, key=lambda each: each.score)
        kinds = "; ".join(dict.fromkeys(_answer(each) for each in several))
        yield _at(
            report, key, "R05", f"the test gives {most.score:g} of {most.points_possible:g} points for {kinds}",
            'Assert a value that only a right answer has, with its type; or let a person decide it (cells = { … = "manual" }).',
        )  # fmt: skip


def _answer(paid: PaidForNothing) -> str:
    return f"{KINDS[paid.kind]} (in {paid.answer})" if paid.answer else KINDS[paid.kind]


def _limits(report: RehearsalReport) -> Iterator[Finding]:
    limits = report.limits
    for use in report.uses:
        key = (use.notebook, use.cell)
        if use.seconds >= WARNING_SHARE * limits.cell_timeout_s:
            told = f"the cell takes {use.seconds:.1f} s of the {limits.cell_timeout_s:g} s that it may"
            remedy = "Make it quicker, or raise limits.cell_timeout_s: learners' computers and answers are slower."
            yield _at(report, key, "R06", told, remedy, share=use.seconds / limits.cell_timeout_s)
        if use.memory_bytes >= WARNING_SHARE * limits.memory_bytes:
            told = f"after the cell the notebook has used {use.memory_bytes // _MEBIBYTE} MiB of the {limits.memory_bytes // _MEBIBYTE} MiB that it may"
            remedy = "Load less, or raise limits.memory_bytes and limits.total_memory_bytes."
            yield _at(report, key, "R07", told, remedy, share=use.memory_bytes / limits.memory_bytes)
    if report.seconds >= WARNING_SHARE * limits.submission_timeout_s:
        told = f"the reference solution takes {report.seconds:.0f} s of the {limits.submission_timeout_s:g} s that a submission may"
        share = report.seconds / limits.submission_timeout_s
        severity = Severity.BLOCKING if share >= BLOCKING_SHARE else Severity.WARNING
        remedy = "Make it quicker, or raise limits.submission_timeout_s."
        yield Finding("R06", severity, told, report.assignment, remedy, Place(assignment=report.assignment))


def _at(report: RehearsalReport, key: _Key, code: str, problem: str, remedy: str, *, share: float = BLOCKING_SHARE) -> Finding:
    """Return a finding at a cell.

    Args:
        share: of a limit, where it is about one; less than 1 is a warning.
    """
    notebook, cell = key
    severity = Severity.BLOCKING if share >= BLOCKING_SHARE else Severity.WARNING
    file = f"{report.assignment}/{notebook}.ipynb"
    return Finding(
        code, severity, problem, f"{file}, {cell}", remedy, Place(file=file, assignment=report.assignment, notebook=notebook, cell=cell)
    )


def _named(run: ReferenceRun) -> str:
    hashes = f" and hash seed {run.hash_seed}" if run.hash_seed is not None else ""
    return f"{run.number} (seed {run.seed}{hashes})"


def _points(score: float | None) -> str:
    return "no score" if score is None else f"{score:g} points"


def _why(cell: CellScore) -> str:
    return f": {_first_line(cell.told)}" if cell.told else ""


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= 200 else f"{line[:200]}…"
