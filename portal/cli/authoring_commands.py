"""`patunay new`, `patunay import`, `patunay markdown`, `patunay adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say

if TYPE_CHECKING:
    from courses.authoring.scaffolds import Scaffold

_new = typer.Typer(help="Scaffolds to fill in: a course, an assignment.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    _new.command("course")(new_course)
    _new.command("assignment")(new_assignment)
    app.add_typer(_new, name="new")
    app.command("import")(import_notebooks)
    app.command("markdown")(markdown)
    app.command("adopt")(adopt)


def new_course(
    name: Annotated[str, typer.Argument(help="The course's id: lower-case words joined by hyphens.", show_default=False)],
    title: Annotated[str | None, typer.Option(help="Its title.", show_default=False)] = None,
    assignment: Annotated[str, typer.Option(help="The name of its first assignment.")] = "first-assignment",
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a new course with one assignment to fill in. Never overwrites.

    Example: `patunay new course reading-tables --title "Reading tables" --assignment columns`
    """
    from courses.authoring.scaffolds import new_course as write

    place = site_at(site)
    _tell(write(place, name, title=title, assignment=assignment, today=place.day_of(now())), as_json=as_json)


def new_assignment(
    course: Annotated[str, typer.Argument(help="The course's id.", show_default=False)],
    name: Annotated[str, typer.Argument(help="The new assignment's name: its folder.", show_default=False)],
    title: Annotated[str | None, typer.Option(help="Its title; default: made from the name.", show_default=False)] = None,
    weight: Annotated[
        float | None, typer.Option(help="Percent of the overall score; the others are scaled to what is left.", show_default=False)
    ] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a new assignment to fill in, and its table into course.toml. Never overwrites.

    Example: `patunay new assignment reading-tables rows --weight 40`
    """
    from courses.authoring.scaffolds import new_assignment as write

    _tell(write(site_at(site), course, name, title=title, weight=weight), as_json=as_json)


def _tell(made: Scaffold, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {"course": made.course, "assignment": made.assignment, "files": [str(each) for each in made.files], "weights": made.weights}
        )
        return
    for path in made.files:
        print_text(str(path))
    say(f"Weights: {', '.join(f'{name} {weight:g} %' for name, weight in made.weights.items())}.")
    say(f"Fill in what says TODO; what is left is listed by: patunay check {made.course} --quick")


def import_notebooks(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Notebooks (.ipynb) and jupytext's texts (.md, .py).", show_default=False)
    ],
    course: Annotated[str, typer.Option(help="The course's id.", show_default=False)],
    assignment: Annotated[str, typer.Option(help="The assignment that they belong to.", show_default=False)],
    weight: Annotated[
        float | None, typer.Option(help="Percent of the overall score, if the assignment is new to the course.", show_default=False)
    ] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Bring plain notebooks, nbgrader's, jupytext's and otter-assign's sources into an assignment; says what became of each cell. Runs nothing.

    Example: `patunay import hw01.ipynb --course reading-tables --assignment columns`
    """
    from courses.authoring.import_report import COLUMNS
    from courses.authoring.importing import import_notebooks as bring

    made = bring(site_at(site), files, course, assignment, weight=weight)
    if as_json:
        entries = [entry.as_json() for entry in made.entries]
        print_json(
            {
                "course": course,
                "assignment": assignment,
                "files": [str(each) for each in made.files],
                "points": made.points,
                "report": entries,
            }
        )
        return
    if made.entries:
        print_table(
            "What became of it", COLUMNS, [(each.notebook, each.place, each.was, each.became, each.remedy) for each in made.entries]
        )
    for path in made.files:
        print_text(str(path))
    open_points = sum(bool(entry.remedy) for entry in made.entries)
    say(f"{made.points:g} points are graded; {open_points} lines of the table ask you for something.")
    say(f"All items name the course's first outcome: correct that in course.toml. Next: patunay check {course}")


def markdown(
    course: CourseArgument,
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Only these; default: all.", show_default=False)
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="The folder; default: review/COURSE in the site.", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 if the Markdown says something else.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Write what the Markdown says into the notebooks.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a course's notebooks as Markdown, with solutions and without outputs, so that changes show line by line; `--back` takes changes over.

    Example: `patunay markdown reading-tables`
    """
    from courses.authoring.markdown_folder import compare_markdown, read_markdown_back, write_markdown
    from courses.catalogue import load_course, require_assessment

    if check and back:
        raise typer.BadParameter("give one of --check and --back")
    place = site_at(site)
    found = load_course(place.courses, course)
    chosen = [require_assessment(found, each) for each in assignments or ()] or [each.id for each in found.manifest.assessments]
    folder = to if to is not None else place.root / "review" / course
    work = compare_markdown if check else read_markdown_back if back else write_markdown
    pages = work(found, chosen, folder)
    rows = [(each.assignment, each.notebook.name, str(each.markdown), each.state) for each in pages]
    columns = ("assignment", "notebook", "markdown", "state")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(course, columns, rows)
    if check and any(each.state != "unchanged" for each in pages):
        raise typer.Exit(1)


def adopt(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The nbgrader course: the folder with nbgrader_config.py or source/.", show_default=False)
    ],
    id_: Annotated[
        str | None, typer.Option("--id", help="The course's id here; default: made from nbgrader's.", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="The course's title.", show_default=False)] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Take an nbgrader course in as it is: copy its sources into the site, write a manifest from what is there, and list what is missing.

    Example: `patunay adopt ../course101 --id intro-to-python`
    """
    from courses.authoring.adopting import adopt_course
    from courses.authoring.import_report import COLUMNS
    from courses.authoring.placeholder_checks import check_placeholders
    from courses.catalogue import load_course

    place = site_at(site)
    made = adopt_course(place, directory, name=id_, title=title, today=place.day_of(now()))
    found = check_placeholders(load_course(place.courses, made.course))
    missing = sorted(found, key=lambda each: each.place.line or 0 if each.place else 0)
    if as_json:
        rows = [{"where": each.where, "placeholder": each.problem.partition(": ")[2]} for each in missing]
        print_json(
            {
                "course": made.course,
                "folder": str(made.folder),
                "points": made.points,
                "report": [each.as_json() for each in made.entries],
                "missing": rows,
            }
        )
        return
    if made.entries:
        print_table("What to look at", COLUMNS, [(each.notebook, each.place, each.was, each.became, each.remedy) for each in made.entries])
    print_table(
        "What is missing for a release", ("where", "stands there"), [(each.where, each.problem.partition(": ")[2]) for each in missing]
    )
    print_text(f"{made.course}: {len(made.assignments)} assignments, {sum(made.points.values()):g} points, in {made.folder}.")
    say(f"Fill in the {len(missing)} places of the table, then: patunay check {made.course}")
