"""`patunay courses` and `patunay course submit|comment|approve|return|retire|reopen|status|recheck`: where the site's courses stand on their way to release."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portal.cli.options import HERE, ByOption, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from courses.review_record import Action, ReviewStep
    from portal.course_standing import CourseOverview

RoleOption = Annotated[str, typer.Option("--role", help="In which role, such as Reviewer or Dean.", show_default=False)]
NoteOption = Annotated[str | None, typer.Option("--note", help="What others should know of it.", show_default=False)]
ReasonOption = Annotated[str, typer.Option("--note", help="Why.", show_default=False)]

steps = typer.Typer(
    help="The way of a course from draft to release: reviews are kept in its folder, in `approvals.toml`.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("courses")(courses)
    app.add_typer(steps, name="course")


def courses(site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """List the site's courses: version, state, what is released, who approved what is there now, and when the next review is due.

    Example: `patunay courses`
    """
    from portal.course_standing import overview_of_courses

    place = site_at(site)
    overviews = overview_of_courses(place, today=place.day_of(now()))
    if as_json:
        print_json([_as_json(each) for each in overviews])
        return
    columns = ("course", "version", "title", "state", "released", "approved by", "review by")
    rows = [
        (each.course, each.version, each.title, each.state, each.released or "not released", _people(each.approvals), each.review_told)
        for each in overviews
    ]
    print_table(str(place.courses), columns, rows)


@steps.command("status")
def status(course: CourseArgument, site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Show where one course stands: its state, what is still asked for, and every step of its reviews.

    Example: `patunay course status data-cleaning-with-pandas`
    """
    from courses.catalogue import load_course
    from portal.course_standing import overview_of

    place = site_at(site)
    overview = overview_of(place, load_course(place.courses, course), today=place.day_of(now()))
    if as_json:
        print_json({**_as_json(overview), "history": [_step_json(step) for step in overview.history]})
        return
    _tell(overview)
    rows = [(step.date, step.action, step.person, step.role, step.version, step.content_hash[:12], step.note) for step in overview.history]
    if rows:
        print_table("Reviews, oldest first", ("date", "step", "by", "role", "version", "content", "note"), rows)


@steps.command("submit")
def submit(
    course: CourseArgument, by: ByOption, role: RoleOption, note: NoteOption = None, site: SiteOption = HERE, as_json: JsonOption = False
) -> None:
    """Submit a course as it is now for review. The release gate's static rules have to be kept.

    Example: `patunay course submit data-cleaning-with-pandas --by "Maria Reyes" --role Author`
    """
    _take(course, "submitted", by, role, note, site, as_json=as_json)


@steps.command("comment")
def comment(
    course: CourseArgument, by: ByOption, role: RoleOption, note: ReasonOption, site: SiteOption = HERE, as_json: JsonOption = False
) -> None:
    """Say something about the course as it is now, for its authors and reviewers. It changes no state.

    Example: `patunay course comment data-cleaning-with-pandas --by "Ana Santos" --role Reviewer --note "Question 2 is hard to read on a phone."`
    """
    _take(course, "commented", by, role, note, site, as_json=as_json)


@steps.command("approve")
def approve(
    course: CourseArgument, by: ByOption, role: RoleOption, note: NoteOption = None, site: SiteOption = HERE, as_json: JsonOption = False
) -> None:
    """Approve the very content that was submitted. Not for its authors, nor for who submitted it.

    Example: `patunay course approve data-cleaning-with-pandas --by "Ana Santos" --role Reviewer`
    """
    _take(course, "approved", by, role, note, site, as_json=as_json)


@steps.command("return")
def give_back(
    course: CourseArgument, by: ByOption, role: RoleOption, note: ReasonOption, site: SiteOption = HERE, as_json: JsonOption = False
) -> None:
    """Return a submitted course to its authors; approvals of this content no longer count.

    Example: `patunay course return data-cleaning-with-pandas --by "Ana Santos" --role Reviewer --note "Question 3 has two answers."`
    """
    _take(course, "returned", by, role, note, site, as_json=as_json)


