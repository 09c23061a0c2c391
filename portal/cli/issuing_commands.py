"""`patunay eligible`, `patunay batch …`, `patunay consent`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, ByOption, CourseArgument, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.progress import DRAWING, LINES_FROM, SIGNING, shown_progress

if TYPE_CHECKING:
    from portal.awarding import Prepared

BatchArgument = Annotated[str, typer.Argument(help="The batch's id, or its beginning.", show_default=False)]
_SHOWN = 100
"""Entries of a kind that are shown on a terminal."""
_ALWAYS = {"new", "already issued", "withdrawn before", "incomplete"}
batch_app = typer.Typer(help="Prepare, approve and issue credentials: the governed path.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("eligible")(eligible)
    app.command("consent")(consent)
    batch_app.command("check")(check)
    batch_app.command("prepare")(prepare)
    batch_app.command("list")(list_batches)
    batch_app.command("show")(show)
    batch_app.command("approve")(approve)
    batch_app.command("return")(give_back)
    batch_app.command("issue")(issue)
    app.add_typer(batch_app, name="batch")


def eligible(course: CourseArgument, site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Say who is eligible, not yet, or blocked, and why.

    Example: `patunay eligible data-cleaning-with-pandas`
    """
    from issuer.achievement import percent
    from issuer.standing import read_standing

    standings = read_standing(site_at(site), course).eligibility
    if as_json:
        print_json(
            [
                {"learner": each.learner, "status": each.status.value, "overall": each.overall, "outcomes": dict(each.outcomes),
                 "assessments": dict(each.assessments), "reasons": [{"code": reason.code, "text": reason.text} for reason in each.reasons]}
                for each in standings
            ]
        )  # fmt: skip
        return
    rows = [
        (each.learner, each.status.value, percent(each.overall), " ".join(reason.text for reason in each.reasons)) for each in standings
    ]
    print_table(course, ("learner", "status", "score %", "why"), rows, numbers=("score %",))


def consent(
    learner: Annotated[str, typer.Argument(help="The learner's id.", show_default=False)],
    course: CourseArgument,
    show_name: Annotated[
        bool, typer.Option("--show-name/--hide-name", help="Whether their name stands in the credential.", show_default=False)
    ],
    channel: Annotated[str, typer.Option(help="How they told you.")] = "command line",
    site: SiteOption = HERE,
) -> None:
    """Record what a learner agreed to show in their credential. Without it no name is shown.

    Example: `patunay consent ana data-cleaning-with-pandas --show-name`
    """
    from portal.awarding import is_enrolled, record_consent

    place = site_at(site)
    record_consent(place, learner, course, show_name=show_name, channel=channel, now=now())
    print_text(f"{learner}, {course}: the name will {'stand' if show_name else 'not stand'} in the credential.")
    if not is_enrolled(place, learner, course):
        say(f"The gradebook of {course} knows no {learner!r} yet: check the id.", style="yellow")


