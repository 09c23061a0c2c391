"""`patunay mutants`: which small mistakes in a reference solution no test would notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, site_at
from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.progress import MUTATING, shown_progress

if TYPE_CHECKING:
    from autograder.mutation.report import JudgedMutant, MutationReport, NamedScore

AssignmentsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Only these; default: all.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("mutants")(mutants)


def mutants(
    course: CourseArgument,
    assignments: AssignmentsArgument = None,
    cell: Annotated[str | None, typer.Option("--cell", help="Only the answer cell with this nbgrader id.", show_default=False)] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="As many mutants are made of an answer cell.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Which of them are taken where there are more.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Count mutants as survivors that are only taken for equivalent.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show mutants that were killed or excused too.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make small mistakes in the reference solutions, and show which of them no test notices, as diffs. Nothing is changed.

    Example: `patunay mutants data-cleaning-with-pandas first-look --cell q7_is_key`
    """
    from autograder.mutation.course_mutating import mutate_course
    from autograder.mutation.mutating import Wanted
    from courses.catalogue import load_course, require_assessment

    place = site_at(site)
    found = load_course(place.courses, course)
    chosen = tuple(require_assessment(found, each) for each in assignments or ()) or tuple(each.id for each in found.manifest.assessments)
    with shown_progress(MUTATING) as (show,):
        reports = mutate_course(place, found, chosen, wanted=Wanted(seed=seed, most=most, cell=cell), progress=show)
    if as_json:
        print_json(
            [
                {**report.model_dump(mode="json"), "score": report.score.share, "strict_score": report.score.strict_share}
                for report in reports
            ]
        )
        return
    for report in reports:
        _show(report, strict=strict, show_all=show_all)


def _show(report: MutationReport, *, strict: bool, show_all: bool) -> None:
    if report.obstacle:
        say(f"{report.assignment}: no mutants: {report.obstacle}", style="yellow")
        return
    columns = ("cell", "killed", "survived", "equivalent", "accepted", "score")
    print_table(f"{report.assignment}: answer cells", columns, [_row(each, strict=strict) for each in report.answers], numbers=columns[1:])
    print_table(
        f"{report.assignment}: each test by itself", columns, [_row(each, strict=strict) for each in report.tests], numbers=columns[1:]
    )
    for mutant in report.mutants:
        if mutant.outcome == "survived" or show_all or (strict and mutant.outcome == "equivalent"):
            _show_mutant(mutant)
    for place in report.without_tests:
        say(f"No test covers {place}: no mutants were made of it.", style="yellow")
    for entry in report.stale:
        say(f"equivalent_mutants.toml is out of date: {entry}", style="yellow")
    score = report.score
    share = score.strict_share if strict else score.share
    told = (
        "no mutants"
        if share is None
        else f"{100 * share:.1f} % of {len(report.mutants) - score.equivalent * (not strict) - score.accepted} mutants killed"
    )
    print_text(
        f"{report.assignment}: {told}, {score.survived} survived, {score.equivalent} probably equivalent, {score.accepted} accepted."
    )


def _row(named: NamedScore, *, strict: bool) -> tuple[object, ...]:
    score = named.score
    share = score.strict_share if strict else score.share
    return named.cell, score.killed, score.survived, score.equivalent, score.accepted, "" if share is None else f"{100 * share:.0f} %"


def _show_mutant(mutant: JudgedMutant) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    past = f" slipped past {', '.join(mutant.slipped_past)}" if mutant.slipped_past else ""
    console.print(
        Text(
            f"\n{mutant.id}  {mutant.notebook}.ipynb, {mutant.cell}, line {mutant.line}: {mutant.operator}; {mutant.outcome}{past}",
            style="bold",
        )
    )
    if mutant.reason:
        console.print(Text(mutant.reason, style="dim"), soft_wrap=True)
    for line in mutant.diff.split("\n")[3:]:
        console.print(Text(line, style={"-": "red", "+": "green"}.get(line[:1], "")), soft_wrap=True)
