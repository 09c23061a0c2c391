"""How the commands show what the gate said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.progress import MUTATING, REHEARSING, shown_progress
from portal.cli.sealing import tell_sealing

if TYPE_CHECKING:
    from portal.gate.report import GateReport
    from portal.gate.trying import Told


@contextlib.contextmanager
def telling_gate() -> Iterator[Told]:
    """Yield whom the gate tells how far it is: lines and bars on stderr."""
    from portal.gate.trying import Told

    with shown_progress(REHEARSING, MUTATING) as (rehearsing, mutating):
        yield Told(rehearsing, mutating, say)


def show_gate(report: GateReport, *, as_json: bool, html: Path | None) -> None:
    """Print the report, and write its page where that is wanted.

    Raises:
        StorageError: the page cannot be written.
    """
    if html is not None:
        from courses.storage import write_atomically
        from portal.gate.page import gate_page

        write_atomically(html, gate_page(report), mode=0o600)
        say(f"The page is {html}. It shows parts of the solutions.")
    if as_json:
        print_json(report.as_json())
        return
    tell_sealing(report.plans)
    _tell_trials(report)
    if report.findings:
        rows = [(each.code, each.severity.value, each.where, each.problem, each.remedy) for each in report.findings]
        print_table(f"{report.course}: findings", ("code", "severity", "where", "problem", "what to do"), rows)
    if report.obstacle:
        say(f"Not rehearsed: {report.obstacle}", style="yellow")
    print_text(f"{report.course}: {len(report.blocking)} blocking, {len(report.warnings)} warnings.")


def _tell_trials(report: GateReport) -> None:
    for name, trial in report.trials.items():
        if trial.rehearsal is not None and not trial.rehearsal.obstacle:
            slowest = max(trial.rehearsal.uses, key=lambda each: each.seconds, default=None)
            took = f"; the slowest cell is {slowest.cell}, {slowest.seconds:.1f} s" if slowest else ""
            tried = trial.rehearsal.hostile.submissions
            print_text(f"{name}: rehearsed {len(trial.rehearsal.runs)} times, {tried} submissions with answers that do not work{took}.")
        if trial.mutation is not None and trial.mutation.score.share is not None:
            score = trial.mutation.score
            print_text(
                f"{name}: its tests notice {100 * trial.mutation.score.share:.0f} % of {score.killed + score.survived} small mistakes."
            )
