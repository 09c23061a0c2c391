"""`patunay check`, `patunay release`."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.cli.options import HERE, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.sealing import finding_row, sealing_summary, tell_sealing


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("check")(check)
    app.command("release")(release)


def check(
    course: CourseArgument,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Run the reference solutions too, as a release does.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check a course against the release gate: every rule with its code, finding, place and remedy. Exit code 1 if something blocks.

    Example: `patunay check data-cleaning-with-pandas`
    """
    from courses.catalogue import load_course
    from courses.checks import check_course
    from courses.release_checks import check_release

    place = site_at(site)
    found = load_course(place.courses, course)
    findings = check_course(found, today=now().date()) + check_release(place, found, today=now().date())
    if rehearse and not any(finding.is_blocking for finding in findings):
        from portal.releasing import rehearse_course

        rehearsed = rehearse_course(place, found, tuple(each.id for each in found.manifest.assessments))
        findings += rehearsed.findings
        if not as_json:
            tell_sealing(rehearsed, findings=False)
    blocking = sum(finding.is_blocking for finding in findings)
    if as_json:
        print_json([finding_row(each) for each in findings])
    else:
        rows = [(each.code, each.severity.value, each.where, each.problem, each.remedy) for each in findings]
        if rows:
            print_table(f"{course}: findings", ("code", "severity", "where", "problem", "what to do"), rows)
        print_text(f"{course}: {blocking} blocking, {len(findings) - blocking} warnings.")
    if blocking:
        raise typer.Exit(1)


def release(
    course: CourseArgument,
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT]...", help="Only these; default: all.", show_default=False)
    ] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check, freeze and publish a course: nbgrader makes the learner version and puts it into the exchange.

    Example: `patunay release data-cleaning-with-pandas`
    """
    from courses.catalogue import load_course
    from portal.releasing import release_rehearsed

    place = site_at(site)
    released, rehearsed = release_rehearsed(place, load_course(place.courses, course), tuple(assignments or ()), now=now())
    if as_json:
        print_json(
            {
                "course": course,
                "version": released.version,
                "content_hash": released.content_hash,
                "assignments": list(released.assignments),
                "sealing": {name: sealing_summary(plan) for name, plan in rehearsed.plans.items()},
                "findings": [finding_row(each) for each in rehearsed.findings],
            }
        )
        return
    tell_sealing(rehearsed)
    print_text(f"{course} {released.version} is released: {', '.join(released.assignments)}.")
    say(
        f"Sources are frozen as {released.content_hash[:16]}… Next, when learners have submitted: patunay collect {course} && patunay grade {course}"
    )