def check(
    course: CourseArgument,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file instead.", show_default=False)] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say what a batch would hold, and how the results differ from what is issued. Writes nothing.

    Example: `patunay batch check data-cleaning-with-pandas`
    """
    from portal.awarding import check as check_course

    checked = check_course(site_at(site), course, now=now())
    if csv is not None:
        from portal.csv_tables import write_csv

        write_csv(csv, ("learner", "what", "as issued", "now"), checked.lines())
        print_text(str(csv))
    elif as_json:
        print_json(checked.as_json())
    else:
        _show(f"{course}: what a batch would hold", checked)
        say(f'Nothing is written. Next: patunay batch prepare {course} --by "NAME"')


def prepare(course: CourseArgument, by: ByOption, site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Write down a batch of everyone who can be issued to now.

    Example: `patunay batch prepare data-cleaning-with-pandas --by "Ana Reyes"`
    """
    from portal.awarding import prepare as prepare_course

    prepared = prepare_course(site_at(site), course, by=by, now=now())
    if as_json:
        print_json(prepared.as_json())
        return
    _show(f"{course}: what a batch holds now", prepared)
    if prepared.would_be_withdrawn:
        say("Whoever would not pass any more keeps the credential until a person decides: patunay decisions list", style="yellow")
    if prepared.batch is None:
        print_text("There is nobody to issue to.")
        return
    print_text(f"Batch {prepared.batch} ({prepared.state}), content {prepared.content_hash[:16]}…")
    say(f'Next, by someone else: patunay batch approve {prepared.batch[:8]} --by "NAME"')


def _show(title: str, prepared: Prepared) -> None:
    rows = [
        ("new", len(prepared.new), _listed(prepared.new, ", ")),
        ("already issued", len(prepared.already_issued), _listed(prepared.already_issued, ", ")),
        ("withdrawn before", len(prepared.withdrawn), _listed(prepared.withdrawn, ", ")),
        ("incomplete", len(prepared.incomplete), _listed([f"{learner}: {why}" for learner, why in prepared.incomplete])),
        ("changed score", len(prepared.changed_score), _listed([f"{who}: {100 * old:.2f} → {100 * new:.2f}" for who, old, new in prepared.changed_score])),
        ("changed name", len(prepared.changed_name), _listed([f"{who}: {old or '(none)'} → {new or '(none)'}" for who, old, new in prepared.changed_name])),
        ("would be withdrawn", len(prepared.would_be_withdrawn), _listed([f"{who}: {why}" for _, who, why in prepared.would_be_withdrawn])),
    ]  # fmt: skip
    print_table(title, ("what", "how many", "who"), [row for row in rows if row[1] or row[0] in _ALWAYS], numbers=("how many",))


def _listed(entries: Sequence[str], between: str = "; ") -> str:
    """Return the entries one after the other; of very many the first, and where the others are."""
    more = len(entries) - _SHOWN
    return between.join(entries[:_SHOWN]) + (
        f"{between}and {more} more: `patunay batch check COURSE --csv FILE` lists all" if more > 0 else ""
    )


def list_batches(site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """List the batches, newest first.

    Example: `patunay batch list`
    """
    from portal.awarding import batches

    rows = batches(site_at(site))
    columns = ("batch", "course", "version", "state", "awards", "prepared by", "prepared at", "approved by")
    print_json([dict(zip(columns, row, strict=True)) for row in rows]) if as_json else print_table(
        "batches", columns, rows, numbers=("awards",)
    )


def show(batch: BatchArgument, site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Show what a batch would say of each learner.

    Example: `patunay batch show 3f0f6c1e`
    """
    from issuer.achievement import percent
    from portal.awarding import batch_rows

    rows = batch_rows(site_at(site), batch)
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    shown = [
        (
            row.learner,
            row.name or "(not shown)",
            percent(row.overall),
            ", ".join(f"{name} {percent(share)}" for name, share in row.outcomes),
            len(row.evidence),
        )
        for row in rows
    ]
    print_table(batch, ("learner", "name", "score %", "outcomes %", "evidence"), shown, numbers=("score %", "evidence"))


def approve(batch: BatchArgument, by: ByOption, site: SiteOption = HERE) -> None:
    """Approve a batch's content. You cannot approve what you prepared, unless the site allows it.

    Example: `patunay batch approve 3f0f6c1e --by "Benigno Cruz"`
    """
    from portal.awarding import approve as approve_course

    name, approver = approve_course(site_at(site), batch, by=by, now=now())
    print_text(f"Batch {name} is approved by {approver}.")
    say(f"Next: patunay batch issue {name[:8]}")


def give_back(
    batch: BatchArgument,
    note: Annotated[str, typer.Option(help="What has to be put right; it stays in the audit log.", show_default=False)],
    by: ByOption,
    site: SiteOption = HERE,
) -> None:
    """Give a batch back to who prepared it, with a note. It is void then.

    Example: `patunay batch return 3f0f6c1e --note "Ana's name is misspelt" --by "Benigno Cruz"`
    """
    from portal.awarding import send_back

    name = send_back(site_at(site), batch, by=by, note=note, now=now())
    print_text(f"Batch {name} is returned. Prepare a new one when it is put right.")


def issue(
    batch: BatchArgument,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Draw badges and certificates too, however large the batch is.", show_default=False)
    ] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Sign an approved batch, and write its files. Interrupted, it goes on where it stopped.

    Example: `patunay batch issue 3f0f6c1e`
    """
    from portal.awarding import issue as issue_course

    with shown_progress(SIGNING, DRAWING, fewest=LINES_FROM) as (progress, drawing):
        issued = issue_course(site_at(site), batch, now=now(), progress=progress, drawing=drawing, pictures=pictures)
    if as_json:
        refused = [{"learner": learner, "why": why} for learner, why in issued.refused]
        print_json({"new": issued.new, "before": issued.before, "folder": str(issued.folder), "refused": refused})
    else:
        print_text(f"{issued.new} credentials are issued now, {issued.before} were before. They are in {issued.folder}.")
    if issued.refused:
        if not as_json:
            print_table("not issued", ("learner", "why"), issued.refused)
        say(
            f"{len(issued.refused)} of the batch could not be issued to. Correct what is said (names and addresses: `nbgrader db student add`), "
            "then prepare a new batch. Who has a credential keeps it.",
            style="yellow",
        )
        raise typer.Exit(1)
