"""The issuer of a site: its profile, its key and what it publishes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from courses.settings import Site
from issuer.credential import IssuerProfile
from issuer.did import did_document, did_key, did_web
from issuer.keys import Signer, SigningKey, generate_key, load_key, save_key

KEY_FILE = "issuer.pem"


@dataclass(frozen=True, slots=True)
class IssuerIdentity:
    """Who signs."""

    profile: IssuerProfile
    signer: Signer
    document: dict[str, Any]
    """The DID document to publish."""


def load_identity(site: Site) -> IssuerIdentity:
    """Return the site's issuer.

    Raises:
        KeyFileError: the key is missing, not private, or no key.
        IdentifierError: the site's address cannot be a did:web.
    """
    key = load_key(site.keys / KEY_FILE)
    settings = site.settings.issuer
    did = did_web(site.settings.url) if settings.did_method == "web" else did_key(key.public_bytes)
    profile = IssuerProfile(did, settings.name, settings.url, settings.email, settings.country, legal_name=settings.legal_name)
    return IssuerIdentity(profile, key.signer(did), did_document(did, [key.multikey]))


def ensure_key(site: Site, *, generate: Callable[[], SigningKey] = generate_key) -> bool:
    """Make the site's key if it has none; return whether one was made.

    Raises:
        KeyFileError: it cannot be written.
    """
    path = site.keys / KEY_FILE
    if path.exists():
        return False
    save_key(generate(), path)
    return True
