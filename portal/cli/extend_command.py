"""`patunay extend`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text

if TYPE_CHECKING:
    from autograder.extensions import Grant
    from courses.settings import Site
    from portal.extensions import Terms


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("extend")(extend)


def extend(
    course: CourseArgument,
    assignment: Annotated[str, typer.Argument(help="Leave it out to see what was granted.", show_default=False)] = "",
    learner: Annotated[str, typer.Argument(help="Leave it out to see what was granted.", show_default=False)] = "",
    until: Annotated[
        datetime | None,
        typer.Option(
            help="Their due date; without a zone it is the site's time.",
            show_default=False,
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M%z"],
        ),
    ] = None,
    attempts: Annotated[
        int | None, typer.Option(min=0, help="How many attempts more than others, all together.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.", show_default=False)] = "",
    by: Annotated[str, typer.Option(help="Your name, for the record.", show_default=False)] = "",
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Give one learner a later due date, or more attempts; without a learner: show what was granted in the course.

    Example: `patunay extend data-cleaning-with-pandas tidy-tables ana --until "2026-12-04 17:00" --reason "ill" --by "M. Reyes"`
    """
    from portal.extensions import Wanted, grant_extension

    place = site_at(site)
    if not learner:
        if until is not None or attempts is not None:
            raise typer.BadParameter("name the assignment and the learner")
        _show(place, course, assignment, as_json=as_json)
        return
    wanted = Wanted(assignment, learner, _in_utc(until, place), attempts, reason, by)
    terms = grant_extension(place, course, wanted, now=now())
    if as_json:
        print_json(_as_json(terms))
        return
    due = "without a due date" if terms.due is None else f"due {terms.due:%Y-%m-%d %H:%M} UTC"
    counted = "all attempts count" if terms.attempts is None else f"the first {terms.attempts} attempts count"
    print_text(f"{learner}, {assignment}: {due}, {counted}.")


def _in_utc(moment: datetime | None, site: Site) -> datetime | None:
    from zoneinfo import ZoneInfo

    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(site.settings.timezone))).astimezone(UTC)


def _show(site: Site, course: str, assignment: str, *, as_json: bool) -> None:
    from portal.extensions import extensions_of

    found: list[Grant] = [each for each in extensions_of(site, course) if assignment in {"", each.assignment}]
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    rows = [
        (
            each.assignment,
            each.learner,
            "" if each.until is None else f"{each.until:%Y-%m-%d %H:%M}",
            "" if each.attempts is None else str(each.attempts),
            each.reason,
            each.by,
            f"{each.at:%Y-%m-%d %H:%M}",
        )
        for each in found
    ]
    print_table(course, ("assignment", "learner", "until (UTC)", "more attempts", "why", "by", "at (UTC)"), rows)


def _as_json(terms: Terms) -> dict[str, object]:
    return {
        "due": None if terms.due is None else terms.due.isoformat(),
        "attempts": terms.attempts,
        "grants": [each.model_dump(mode="json") for each in terms.grants],
    }
