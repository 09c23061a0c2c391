"""`patunay new`, `patunay import`, `patunay markdown`, `patunay adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, JsonOption, SiteOption, now, site_at
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

    _tell(write(site_at(site), name, title=title, assignment=assignment, today=now().date()), as_json=as_json)


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
    say(f"Fill in what says TODO; what is left is listed by: patunay check {made.course}")


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
    say(f"All items name the course's first outcome: correct that in course.toml. Next: patunay check {course} --rehearse")
