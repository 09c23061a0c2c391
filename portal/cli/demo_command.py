"""`patunay demo`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import JsonOption, now
from portal.cli.output import print_json, print_table, print_text, progress_bar, say

if TYPE_CHECKING:
    from portal.demonstration.demo import LearnerTally, Tally


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("demo")(demo)


def demo(
    learners: Annotated[int, typer.Option(min=1, max=500, help="How many simulated learners; the first ten are of ten kinds.")] = 12,
    course: Annotated[
        list[str] | None, typer.Option("--course", help="Only this sample course; may be repeated. Default: all three.", show_default=False)
    ] = None,
    into: Annotated[Path | None, typer.Option(help="The folder to make; default: a new temporary one.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the whole way: sample courses, simulated learners, grading, reports, credentials, verification. Takes some minutes.

    Example: `patunay demo --learners 12 --into demo-site`
    """
    from portal.demonstration.demo import is_sound, run_demo, summary

    folder = into or Path(tempfile.mkdtemp(prefix="patunay-demo-"))
    say(f"Demonstration in {folder.resolve()}")
    with progress_bar("") as progress:
        tally = run_demo(folder.resolve(), learners, courses=course or (), now=now, tell=say, progress=progress)
    if as_json:
        print_json(summary(tally))
    else:
        _tell(tally)
    if not is_sound(tally):
        raise typer.Exit(1)


def _shortly(standing: LearnerTally) -> str:
    """Return the first reason, and how many more there are."""
    if standing.status == "eligible":
        return ""
    more = len(standing.reasons) - 1
    return standing.reasons[0] + (f" (and {more} more)" if more else "")


def _tell(tally: Tally) -> None:
    from issuer.achievement import percent

    rows = []
    for name, course in tally.courses.items():
        rows += [(name, each.learner, each.kind, percent(each.overall), each.status, _shortly(each)) for each in course.standing]
    print_table("Who earned what", ("course", "learner", "kind", "score %", "status", "why"), rows, numbers=("score %",))
    columns = ("course", "learners", "attempts", "mean %", "eligible", "not yet", "blocked", "issued")
    counts = [
        (name, each.learners, each.attempts, percent(each.mean_score or 0.0), each.eligible, each.not_yet, each.blocked, each.issued)
        for name, each in tally.courses.items()
    ]
    print_table("Courses", columns, counts, numbers=columns[1:])
    print_table("Seconds", tuple(tally.seconds), [tuple(tally.seconds.values())], numbers=tuple(tally.seconds))
    verified = ", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.verified.items()))
    print_text(f"{tally.credentials} credentials ({tally.issued_now} issued now). Verified: {verified}.")
    print_text(f"Withdrawn: {tally.revoked} is now seen as {tally.revoked_verdict!r}. Sandbox: {tally.sandbox or 'not needed'}.")
    print_text(
        f"Look at: {tally.folder}/reports/*.html, {tally.folder}/credentials/*.pdf, {tally.folder}/gradebook/*.csv\n"
        f"Try: patunay verify {tally.folder}/credentials/*.json --published {tally.folder} --offline"
    )
