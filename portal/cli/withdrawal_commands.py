"""`patunay revoke`, `suspend`, `reinstate`, `correct`, `renew`, `decisions …`: what happens to a credential after it was issued."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from portal.cli.options import HERE, ByOption, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say

CredentialArgument = Annotated[str, typer.Argument(help="The credential's id (urn:uuid:…) or its UUID.", show_default=False)]
CredentialsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="CREDENTIAL...", help="Ids (urn:uuid:…) or UUIDs of credentials.", show_default=False)
]
FromOption = Annotated[Path | None, typer.Option("--from", help="A file with more of them, one a line.", show_default=False)]
ReasonOption = Annotated[str, typer.Option(help="Why; it is kept in the ledger and not published.", show_default=False)]
CodeOption = Annotated[str, typer.Option(help="The kind of reason: error, result-changed, integrity, inquiry, holder, other.")]
PublicOption = Annotated[str, typer.Option(help="What whoever verifies it is told; default: the sentence of the code.", show_default=False)]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
DecisionArgument = Annotated[str, typer.Argument(help="The decision's id, or its beginning.", show_default=False)]
decisions_app = typer.Typer(help="What waits for a person's decision.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("revoke")(revoke)
    app.command("suspend")(suspend)
    app.command("reinstate")(reinstate)
    app.command("correct")(correct)
    app.command("renew")(renew)
    decisions_app.command("list")(list_decisions)
    decisions_app.command("grant")(grant)
    decisions_app.command("refuse")(refuse)
    app.add_typer(decisions_app, name="decisions")


def revoke(
    reason: ReasonOption,
    by: ByOption,
    credential: CredentialsArgument = None,
    more: FromOption = None,
    code: CodeOption = "other",
    public_reason: PublicOption = "",
    dry_run: DryOption = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Withdraw credentials for good. Whoever verifies them sees so from now on.

    Example: `patunay revoke 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --code error --reason "issued to the wrong person" --by "Ana Reyes"`
    """
    _withdraw("revoke", [*(credential or []), *_names_in(more)], (reason, code, public_reason), by, site, dry_run, as_json)


def suspend(
    reason: ReasonOption,
    by: ByOption,
    credential: CredentialsArgument = None,
    more: FromOption = None,
    code: CodeOption = "inquiry",
    public_reason: PublicOption = "",
    dry_run: DryOption = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Withdraw credentials for the time being, such as while a case is open.

    Example: `patunay suspend 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --reason "case 2026-14" --by "Ana Reyes"`
    """
    _withdraw("suspend", [*(credential or []), *_names_in(more)], (reason, code, public_reason), by, site, dry_run, as_json)


def _names_in(file: Path | None) -> list[str]:
    return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()] if file else []


def _withdraw(
    how: Literal["revoke", "suspend"], names: list[str], why: tuple[str, str, str], by: str, site: Path, dry_run: bool, as_json: bool
) -> None:
    from issuer.withdrawal import Withdrawal
    from portal.governing import withdraw_many

    if not names:
        raise typer.BadParameter("name a credential, or a file of them with --from")
    reason, code, public_reason = why
    what = Withdrawal(how, code, reason, public_reason)
    done = withdraw_many(site_at(site), names, what, by=by, now=now(), dry_run=dry_run)
    word = "is withdrawn" if how == "revoke" else "is suspended"
    if as_json:
        print_json({"changed": done.changed, "unchanged": done.unchanged, "decision": done.decision, "dry_run": dry_run})
        return
    for name in done.unchanged:
        print_text(f"{name.removeprefix('urn:uuid:')} {word.replace('is', 'was', 1)} before.")
    if done.decision:
        print_text(f"These are {len(done.changed)}, so another person decides: nothing is withdrawn yet.")
        say(f'Next, by someone else: patunay decisions grant {done.decision[:8]} --reason "…" --by "NAME"')
        return
    for name in done.changed:
        print_text(f"{name.removeprefix('urn:uuid:')} {'would be ' + word.removeprefix('is ') if dry_run else word}.")
    if done.changed and not dry_run:
        say("Publish the folder status/ again, so that everyone sees it.")


def reinstate(credential: CredentialArgument, reason: ReasonOption, by: ByOption, site: SiteOption = HERE) -> None:
    """End a suspension.

    Example: `patunay reinstate 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --reason "case 2026-14 closed" --by "Ana Reyes"`
    """
    from portal.governing import reinstate_one

    done = reinstate_one(site_at(site), credential, reason=reason, by=by, now=now())
    print_text(f"{credential} {'is valid again' if done else 'was not suspended'}.")
    if done:
        say("Publish the folder status/ again, so that everyone sees it.")


def correct(
    credential: CredentialArgument,
    name: Annotated[str, typer.Option(help="The name as it should stand there.", show_default=False)],
    reason: ReasonOption,
    by: ByOption,
    site: SiteOption = HERE,
) -> None:
    """Ask for a corrected name. An officer decides; then a new credential takes the place of the old.

    Example: `patunay correct 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --name "Maria Ñuñez" --reason "passport seen" --by "Maria Ñuñez"`
    """
    from portal.governing import ask_correction

    decision = ask_correction(site_at(site), credential, name, reason=reason, by=by, now=now())
    print_text(f"Decision {decision} waits.")
    say(f'Next, by an officer: patunay decisions grant {decision[:8]} --reason "…" --by "NAME"')


def renew(credential: CredentialArgument, reason: ReasonOption, by: ByOption, site: SiteOption = HERE) -> None:
    """Ask for the renewal of a credential that expires. An officer decides; then a new one is issued for the same time again.

    Example: `patunay renew 3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11 --reason "refresher passed" --by "Ana Reyes"`
    """
    from portal.governing import ask_renewal

    decision = ask_renewal(site_at(site), credential, reason=reason, by=by, now=now())
    print_text(f"Decision {decision} waits.")
    say(f'Next, by an officer: patunay decisions grant {decision[:8]} --reason "…" --by "NAME"')


def list_decisions(
    everything: Annotated[bool, typer.Option("--all", help="Those that are taken too.")] = False,
    site: SiteOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a person, oldest first.

    Example: `patunay decisions list`
    """
    from portal.registering import decisions

    columns = ("decision", "kind", "state", "learner", "credential", "what", "asked by", "asked at", "decided by")
    rows = decisions(site_at(site), everything=everything)
    print_json([dict(zip(columns, row, strict=True)) for row in rows]) if as_json else print_table("decisions", columns, rows)


def grant(decision: DecisionArgument, reason: ReasonOption, by: ByOption, site: SiteOption = HERE) -> None:
    """Decide yes, and do it. Who asked cannot decide, unless the site allows it.

    Example: `patunay decisions grant 5b1f0f2f --reason "passport seen" --by "Benigno Cruz"`
    """
    from portal.governing import decide

    name, new = decide(site_at(site), decision, granted=True, reason=reason, by=by, now=now())
    print_text(f"Decision {name} is granted." + (f" The new credential is {new}." if new else ""))
    say("Publish the folders status/ and credentials/ again, so that everyone sees it.")


def refuse(decision: DecisionArgument, reason: ReasonOption, by: ByOption, site: SiteOption = HERE) -> None:
    """Decide no. Nothing changes but the record.

    Example: `patunay decisions refuse 5b1f0f2f --reason "no evidence" --by "Benigno Cruz"`
    """
    from portal.governing import decide

    name, _ = decide(site_at(site), decision, granted=False, reason=reason, by=by, now=now())
    print_text(f"Decision {name} is refused.")
