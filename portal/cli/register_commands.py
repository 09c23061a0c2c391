"""`patunay register`, `audit …`, `privacy …`, `ledger …`: looking at the record, proving that it is whole, and learners' rights in it."""

from __future__ import annotations

from dataclasses import asdict, astuple
from pathlib import Path
from typing import Annotated

import typer

from portal.cli.options import HERE, ByOption, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say
from portal.cli.withdrawal_commands import CredentialArgument, DryOption, ReasonOption

audit_app = typer.Typer(help="The audit log: whether it is whole.", no_args_is_help=True)
privacy_app = typer.Typer(help="Learners' rights: what is held of them, and its erasure.", no_args_is_help=True)
ledger_app = typer.Typer(help="The ledger's database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("register")(show_register)
    audit_app.command("verify")(verify_audit)
    audit_app.command("anchor")(anchor_audit)
    app.add_typer(audit_app, name="audit")
    privacy_app.command("export")(export_learner)
    privacy_app.command("erase")(erase)
    privacy_app.command("purge")(purge)
    app.add_typer(privacy_app, name="privacy")
    ledger_app.command("copy")(copy)
    app.add_typer(ledger_app, name="ledger")


def show_register(
    course: Annotated[str | None, typer.Option(help="Only this course's.", show_default=False)] = None,
    state: Annotated[
        str | None, typer.Option(help="Only these: valid, expired, suspended, revoked or replaced.", show_default=False)
    ] = None,
    expiring: Annotated[
        int | None, typer.Option("--expiring", help="Only valid ones that end within so many days.", min=0, show_default=False)
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file instead.", show_default=False)] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List every credential with its state.

    Example: `patunay register --expiring 60 --csv expiring.csv`
    """
    from issuer.register import COLUMNS
    from portal.csv_tables import write_csv
    from portal.registering import register_of

    lines = register_of(site_at(site), course=course, state=state, expiring_days=expiring, now=now())
    if csv is not None:
        write_csv(csv, COLUMNS, map(astuple, lines))
        print_text(str(csv))
    elif as_json:
        print_json([asdict(line) for line in lines])
    else:
        columns = ("credential", "course", "version", "learner", "state", "issued_at", "valid_until", "withdrawn_because")
        print_table("register", columns, [[getattr(line, column) for column in columns] for line in lines])


def verify_audit(
    anchor: Annotated[
        list[Path] | None,
        typer.Option("--anchor", help="A status list that was published, such as a copy kept elsewhere.", show_default=False),
    ] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check that no line of the audit log was changed, removed, moved or cut off.

    Example: `patunay audit verify --anchor status-of-2026-01.json`
    """
    from portal.governing import verify_audit as verify_log

    report = verify_log(site_at(site), anchor or [])
    if as_json:
        print_json({"lines": report.lines, "anchors": report.anchors, "after_anchor": report.after_anchor})
        return
    told = f"signed status lists vouch for the first {max(report.anchors)}" if report.anchors else "no signed status list vouches for them"
    print_text(f"The audit log is whole: {report.lines} lines; {told}.")
    if report.after_anchor:
        say(f"{report.after_anchor} lines at the end are vouched for by nothing yet: `patunay audit anchor`.")


def anchor_audit(site: SiteOption = HERE) -> None:
    """Sign the status list anew, so that it vouches for the audit log as it is now.

    Example: `patunay audit anchor`
    """
    from portal.governing import anchor_audit as anchor

    anchor(site_at(site), now=now())
    print_text("The first status list vouches for the whole audit log now.")
    say("Publish the folder status/ again, and keep a copy elsewhere.")


def export_learner(
    learner: Annotated[str, typer.Argument(help="The learner's id.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.", show_default=False)] = None,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Give out all that the ledger holds of one learner, as JSON.

    Example: `patunay privacy export ana --out ana.json`
    """
    import json

    from courses.storage import write_atomically
    from portal.governing import learner_data

    data = learner_data(site_at(site), learner)
    if out is None or as_json:
        print_json(data)
    if out is not None:
        write_atomically(out, json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        say(str(out))


def erase(credential: CredentialArgument, reason: ReasonOption, by: ByOption, site: SiteOption = HERE) -> None:
    """Erase a credential's files and its document in the ledger, at the holder's wish. The minimal register stays.

    Example: `patunay privacy erase 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --reason "request of 2026-03-01" --by "Ana Reyes"`
    """
    from portal.governing import erase as erase_one

    done = erase_one(site_at(site), credential, reason=reason, by=by, now=now())
    print_text(f"{credential} {'is erased' if done else 'was erased before'}.")
    say("Remove its files from where you publish, and from backups as your rules say.")


def purge(by: ByOption, dry_run: DryOption = False, site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """Delete what the site's retention settings say is kept no longer.

    Example: `patunay privacy purge --dry-run --by "Ana Reyes"`
    """
    from portal.governing import purge_old

    found = purge_old(site_at(site), by=by, now=now(), dry_run=dry_run)
    if as_json:
        print_json({**asdict(found), "dry_run": dry_run})
        return
    print_text(f"{found.batch_rows} rows of batches and {found.decisions} decisions {'would be' if dry_run else 'are'} emptied.")


def copy(
    to: Annotated[
        str, typer.Option("--to", help="The address of an empty database, such as postgresql+psycopg://user@host/name.", show_default=False)
    ],
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Copy the whole ledger into an empty database. Then change `ledger` in patunay.toml.

    Example: `patunay ledger copy --to postgresql+psycopg://patunay@db.example.edu/ledger`
    """
    from portal.registering import copy_to

    counts = copy_to(site_at(site), to)
    print_json(counts) if as_json else print_table("copied", ("table", "rows"), list(counts.items()), numbers=("rows",))
    if not as_json:
        say("Now say so in patunay.toml: ledger = the new address. Keep the old database until `patunay audit verify` is content.")
