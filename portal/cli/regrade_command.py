"""`patunay regrade`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.progress import grading_progress
from portal.cli.stopping import stoppable

if TYPE_CHECKING:
    from autograder.regrade_decisions import Decision
    from autograder.regrading import AttemptChange, CellChange
    from portal.regrading import CourseRegrade


class PolicyName(StrEnum):
    """What becomes of results; see `autograder.regrade_decisions`."""

    REPLACE = "replace"
    NEVER_LOWER = "never-lower"
    FULL_MARKS = "full-marks"
    DROP_ITEM = "drop-item"


class SourceName(StrEnum):
    """Which tests a preview is of."""

    RELEASED = "released"
    DRAFT = "draft"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("regrade")(regrade)


def regrade(
    course: CourseArgument,
    assignment: Annotated[str, typer.Argument(help="The assignment whose tests were mended and released.", show_default=False)],
    policy: Annotated[
        PolicyName,
        typer.Option(
            help="replace: the new results stand. never-lower: the better one of each cell. full-marks, drop-item: for everybody, of --item."
        ),
    ] = PolicyName.REPLACE,
    item: Annotated[str, typer.Option(metavar="CELL", help="With full-marks or drop-item: the test cell.", show_default=False)] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would change; nothing is written.")] = False,
    source: Annotated[
        SourceName, typer.Option(help="With --preview, draft: the tests as they are in source_notebooks/ now, not released yet.")
    ] = SourceName.RELEASED,
    reason: Annotated[str, typer.Option(help="Why, for the record.", show_default=False)] = "",
    by: Annotated[str, typer.Option("--by", help="Your name, for the record.", show_default=False)] = "",
    decisions: Annotated[bool, typer.Option("--decisions", help="Only list what was decided about this assignment.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="How many submissions at once; 0: one a core.")] = 0,
    compat: Annotated[bool, typer.Option("--compat", help="Tests run in the learner's process, as in `patunay grade --compat`.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Grade all attempts again after a test was mended, see who goes up and down, and decide what stands.

    Examples: `patunay regrade data-cleaning-with-pandas cleaning --preview`, with `--source draft` before it is released;
    `patunay regrade data-cleaning-with-pandas cleaning --policy never-lower --reason "a test was wrong" --by "M. Reyes"`
    """
    from autograder.regrade_wishes import Wish
    from portal.course_work import GradeRequest
    from portal.regrading import course_decisions, regrade_course

    if decisions:
        _tell_decisions(course_decisions(site_at(site), course, assignment), as_json=as_json)
        return
    request = GradeRequest(jobs=jobs, assurance="compat" if compat else "sealed")
    wish = Wish(policy.value, item, reason, by, preview, is_draft=source is SourceName.DRAFT)
    with stoppable() as check, grading_progress(check) as progress:
        done = regrade_course(site_at(site), course, assignment, wish, request, now=now, progress=progress)
    if as_json:
        print_json(_as_json(done, is_preview=preview))
    else:
        _tell(done, course, is_preview=preview, is_draft=wish.is_draft)


def _as_json(done: CourseRegrade, *, is_preview: bool) -> dict[str, object]:
    from dataclasses import asdict

    regrade = done.regrade
    return {
        "assignment": regrade.assignment,
        "source": regrade.source,
        "policy": regrade.policy,
        "item": regrade.item,
        "preview": is_preview,
        "decided_before": regrade.is_known,
        "decision": asdict(regrade.decision) if regrade.decision else None,
        "counts": regrade.counts,
        "attempts": [{**asdict(each), "direction": each.direction} for each in regrade.changes],
        "turns": [asdict(each) for each in done.turns],
        "credentials": [asdict(each) for each in done.fallen],
        "waiting_decisions": done.waiting,
    }


def _tell(done: CourseRegrade, course: str, *, is_preview: bool, is_draft: bool) -> None:
    regrade = done.regrade
    if regrade.is_known and regrade.decision is not None:
        print_text(
            f"{regrade.assignment}: {regrade.policy} was decided already by {regrade.decision.by} at {regrade.decision.at}; nothing was done."
        )
    rows = [_row(each) for each in regrade.changes if each.direction not in {"same", "new"} or each.reason]
    if rows:
        columns = ("learner", "counts", "", "before", "after", "cells", "reason")
        print_table(regrade.assignment, columns, rows, numbers=("before", "after"))
    if done.turns:
        turns = [(each.learner, each.before, each.after, f"{each.overall_before:.1%}", f"{each.overall_after:.1%}") for each in done.turns]
        print_table("Whose standing changes", ("learner", "before", "after", "overall before", "overall after"), turns)
    for each in done.fallen:
        say(f"Credential {each.credential} of {each.learner} would not be given any more: {each.why}", style="yellow")
    if not regrade.is_known:
        told = ", ".join(f"{count} {way}" for way, count in regrade.counts.items() if count) or "no attempts"
        print_text(f"{regrade.assignment}: {told}.")
    if is_preview:
        first = f"Release it: `patunay release {course}`; then decide" if is_draft else "Decide"
        say(f"This was a preview: nothing was written. {first} with --policy, --reason and --by.")
    elif done.waiting:
        say(f"{done.waiting} issued credentials wait for a decision: `patunay decisions list`. Nothing issued was changed.", style="yellow")


def _row(change: AttemptChange) -> tuple[object, ...]:
    cells = ", ".join(filter(None, map(_cell, change.cells)))
    counts = "yes" if change.is_credited else "no"
    before, after = _points(change.before), _points(change.after)
    if change.before is not None and change.after is not None and change.possible_before != change.possible_after:
        before, after = f"{before} of {change.possible_before:g}", f"{after} of {change.possible_after:g}"
    return change.learner, counts, change.direction, before, after, cells, change.reason


def _cell(change: CellChange) -> str:
    """Return what became of a cell, with what it is worth where that changed; nothing where nothing did."""
    before, after = _points(change.before), _points(change.after)
    if change.possible_before is not None and change.possible_before != change.points_possible:
        return f"{change.cell} {before} of {change.possible_before:g} → {after} of {change.points_possible:g}"
    return "" if change.before == change.after else f"{change.cell} {before} → {after}"


def _points(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _tell_decisions(decisions: tuple[Decision, ...], *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print_json([asdict(each) for each in decisions])
        return
    rows = [(each.at[:16], each.by, each.policy, each.item, each.reason, each.source[:12], each.run[:8]) for each in decisions]
    print_table("Decisions about regrades", ("at", "by", "policy", "item", "reason", "source", "run"), rows)
