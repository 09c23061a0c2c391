"""Writes what the world sees, from the ledger: the DID document, the status lists, and each credential as JSON, PNG and PDF.

Everything can be made again from the ledger and the key; a file that is there and right is left alone. JSON first: it is the credential, the others carry it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from courses.manifest import CourseManifest
from courses.settings import Site
from courses.storage import write_atomically
from issuer.badge_image import BadgeFace, draw_badge
from issuer.baking import bake
from issuer.certificate import read_seal, typeset_certificate
from issuer.certificate_facts import certificate_facts
from issuer.frozen_courses import manifest_of
from issuer.identity import IssuerIdentity
from issuer.ledger import Credential, credentials_of
from issuer.status_publishing import publish_status_lists

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Published:
    """Where things are."""

    folder: Path
    credentials: tuple[Path, ...]
    """The JSON files, by time of issue."""


def publish_site(
    site: Site, identity: IssuerIdentity, session: Session, *, now: datetime, progress: Progress = lambda _done, _all: None
) -> Published:
    """Write what is missing or outdated of the site's public files, and return where they are.

    Raises:
        StorageError: the disk is full or the folder is not writable.
        CertificateError: a name has letters that no font of ours has.
    """
    folder = site.root
    _write_if_changed(folder / "did.json", json.dumps(identity.document, indent=2) + "\n")
    credentials = credentials_of(session)
    publish_status_lists(site, identity, session, now=now)
    artist = _Artist(site, session)
    paths = []
    for index, credential in enumerate(credentials, start=1):
        if is_published(credential):
            paths.append(_publish_credential(folder / "credentials", credential, artist))
        else:
            unpublish(site, credential)
        progress(index, len(credentials))
    return Published(folder, tuple(paths))


def is_published(credential: Credential) -> bool:
    """Whether its files are published: it was not erased, and no corrected one took its place."""
    return credential.erased_at is None and credential.superseded_by is None


def unpublish(site: Site, credential: Credential) -> None:
    """Remove the credential's files, in every form, from what is published."""
    for path in (site.root / "credentials").glob(f"{credential_file(credential)}.*"):
        path.unlink(missing_ok=True)


def credential_file(credential: Credential) -> str:
    """Return the name, without its ending, of a credential's files: its UUID."""
    return credential.id.removeprefix("urn:uuid:")


def verify_url(site: Site, credential: Credential) -> str:
    """Return the address that the certificate's QR code leads to."""
    return site.published("verify", credential_file(credential))


class _Artist:
    """Draws badges and certificates; the course's manifest and badge are made once."""

    def __init__(self, site: Site, session: Session) -> None:
        self._site = site
        self._session = session
        self._manifests: dict[str, CourseManifest] = {}
        self._badges: dict[tuple[str, int], bytes] = {}
        self._seal = read_seal(site)

    def badge(self, credential: Credential) -> bytes:
        manifest, year = self._manifest(credential), datetime.fromisoformat(credential.issued_at).year
        key = (f"{manifest.id}/{manifest.version}", year)
        if key not in self._badges:
            self._badges[key] = draw_badge(BadgeFace(manifest.id, manifest.title.en, self._site.settings.issuer.name, year))
        return self._badges[key]

    def certificate(self, credential: Credential) -> bytes:
        facts = certificate_facts(
            self._manifest(credential),
            credential.document,
            institution=self._site.settings.issuer.name,
            verify_url=verify_url(self._site, credential),
            badge_png=self.badge(credential),
            seal=self._seal,
            language="en",
        )
        return typeset_certificate(facts, credential.document, made_at=datetime.fromisoformat(credential.issued_at))

    def _manifest(self, credential: Credential) -> CourseManifest:
        """Return the manifest that the credential's batch was made with."""
        if credential.batch_id not in self._manifests:
            self._manifests[credential.batch_id] = manifest_of(self._site, self._session, credential)
        return self._manifests[credential.batch_id]


def _publish_credential(folder: Path, credential: Credential, artist: _Artist) -> Path:
    name = credential_file(credential)
    path = folder / f"{name}.json"
    _write_if_changed(path, credential.document)
    if not (folder / f"{name}.png").is_file():
        write_atomically(folder / f"{name}.png", bake(artist.badge(credential), credential.document))
    if not (folder / f"{name}.pdf").is_file():
        write_atomically(folder / f"{name}.pdf", artist.certificate(credential))
    return path


def _write_if_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        write_atomically(path, text)
