"""The issuer of a site: its profile, its keys and what it publishes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courses.settings import Site
from issuer.credential import IssuerProfile
from issuer.did import did_document, did_key, did_web
from issuer.errors import KeyFileError
from issuer.keyring import FIRST_KEY_FILE, KEYRING_FILE, KeyEntry, Keyring, read_keyring
from issuer.keys import Algorithm, Signer, SigningKey, generate_key, is_encrypted_file, load_key, save_key
from issuer.passphrases import PassphraseSource, from_file, from_terminal
from issuer.signing_command import CommandSigner

KEY_FILE = FIRST_KEY_FILE


@dataclass(frozen=True, slots=True)
class IssuerIdentity:
    """Who signs."""

    profile: IssuerProfile
    signer: Signer
    """Ed25519: for credentials and status lists."""
    document: dict[str, Any]
    """The DID document to publish."""
    jwt_signer: Signer | None = None
    """P-256: for credentials as JWT. None if the site has no such key."""


class FileSigner:
    """A `Signer` whose key lies encrypted in a file; the passphrase is asked for at the first signature, not before."""

    def __init__(self, verification_method: str, entry: KeyEntry, path: Path, passphrase: PassphraseSource) -> None:
        self._method, self._entry, self._path, self._passphrase = verification_method, entry, path, passphrase
        self._key: SigningKey | None = None

    def __repr__(self) -> str:
        return f"FileSigner({self._method!r})"

    @property
    def verification_method(self) -> str:
        """The key's id."""
        return self._method

    @property
    def algorithm(self) -> Algorithm:
        """What kind of signatures it makes."""
        return self._entry.algorithm

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of `data`.

        Raises:
            PassphraseError: the passphrase is missing or wrong.
            KeyFileError: the file is not the key that the list names.
        """
        return self._loaded().sign(data)

    def unlock(self) -> None:
        """Ask for the passphrase now, if it was not asked for before.

        Raises:
            PassphraseError, KeyFileError: see `sign`.
        """
        self._loaded()

    def _loaded(self) -> SigningKey:
        if self._key is None:
            self._key = _loaded(self._entry, self._path, self._passphrase)
        return self._key


def load_identity(site: Site, *, passphrase: PassphraseSource | None = None) -> IssuerIdentity:
    """Return the site's issuer.

    Args:
        passphrase: gives that of an encrypted key; None: the file that the settings name, otherwise the terminal.

    Raises:
        KeyFileError: the list of keys or a key is missing, not private, or damaged; or no key is active.
        IdentifierError: the site's address cannot be a did:web.
    """
    keyring = read_keyring(site.keys)
    active = keyring.find_active("Ed25519")
    if active is None:
        raise KeyFileError("no key of the site is active", where=str(site.keys), remedy="`patunay key rotate` makes a new one.")
    settings = site.settings.issuer
    did = did_web(site.settings.url) if settings.did_method == "web" else did_key(active.public.data)
    published = keyring.published() if settings.did_method == "web" else (active.multikey,)
    profile = IssuerProfile(did, settings.name, settings.url, settings.email, settings.country, legal_name=settings.legal_name)
    source = passphrase or site_passphrase(site)
    for_jwt = keyring.find_active("P-256") if settings.did_method == "web" else None
    return IssuerIdentity(
        profile,
        _signer(site, did, active, source),
        did_document(did, published),
        _signer(site, did, for_jwt, source) if for_jwt else None,
    )


def site_passphrase(site: Site) -> PassphraseSource:
    """Return where the site's settings say that its passphrase is; the terminal if they say nothing."""
    named = site.settings.issuer.passphrase_file
    return from_file(site.root / named) if named else from_terminal()


def site_did(site: Site, keyring: Keyring) -> str:
    """Return the issuer's DID.

    Raises:
        KeyFileError: it is a did:key, and no key is active.
        IdentifierError: the site's address cannot be a did:web.
    """
    if site.settings.issuer.did_method == "web":
        return did_web(site.settings.url)
    active = keyring.find_active("Ed25519")
    if active is None:
        raise KeyFileError("no key of the site is active", where=str(site.keys))
    return did_key(active.public.data)


def ensure_key(site: Site, *, generate: Callable[[], SigningKey] = generate_key) -> bool:
    """Make the site's key if it has none; return whether one was made.

    Raises:
        KeyFileError: it cannot be written.
    """
    path = site.keys / KEY_FILE
    if path.exists() or (site.keys / KEYRING_FILE).exists():
        return False
    save_key(generate(), path)
    return True


def _signer(site: Site, did: str, entry: KeyEntry, passphrase: PassphraseSource) -> Signer:
    method = f"{did}#{entry.multikey}"
    if entry.command:
        return CommandSigner(method, entry.public, entry.command)
    path = site.keys / (entry.file or "")
    if is_encrypted_file(path):
        return FileSigner(method, entry, path, passphrase)
    return _loaded(entry, path, passphrase).signer(did)


def _loaded(entry: KeyEntry, path: Path, passphrase: PassphraseSource) -> SigningKey:
    key = load_key(path, passphrase=passphrase)
    if key.multikey != entry.multikey:
        raise KeyFileError("the file holds another key than the list names", where=str(path), remedy="Restore keys/ from your backup.")
    return key
