"""`patunay collect`, `patunay grade`, `patunay gradebook`, `patunay report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.limits_told import tell_limits
from portal.cli.options import HERE, CourseArgument, JsonOption, NamesArgument, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.progress import grading_progress
from portal.cli.stopping import stoppable

if TYPE_CHECKING:
    from autograder.grading import GradingSummary


class EngineName(StrEnum):
    """How notebooks are run; see `autograder.execution.engines`."""

    FORK = "fork"
    KERNEL = "kernel"


AssignmentsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Only these; default: all.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("collect")(collect)
    app.command("grade")(grade)
    app.command("gradebook")(gradebook)
    app.command("report")(report)


def collect(course: CourseArgument, assignments: AssignmentsArgument = None, site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Take every attempt from the exchange; all are kept.

    Example: `patunay collect data-cleaning-with-pandas`
    """
    from portal.course_work import collect_course

    collected = collect_course(site_at(site), course, tuple(assignments or ()), now=now())
    if as_json:
        print_json({name: {"new": each.new, "known": each.known, "refused": list(each.refused)} for name, each in collected.items()})
        return
    for name, each in collected.items():
        print_text(f"{name}: {each.new} new attempts, {each.known} known.")
        for refusal in each.refused:
            say(f"  not taken: {refusal}", style="yellow")