@steps.command("retire")
def retire(
    course: CourseArgument, by: ByOption, role: RoleOption, note: ReasonOption, site: SiteOption = HERE, as_json: JsonOption = False
) -> None:
    """Retire a course: no release any more, and nothing to fetch or hand in. What was handed in can be graded, and credentials stay valid.

    Example: `patunay course retire data-cleaning-with-pandas --by "Ana Santos" --role Dean --note "Replaced by another course."`
    """
    _take(course, "retired", by, role, note, site, as_json=as_json)


@steps.command("reopen")
def reopen(
    course: CourseArgument, by: ByOption, role: RoleOption, note: ReasonOption, site: SiteOption = HERE, as_json: JsonOption = False
) -> None:
    """Take back a retirement. `patunay release` puts the learner versions into the exchange again.

    Example: `patunay course reopen data-cleaning-with-pandas --by "Ana Santos" --role Dean --note "Asked for again."`
    """
    _take(course, "reopened", by, role, note, site, as_json=as_json)


@steps.command("recheck")
def recheck(
    course: CourseArgument,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="The version, or the beginning of a release's content hash.", show_default=False)
    ],
    learner: Annotated[list[str] | None, typer.Option("--learner", help="Only theirs; may be given again.", show_default=False)] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Grade attempts again with the frozen tests that graded them, and compare; nothing is changed. Exit code 1 if a verdict is another.

    Example: `patunay course recheck data-cleaning-with-pandas 1.0.0 --learner ana`
    """
    from portal.older_versions import recheck_version

    with progress_bar("rechecked") as progress:
        found = recheck_version(site_at(site), course, version, tuple(learner or ()), now=now, progress=progress)
    if as_json:
        print_json([{**asdict(each), "same": each.is_same} for each in found])
    else:
        rows = [
            (each.learner, each.assignment, _points(each.recorded), _points(each.found), "same" if each.is_same else "DIFFERENT")
            for each in found
        ]
        print_table(f"{course} {version}, with its own tests", ("learner", "assignment", "recorded", "now", ""), rows)
    if not found:
        say("No attempt that is on record was graded with the sources of this version.", style="yellow")
    if not all(each.is_same for each in found):
        raise typer.Exit(1)


def _points(scores: Mapping[str, float | None]) -> str:
    undecided = sum(score is None for score in scores.values())
    total = f"{sum(score or 0.0 for score in scores.values()):g}"
    return f"{total}, {undecided} undecided" if undecided else total


def _take(course: str, action: Action, by: str, role: str, note: str | None, site: Path, *, as_json: bool) -> None:
    from courses.catalogue import load_course
    from courses.reviewing import take_step
    from portal.course_standing import overview_of

    place = site_at(site)
    today = place.day_of(now())
    found = load_course(place.courses, course)
    take_step(place, found, action, person=by, role=role, note=note, today=today)
    overview = overview_of(place, found, today=today)
    if as_json:
        print_json(_as_json(overview))
        return
    _tell(overview)
    say(f"Written into {found.folder.name}/approvals.toml. Put it under version control with the course.")


def _tell(overview: CourseOverview) -> None:
    print_text(f"{overview.course} {overview.version} ({overview.content_hash[:12]}…): {overview.state}.")
    if overview.approvals:
        print_text(f"Approved by {_people(overview.approvals)}.")
    if overview.missing and overview.state != "retired":
        print_text(f"Still asked for: {', '.join(overview.missing)}.")
    print_text(f"Released: {overview.released or 'nothing'}. Next review: {overview.review_told}.")


def _people(approvals: tuple[ReviewStep, ...]) -> str:
    return ", ".join(f"{step.person} ({step.role})" for step in approvals)


def _step_json(step: ReviewStep) -> dict[str, Any]:
    return step.model_dump(mode="json")


def _as_json(overview: CourseOverview) -> dict[str, Any]:
    return {
        "course": overview.course,
        "version": overview.version,
        "title": overview.title,
        "state": overview.state,
        "content_hash": overview.content_hash,
        "released": overview.released or "not released",
        "approvals": [_step_json(step) for step in overview.approvals],
        "missing": list(overview.missing),
        "review by": str(overview.review_by),
        "review": overview.review,
        "review_in_days": overview.review_in_days,
    }
