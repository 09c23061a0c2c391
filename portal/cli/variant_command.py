"""`patunay variant`."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, site_at
from portal.cli.output import print_json, print_table, print_text


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("variant")(variant)


def variant(
    course: CourseArgument,
    assignment: Annotated[str, typer.Argument(help="The assignment's name.", show_default=False)],
    learners: Annotated[
        list[str] | None, typer.Argument(metavar="[LEARNER]...", help="Whose; default: every variant, whoever has it.", show_default=False)
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Everybody whom the gradebook knows.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Tell which variant of an assignment a learner has: the values that their work is graded by.

    Example: `patunay variant statistics-for-evidence estimating maria`
    """
    from courses.variant_cells import literal
    from portal.course_work import course_variants

    rows = course_variants(site_at(site), course, assignment, None if everyone else tuple(learners or ()))
    if as_json:
        print_json([{"learner": row.learner, "variant": row.number, "of": row.of, "values": row.values} for row in rows])
        return
    if not rows:
        print_text("The gradebook knows nobody yet.")
        return
    names = list(rows[0].values)
    table = [(row.learner or "(any)", f"{row.number} of {row.of}", *(literal(row.values[name]) for name in names)) for row in rows]
    print_table(f"{course}: variants of {assignment}", ("learner", "variant", *names), table)
