"""The sections of the gate's page after its findings: outcomes and items, how each test is decided, what each cell uses, what no test notices. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.mutation.report import JudgedMutant, MutationReport, NamedScore
from autograder.rehearsal.checks import BLOCKING_SHARE, WARNING_SHARE
from autograder.rehearsal.hostile_answers import KINDS
from autograder.rehearsal.report import RehearsalReport
from autograder.sealed.plan import CellPlan, SealingPlan
from portal.gate.page_parts import Content, Markup, diff, marked, table, text
from portal.gate.report import GateReport, MatrixRow, Trial

_MEBIBYTE = 2**20
_MOST_SURVIVORS = 200
_KINDS = {"test": "", "manual": " (by a person)", "task": " (a task, by a person)"}


def matrix_section(report: GateReport) -> Iterator[str]:
    """Yield the outcome x item matrix."""
    yield '<section aria-labelledby="matrix">\n<h2 id="matrix">Outcomes and items</h2>'
    if not report.matrix:
        yield "<p>There is no course.toml here, so nothing says which test gives evidence of which outcome.</p>\n</section>"
        return
    yield "<ul>" + "".join(f"<li><strong>{text(id_)}</strong>: {text(told)}</li>" for id_, told in report.outcomes) + "</ul>"
    ids = [id_ for id_, _ in report.outcomes]
    empty = [id_ for id_ in ids if not any(id_ in row.outcomes and row.points for row in report.matrix)]
    if empty:
        yield f'<p class="mark">No item that is worth points gives evidence of: {text(", ".join(empty))}.</p>'
    rows: list[list[Content]] = [
        [_item(row), row.assignment, f"{row.points:g}", *(_evidence(row, each) for each in ids)] for row in report.matrix
    ]
    totals: list[Content] = ["All items", "", f"{sum(row.points for row in report.matrix):g}"]
    totals += [f"{sum(row.points for row in report.matrix if each in row.outcomes):g}" for each in ids]
    numbers = range(2, 3 + len(ids))
    yield table(
        "Points of each item, by the outcomes that it gives evidence of",
        ["Item", "Assignment", "Points", *ids],
        [*rows, totals],
        numbers=numbers,
    )
    yield "</section>"


def _item(row: MatrixRow) -> str:
    return f"{row.cell}{_KINDS[row.kind]}"


def _evidence(row: MatrixRow, outcome: str) -> Content:
    return f"{row.points:g}" if outcome in row.outcomes else Markup('<span aria-label="none">–</span>')


def assignment_section(name: str, trial: Trial) -> Iterator[str]:
    """Yield what running an assignment gave."""
    yield f'<section aria-labelledby="run-{text(name)}">\n<h2 id="run-{text(name)}">Assignment {text(name)}</h2>'
    yield from _sealing(trial.plan)
    if trial.rehearsal is not None:
        yield from _rehearsal(trial.rehearsal)
    if trial.mutation is not None:
        yield from _mutation(trial.mutation)
    yield "</section>"


def _sealing(plan: SealingPlan) -> Iterator[str]:
    yield "<h3>How each test is decided</h3>"
    yield (
        "<p>A <em>sealed</em> test runs apart from the learner’s code and rests on plain values: nothing in an answer can decide it. "
        f"{plan.count('sealed')} sealed, {plan.count('unsealed')} unsealed, {plan.count('cannot be sealed')} cannot be sealed.</p>"
    )
    rows = [
        [
            each.name,
            each.notebook,
            _label(each),
            "; ".join(each.causes) or "–",
            str(len(each.canaries)) if each.is_guarded else "not needed",
        ]
        for each in plan.cells
    ]
    yield table(f"{plan.assignment}: tests", ["Test", "Notebook", "Label", "Why it is not sealed", "Canaries"], rows)


def _label(cell: CellPlan) -> Content:
    chosen = f", course.toml: {cell.chosen}" if cell.chosen else ""
    return f"sealed{chosen}" if cell.label == "sealed" else marked(f"{cell.label}{chosen}", "hint")


def _rehearsal(report: RehearsalReport) -> Iterator[str]:
    yield "<h3>Rehearsal</h3>"
    if report.obstacle:
        yield f'<p class="hint">Not rehearsed: {text(report.obstacle)}.</p>'
        return
    tried = ", ".join(KINDS[kind] for kind in report.hostile.kinds)
    yield (
        f"<p>The reference solution was graded {len(report.runs)} times with other random numbers and another order of sets, the untouched notebook once, "
        f"and {report.hostile.submissions} submissions with answers that do not work{text(': ' + tried) if tried else ''}.</p>"
    )
    columns: list[Content] = ["Test", *(f"Run {run.number}" for run in report.runs), "Untouched", "Points"]
    blank = {(each.notebook, each.name): each.score for each in report.blank}
    paid = {(each.notebook, each.name) for each in report.hostile.paid}
    rows: list[list[Content]] = []
    for cell in report.runs[0].scores if report.runs else ():
        key = (cell.notebook, cell.name)
        earned = [run.score_of(*key) for run in report.runs]
        given = blank.get(key)
        nothing: Content = marked(f"{given:g}, should be 0", "mark") if given else "0" if given == 0 else "no score"
        name: Content = marked(f"{cell.name}: pays for an answer that does not work", "mark") if key in paid else cell.name
        rows.append(
            [name, *(_score(each.score if each else None, cell.points_possible) for each in earned), nothing, f"{cell.points_possible:g}"]
        )
    yield table(f"{report.assignment}: points in each run", columns, rows, numbers=range(1, len(columns)))
    yield from _uses(report)


def _score(score: float | None, possible: float) -> Content:
    if score is None:
        return marked("no score", "hint")
    return f"{score:g}" if score == possible else marked(f"{score:g}, should be {possible:g}", "mark")


def _uses(report: RehearsalReport) -> Iterator[str]:
    limits = report.limits
    rows: list[list[Content]] = [
        [each.cell, each.notebook, _share(f"{each.seconds:.2f} s", each.seconds / limits.cell_timeout_s),
         _share(f"{each.memory_bytes / _MEBIBYTE:.0f} MiB", each.memory_bytes / limits.memory_bytes)]
        for each in sorted(report.uses, key=lambda each: -each.seconds)
    ]  # fmt: skip
    yield table(
        f"{report.assignment}: time of each cell, of {limits.cell_timeout_s:g} s, and memory up to its end, of {limits.memory_bytes // _MEBIBYTE} MiB",
        ["Cell", "Notebook", "Time", "Memory"], rows, numbers=(2, 3),
    )  # fmt: skip


def _share(told: str, share: float) -> Content:
    shown = f"{told} ({100 * share:.0f} %)"
    return marked(shown, "mark") if share >= BLOCKING_SHARE else marked(shown, "hint") if share >= WARNING_SHARE else shown


def _mutation(report: MutationReport) -> Iterator[str]:
    yield "<h3>Small mistakes that the tests should notice</h3>"
    if report.obstacle:
        yield f'<p class="hint">No mutants: {text(report.obstacle)}.</p>'
        return
    score = report.score
    share = "there was none to notice" if score.share is None else f"{100 * score.share:.0f} % were noticed"
    yield (
        f"<p>{len(report.mutants)} small mistakes (mutants) were made in the reference solution: {share}. {score.survived} slipped past every test, "
        f"{score.equivalent} behave like the solution, {score.accepted} are accepted by the author with a reason.</p>"
    )
    columns = ["Killed", "Survived", "Equivalent", "Accepted", "Score"]
    numbers = range(1, 6)
    yield table(
        f"{report.assignment}: each test by itself", ["Test", *columns], [_mutation_row(each) for each in report.tests], numbers=numbers
    )
    yield table(
        f"{report.assignment}: answer cells", ["Answer", *columns], [_mutation_row(each) for each in report.answers], numbers=numbers
    )
    survivors = report.survivors()
    for each in survivors[:_MOST_SURVIVORS]:
        yield from _survivor(each)
    if len(survivors) > _MOST_SURVIVORS:
        yield f"<p>{len(survivors) - _MOST_SURVIVORS} more are shown by <code>patunay mutants</code>.</p>"


def _mutation_row(named: NamedScore) -> list[Content]:
    score = named.score
    share = "–" if score.share is None else f"{100 * score.share:.0f} %"
    return [named.cell, str(score.killed), str(score.survived), str(score.equivalent), str(score.accepted), share]


def _survivor(mutant: JudgedMutant) -> Iterator[str]:
    past = f" Slipped past {text(', '.join(mutant.slipped_past))}." if mutant.slipped_past else " No test covers it."
    yield f"<h4>{text(mutant.cell)}, line {mutant.line}: {text(mutant.operator)}</h4>"
    yield f'<p>{past} <span class="where">{text(mutant.id)}</span></p>\n{diff(mutant.diff)}'