def grade(
    names: NamesArgument = None,
    root: Annotated[
        Path | None, typer.Option(help="Grade in this nbgrader course directory; no site is needed.", show_default=False)
    ] = None,
    learner: Annotated[list[str] | None, typer.Option(help="Only this learner; may be given again.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has a result.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="How many submissions at once; 0: one a core.")] = 0,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on the Dask cluster with this scheduler: tcp://host:8786.", show_default=False)
    ] = "",
    engine: Annotated[
        EngineName, typer.Option(help="fork: Python notebooks in forks of one loaded kernel. kernel: a kernel of its own for each.")
    ] = EngineName.FORK,
    compat: Annotated[
        bool,
        typer.Option("--compat", help="nbgrader's way and scores: tests run in the learner's process. Default: sealed, apart from it."),
    ] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Grade the submissions that have no result yet, and write nbgrader's gradebook.

    Examples: `patunay grade data-cleaning-with-pandas` in a site; `patunay grade ps1 --root .` in any nbgrader course directory.
    """
    from portal.course_work import GradeRequest, grade_course, grade_directory

    request = GradeRequest(tuple(learner or ()), force, jobs, engine.value, "compat" if compat else "sealed", cluster)
    with stoppable() as check, grading_progress(check) as progress:
        if root is not None:
            summaries = grade_directory(root, tuple(names or ()), request, now=now, progress=progress)
        else:
            if not names:
                raise typer.BadParameter("name a course, or give --root DIR")
            summaries = grade_course(site_at(site), names[0], tuple(names[1:]), request, now=now, progress=progress)
    _require_somebody(summaries, request.learners)
    _tell(summaries, as_json=as_json, cluster=cluster)
    if any(each.status == "broken" for summary in summaries for each in summary.graded):
        raise typer.Exit(1)


def _require_somebody(summaries: list[GradingSummary], learners: tuple[str, ...]) -> None:
    from autograder.errors import SubmissionError

    if learners and not any(summary.graded or summary.skipped for summary in summaries):
        raise SubmissionError(
            f"no submission by {' or '.join(map(repr, learners))} is here",
            where=", ".join(summary.assignment for summary in summaries),
            remedy="Check the learner's id, or take what was handed in from the exchange first: `patunay collect COURSE`.",
        )


def _tell(summaries: list[GradingSummary], *, as_json: bool, cluster: str) -> None:
    if as_json:
        graded = [
            {"assignment": summary.assignment, "learner": each.learner, "status": each.status, "reason": each.reason, "score": each.score,
             "points_possible": each.points_possible, "seconds": each.duration_s, "undecided": dict(each.undecided),
             "over_limits": [over.model_dump() for over in each.over_limits]}
            for summary in summaries for each in summary.graded
        ]  # fmt: skip
        counts = {status: sum(each["status"] == status for each in graded) for status in ("graded", "failed", "broken")}
        waiting = sum(1 for each in graded if each["undecided"])
        print_json(
            {"graded": graded, "counts": counts, "waiting_for_a_person": waiting, "skipped": sum(each.skipped for each in summaries)}
        )
        return
    for summary in summaries:
        if "none" in summary.sandbox.split("; ") and summary.graded:
            say("No sandbox: learners' code ran with your rights. `patunay doctor` says how to get one.", style="yellow")
        if summary.course_steps:
            names = " and ".join(f"Autograde.{name}" for name in summary.course_steps)
            here = " They ran on this machine, not on the cluster." if cluster else ""
            say(f"{summary.assignment}: graded through the course's own steps ({names}). Nothing of it is sealed.{here}", style="yellow")
        rows = [
            (
                each.learner,
                each.status,
                "" if each.score is None else f"{each.score:g} / {each.points_possible:g}",
                f"{each.duration_s:.1f}",
                each.reason,
            )
            for each in sorted(summary.graded, key=lambda each: each.learner)
        ]
        if rows:
            print_table(summary.assignment, ("learner", "status", "score", "seconds", "reason"), rows, numbers=("score", "seconds"))
        tell_limits(summary.graded)
        _tell_undecided(summary)
        print_text(f"{summary.assignment}: {_in_words(summary)}.")
        if any(each.status == "failed" for each in summary.graded):
            say("A submission that failed has no score: its learner hands in again, or a person decides. The reason says what stopped it.")
        if any(each.status == "broken" for each in summary.graded):
            say("What is broken is not the learner's doing: the same command grades it again.", style="yellow")


def _in_words(summary: GradingSummary) -> str:
    waiting = sum(1 for each in summary.graded if each.undecided)
    counts = [
        (sum(each.status == "failed" for each in summary.graded), "could not be graded"),
        (sum(each.status == "broken" for each in summary.graded), "broken off"),
        (waiting, "with cells that wait for a person" if waiting > 1 else "with a cell that waits for a person"),
    ]
    told = [f"{sum(each.status == 'graded' for each in summary.graded)} graded now"]
    told += [f"{count} {words}" for count, words in counts if count]
    return ", ".join([*told, f"{summary.skipped} had their result already"])


def _tell_undecided(summary: GradingSummary) -> None:
    """Say which test cells gave no score: often the test has to be mended."""
    found: dict[str, list[str]] = {}
    for each in summary.graded:
        for cell, why in each.undecided:
            found.setdefault(cell, []).append(why)
    for cell, reasons in sorted(found.items()):
        say(f"{cell}: no score in {len(reasons)} submissions, a person has to decide: {reasons[0]}", style="yellow")
    if found:
        say("`patunay review` shows them with both results.", style="yellow")


def gradebook(
    course: CourseArgument,
    form: Annotated[str | None, typer.Option("--format", help="Write a file: csv, xlsx, parquet or json.", show_default=False)] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file or folder to write; default: gradebook/ in the site.", show_default=False)
    ] = None,
    cells: Annotated[bool, typer.Option("--cells", help="One row a graded cell instead of one an assignment.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show or write the gradebook: a row with its state for every learner and assignment, never a silent zero.

    Example: `patunay gradebook data-cleaning-with-pandas --format csv`
    """
    from autograder.gradebook_export import export_frame, frame_as_json
    from portal.course_work import course_gradebook

    place = site_at(site)
    frames = course_gradebook(place, course)
    frame = frames.cells if cells else frames.assignments
    if form is not None:
        name = f"{course}-{'cells' if cells else 'assignments'}.{form}"
        target = place.root / "gradebook" / name if out is None else out / name if out.is_dir() else out
        export_frame(frame, target, form)
        print_text(str(target))
    elif as_json:
        print_json(frame_as_json(frame))
    else:
        shown = (
            ("learner", "assignment", "cell", "score", "points_possible", "state")
            if cells
            else ("learner", "assignment", "state", "final_score", "points_possible", "attempts", "reason")
        )
        rows = [["" if value != value else value for value in row] for row in frame[list(shown)].itertuples(index=False, name=None)]
        print_table(course, shown, rows, numbers=("score", "final_score", "points_possible", "attempts"))


def report(
    course: CourseArgument,
    review_pack: Annotated[
        bool, typer.Option("--review-pack", help="The annual review pack instead: year on year, changes, open findings.")
    ] = False,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the tables as Parquet too.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make the cohort report: who is where, how hard each item was and what it tells, outcomes, who may not make it; one HTML file that needs nothing else.

    Its tables stand beside it as JSON. Examples: `patunay report data-cleaning-with-pandas`; with `--review-pack` for the yearly review.
    """
    from portal.course_reports import report_course, review_course

    path = (review_course if review_pack else report_course)(site_at(site), course, now=now(), parquet=parquet)
    if as_json:
        folder = {"parquet": str(path.with_name(f"{path.stem}-tables"))} if parquet else {}
        print_json({"report": str(path), "tables": str(path.with_suffix(".json")), **folder})
    else:
        print_text(str(path))
