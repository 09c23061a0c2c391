"""What `patunay key` does: make, replace, retire and list the institution's keys, and publish the public halves.

Order of writing: the private key, then the list, then the DID document, then the audit log. Stopped in between, a key lies there that nobody uses,
or `did.json` is behind the list until the next command publishes it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select

from courses.settings import Site
from courses.storage import write_atomically
from issuer.audit import append_entry
from issuer.did import did_document
from issuer.errors import KeyFileError
from issuer.identity import ensure_key, site_did, site_passphrase
from issuer.keyring import KeyEntry, Keyring, read_keyring, write_keyring
from issuer.keys import Algorithm, SigningKey, generate_key, is_encrypted_file, load_key, parse_public_key, save_key
from issuer.ledger import Credential, open_ledger
from issuer.passphrases import PassphraseSource
from issuer.signing_command import CommandSigner


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key, as people want to see it."""

    entry: KeyEntry
    key_id: str
    kept: str
    """Where the private half is and how: `issuer.pem (not encrypted)`."""


def list_keys(site: Site) -> list[ListedKey]:
    """Return the site's keys, the newest first."""
    keyring = read_keyring(site.keys)
    did = site_did(site, keyring)
    return [ListedKey(each, f"{did}#{each.multikey}", _kept(site, each)) for each in reversed(keyring.entries)]


def add_key(site: Site, algorithm: Algorithm, passphrase: PassphraseSource | None, *, replaces: bool, by: str, now: datetime) -> KeyEntry:
    """Make a key that signs from now on, and publish it.

    Args:
        passphrase: encrypts it; None: it is not encrypted.
        replaces: whether it takes the place of an active key of its kind, which is retired; otherwise there must be none.

    Raises:
        KeyFileError: there is an active one and nothing was said of replacing it, or the other way round; or keys cannot be written.
    """
    keyring = _keyring_for(site, algorithm, replaces=replaces)
    key = generate_key(algorithm)
    name = f"{key.multikey}.pem"
    save_key(key, site.keys / name, passphrase=passphrase(name) if passphrase else None)
    entry = KeyEntry(multikey=key.multikey, algorithm=algorithm, state="active", made_at=now, file=name)
    _keep(site, keyring.with_active(entry, now=now), entry, "key rotated" if replaces else "key made", by=by, now=now)
    return entry


def adopt_signer(site: Site, public_pem: Path, command: tuple[str, ...], *, by: str, now: datetime) -> KeyEntry:
    """Let a program sign from now on whose public key is in a PEM file; an active key of that kind is retired. It must sign a trial first.

    Raises:
        SignerError: the program does not sign with that key.
        KeyFileError: the file is no public key of a kind that we use.
    """
    try:
        public = parse_public_key(public_pem.read_bytes(), str(public_pem))
    except OSError as unreadable:
        raise KeyFileError(f"the public key cannot be read: {unreadable.strerror}", where=str(public_pem)) from unreadable
    CommandSigner("trial", public, command).sign(b"patunay: trial signature " + secrets.token_bytes(16))
    keyring = _keyring_for(site, public.algorithm, replaces=None)
    entry = KeyEntry(multikey=public.multikey, algorithm=public.algorithm, state="active", made_at=now, command=command)
    _keep(site, keyring.with_active(entry, now=now), entry, "key adopted", by=by, now=now)
    return entry


def end_key(site: Site, name: str, *, compromised: bool, reason: str, by: str, now: datetime) -> tuple[KeyEntry, int]:
    """Retire a key, or mark it as compromised; return it and how many credentials in the ledger it signed.

    Raises:
        KeyFileError: there is no such key, or it is the identifier of a did:key site, or in that state already.
    """
    _refuse_did_key(site)
    keyring = read_keyring(site.keys)
    entry = keyring.load_entry(name)
    state: Literal["retired", "compromised"] = "compromised" if compromised else "retired"
    _keep(site, keyring.with_ended(entry, state, reason, now=now), entry, f"key {state}", by=by, now=now)
    with open_ledger(site.ledger_url) as session:
        fragment = Credential.document.contains(f"#{entry.multikey}", autoescape=True)
        return entry, session.scalar(select(func.count()).select_from(Credential).where(fragment)) or 0


def protect_key(site: Site, name: str, passphrase: PassphraseSource, *, by: str, now: datetime) -> KeyEntry:
    """Encrypt the file of a key with a new passphrase, and remove the file that was.

    Raises:
        KeyFileError: there is no such key, or it lies in no file.
        PassphraseError: it was encrypted before, and its passphrase is missing or wrong.
    """
    keyring = read_keyring(site.keys)
    entry = keyring.load_entry(name)
    if entry.file is None:
        raise KeyFileError("this key lies in no file of ours", where=entry.multikey, remedy="Protect it where it is kept.")
    before = site.keys / entry.file
    key: SigningKey = load_key(before, passphrase=site_passphrase(site))
    after = f"{key.multikey}.{secrets.token_hex(4)}.pem"
    save_key(key, site.keys / after, passphrase=passphrase(entry.multikey))
    _keep(site, keyring.with_file(entry, after), entry, "key protected", by=by, now=now)
    before.unlink()
    return entry


def publish_did_document(site: Site) -> Path:
    """Write `did.json` with the public keys of the site, and return where it is."""
    keyring = read_keyring(site.keys)
    path = site.root / "did.json"
    write_atomically(path, json.dumps(did_document(site_did(site, keyring), keyring.published()), indent=2) + "\n")
    return path


def _keyring_for(site: Site, algorithm: Algorithm, *, replaces: bool | None) -> Keyring:
    """Return the list that a new key of a kind goes into."""
    _refuse_did_key(site)
    ensure_key(site)
    keyring = read_keyring(site.keys)
    active = keyring.find_active(algorithm)
    if replaces is False and active is not None:
        raise KeyFileError(
            f"there is an active {algorithm} key", where=active.multikey, remedy="`patunay key rotate` makes a new one in its place."
        )
    return keyring


def _keep(site: Site, keyring: Keyring, entry: KeyEntry, action: str, *, by: str, now: datetime) -> None:
    write_keyring(site.keys, keyring)
    if keyring.published():
        publish_did_document(site)
    with open_ledger(site.ledger_url) as session:
        append_entry(session, at=now, actor=by, action=action, subject=entry.multikey, details={"algorithm": entry.algorithm})
        session.commit()


def _refuse_did_key(site: Site) -> None:
    if site.settings.issuer.did_method != "web":
        raise KeyFileError(
            "the identifier of this site is its key (did:key), so the key cannot be replaced or joined by others",
            where="issuer.did_method",
            remedy="For more than trying out, publish the site and set it to `web`.",
        )


def _kept(site: Site, entry: KeyEntry) -> str:
    if entry.command:
        return f"program: {entry.command[0]}"
    path = site.keys / (entry.file or "")
    if not path.exists():
        return f"{entry.file} (missing)"
    return f"{entry.file} ({'encrypted' if is_encrypted_file(path) else 'not encrypted'})"
