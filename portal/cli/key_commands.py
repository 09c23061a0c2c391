"""`patunay key …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portal.cli.options import HERE, ByOption, JsonOption, SiteOption, now, site_at
from portal.cli.output import print_json, print_table, print_text, say

if TYPE_CHECKING:
    from issuer.keys import Algorithm
    from issuer.passphrases import PassphraseSource

key_app = typer.Typer(help="The institution's keys: make, replace, retire, list.", no_args_is_help=True)

KeyArgument = Annotated[str, typer.Argument(help="The key, or the end of it, as `patunay key list` shows it.", show_default=False)]
AlgorithmOption = Annotated[str, typer.Option(help="Ed25519: for credentials. P-256: for credentials as JWT.")]
PassphraseFileOption = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Read the passphrase from this file, which must be yours alone.", show_default=False),
]
PassphraseFdOption = Annotated[
    int | None, typer.Option("--passphrase-fd", help="Read the passphrase from this open descriptor.", show_default=False)
]
PlainOption = Annotated[bool, typer.Option("--no-passphrase", help="Leave the key unencrypted: its file's mode alone protects it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    key_app.command("list")(list_keys)
    key_app.command("generate")(generate)
    key_app.command("rotate")(rotate)
    key_app.command("adopt")(adopt)
    key_app.command("protect")(protect)
    key_app.command("retire")(retire)
    app.add_typer(key_app, name="key")


def list_keys(site: SiteOption = HERE, as_json: JsonOption = False) -> None:
    """List the keys, newest first: which signs, which did, which must not be trusted.

    Example: `patunay key list`
    """
    from portal.key_keeping import list_keys as keys_of

    keys = keys_of(site_at(site))
    if as_json:
        print_json([{**each.entry.model_dump(mode="json"), "id": each.key_id, "kept": each.kept} for each in keys])
        return
    rows = [
        (each.entry.multikey, each.entry.algorithm, each.entry.state, each.entry.made_at and f"{each.entry.made_at:%Y-%m-%d}",
         each.entry.ended_at and f"{each.entry.ended_at:%Y-%m-%d}", each.kept) for each in keys
    ]  # fmt: skip
    print_table("keys", ("key", "kind", "state", "made", "ended", "private half"), rows)


def generate(
    by: ByOption,
    algorithm: AlgorithmOption = "P-256",
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseFdOption = None,
    no_passphrase: PlainOption = False,
    site: SiteOption = HERE,
) -> None:
    """Make the first key of a kind, and publish it. (`patunay init` makes the Ed25519 key.)

    Example: `patunay key generate --algorithm P-256 --by "Ana Reyes"`
    """
    _make(site, algorithm, _new_passphrase(passphrase_file, passphrase_fd, plain=no_passphrase), replaces=False, by=by)


def rotate(
    by: ByOption,
    algorithm: AlgorithmOption = "Ed25519",
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseFdOption = None,
    no_passphrase: PlainOption = False,
    site: SiteOption = HERE,
) -> None:
    """Make a new key that signs from now on. The one before is retired: what it signed still verifies.

    Example: `patunay key rotate --by "Ana Reyes"`
    """
    _make(site, algorithm, _new_passphrase(passphrase_file, passphrase_fd, plain=no_passphrase), replaces=True, by=by)


def adopt(
    public_key: Annotated[Path, typer.Argument(help="The public key as PEM.", show_default=False)],
    command: Annotated[list[str], typer.Argument(help="The program that signs, and its arguments, after `--`.", show_default=False)],
    by: ByOption,
    site: SiteOption = HERE,
) -> None:
    """Sign from now on by a program that keeps the key (a PKCS #11 token, a key service): bytes on its input, the signature on its output.

    Example: `patunay key adopt token.pem --by "Ana Reyes" -- /usr/local/bin/sign-with-token`
    """
    from portal.key_keeping import adopt_signer

    entry = adopt_signer(site_at(site), public_key, tuple(command), by=by, now=now())
    print_text(f"{entry.multikey} ({entry.algorithm}) signs from now on, by {command[0]}.")
    say("Publish did.json before you issue with it.")


def protect(
    key: KeyArgument,
    by: ByOption,
    passphrase_file: PassphraseFileOption = None,
    passphrase_fd: PassphraseFdOption = None,
    site: SiteOption = HERE,
) -> None:
    """Encrypt a key's file with a new passphrase.

    Example: `patunay key protect kRtNcQ --by "Ana Reyes"`
    """
    from portal.key_keeping import protect_key

    source = _new_passphrase(passphrase_file, passphrase_fd, plain=False)
    assert source is not None
    entry = protect_key(site_at(site), key, source, by=by, now=now())
    print_text(f"{entry.multikey} is encrypted. Backups from before hold the file as it was: keep them as safe as the key.")


def retire(
    key: KeyArgument,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the list of keys.", show_default=False)],
    by: ByOption,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Somebody else may have it: nothing that it signed shall verify.")
    ] = False,
    site: SiteOption = HERE,
) -> None:
    """Let a key sign no more. With --compromised, what it signed does not verify either.

    Example: `patunay key retire kRtNcQ --compromised --reason "laptop stolen" --by "Ana Reyes"`
    """
    from portal.key_keeping import end_key

    entry, signed = end_key(site_at(site), key, compromised=compromised, reason=reason, by=by, now=now())
    noun, verb = ("credential", ("verifies", "does")) if signed == 1 else ("credentials", ("verify", "do"))
    if not compromised:
        print_text(f"{entry.multikey} is retired. {signed} {noun} that it signed still {verb[0]}.")
        return
    print_text(
        f"{entry.multikey} is compromised. {signed} {noun} that it signed {verb[1]} not verify any more, once did.json is published."
    )
    say("Next: `patunay key rotate`, publish did.json at once, then issue those credentials again.")


def _make(site: Path, algorithm: str, passphrase: PassphraseSource | None, *, replaces: bool, by: str) -> None:
    from portal.key_keeping import add_key

    entry = add_key(site_at(site), _algorithm(algorithm), passphrase, replaces=replaces, by=by, now=now())
    print_text(f"{entry.multikey} ({entry.algorithm}) signs from now on. It lies in keys/{entry.file}.")
    say("Back keys/ up, and publish did.json before you issue with it.")


def _algorithm(name: str) -> Algorithm:
    if name == "Ed25519":
        return "Ed25519"
    if name == "P-256":
        return "P-256"
    raise typer.BadParameter(f"{name!r} is neither Ed25519 nor P-256", param_hint="--algorithm")


def _new_passphrase(file: Path | None, descriptor: int | None, *, plain: bool) -> PassphraseSource | None:
    """Return where a new passphrase comes from; None for no passphrase at all."""
    from issuer.passphrases import from_descriptor, from_file, from_terminal

    if sum((file is not None, descriptor is not None, plain)) > 1:
        raise typer.BadParameter("give one of --passphrase-file, --passphrase-fd and --no-passphrase")
    if plain:
        return None
    if file is not None:
        return from_file(file)
    return from_descriptor(descriptor) if descriptor is not None else from_terminal(confirm=True)
