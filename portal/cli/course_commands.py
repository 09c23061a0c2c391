"""`patunay check`, `patunay release`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.gate_output import show_gate, telling_gate
from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_text, say
from portal.cli.sealing import sealing_summary, tell_sealing

if TYPE_CHECKING:
    from portal.gate.report import Depth, GateReport
    from portal.gate.trying import Wanted

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[COURSE] [ASSIGNMENT]...", help="In a site: the course, then assignments. With --root: assignments.", show_default=False
    ),
]
QuickOption = Annotated[bool, typer.Option("--quick", help="Read the files only; run nothing.")]
NoMutationOption = Annotated[bool, typer.Option("--no-mutation", help="Rehearse, but make no mutants.")]
RunsOption = Annotated[int, typer.Option("--runs", min=1, help="How often the reference solution is run.")]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Run again what was run before of the same sources.")]
HtmlOption = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one page, too.", show_default=False)]
RootOption = Annotated[
    Path | None, typer.Option("--root", metavar="DIR", help="An nbgrader course directory instead of a site.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("check")(check)
    app.command("release")(release)


def check(
    names: NamesArgument = None,
    quick: QuickOption = False,
    no_mutation: NoMutationOption = False,
    runs: RunsOption = 3,
    fresh: FreshOption = False,
    html: HtmlOption = None,
    root: RootOption = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put a course through the release gate: its files, what learners would get to see, a rehearsal, and mutants of the solutions. Exit code 1 if something blocks.

    Example: `patunay check data-cleaning-with-pandas --html gate.html`
    """
    from portal.gate.trying import Wanted

    depth: Depth = "static" if quick else "rehearsal" if no_mutation else "mutation"
    wanted = Wanted(depth, runs, is_fresh=fresh)
    report = _check_root(root, tuple(names or ()), wanted) if root is not None else _check_site(site, names or [], wanted)
    show_gate(report, as_json=as_json, html=html)
    if report.blocking:
        raise typer.Exit(1)


def _check_root(root: Path, assignments: tuple[str, ...], wanted: Wanted) -> GateReport:
    from courses.nbgrader_course import open_course
    from portal.gate.directory_gate import check_directory

    with telling_gate() as told:
        return check_directory(open_course(root), assignments, wanted, now=now(), told=told)


def _check_site(site: Path, names: list[str], wanted: Wanted) -> GateReport:
    from courses.catalogue import load_course, require_assessment
    from portal.gate.course_gate import check_files, check_running

    if not names:
        raise typer.BadParameter("name a course, or give --root DIR", param_hint="COURSE")
    place = site_at(site)
    course = load_course(place.courses, names[0])
    assignments = tuple(require_assessment(course, each) for each in names[1:]) or tuple(each.id for each in course.manifest.assessments)
    files = check_files(place, course, now=now())
    if wanted.depth == "static":
        return files
    with telling_gate() as told:
        return check_running(place, course, assignments, files, wanted, told)


def release(
    course: CourseArgument,
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Only these; default: all.", show_default=False)
    ] = None,
    no_mutation: NoMutationOption = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put a course through the gate, freeze and publish it: nbgrader makes the learner version and puts it into the exchange.

    Example: `patunay release data-cleaning-with-pandas`
    """
    from courses.catalogue import load_course
    from portal.releasing import find_gate_report, release_rehearsed

    place = site_at(site)
    depth: Depth | None = "rehearsal" if no_mutation and place.settings.gate.depth == "mutation" else None
    with telling_gate() as told:
        released, report = release_rehearsed(
            place, load_course(place.courses, course), tuple(assignments or ()), now=now(), depth=depth, told=told
        )
    if as_json:
        print_json(
            {
                "course": course,
                "version": released.version,
                "content_hash": released.content_hash,
                "assignments": list(released.assignments),
                "sealing": {name: sealing_summary(plan) for name, plan in report.plans.items()},
                "findings": [each.as_json() for each in report.findings],
            }
        )
        return
    tell_sealing(report.plans)
    if report.obstacle:
        say(f"Not rehearsed: {report.obstacle}", style="yellow")
    for finding in report.findings:
        say(f"{finding.code} {finding.where}: {finding.problem}. {finding.remedy}", style="yellow")
    print_text(f"{course} {released.version} is released: {', '.join(released.assignments)}.")
    page = find_gate_report(place.course_root(course), released)
    say(f"Sources are frozen as {released.content_hash[:16]}…" + (f" What the gate said: {page}" if page else ""))
    say(f"Next, when learners have submitted: patunay collect {course} && patunay grade {course}")
