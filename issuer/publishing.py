"""Writes what the world sees, from the ledger: the DID document, the status lists, and each credential as JSON, of small batches as PNG and PDF too.

Everything can be made again from the ledger and the key; a file that is there and right is left alone. JSON first: it is the credential, the others carry
it. Drawing takes many times as long as signing, so the pictures of a large batch are made when somebody asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from courses.manifest import CourseManifest
from courses.settings import Site
from courses.storage import write_atomically
from issuer.badge_image import BadgeFace, draw_badge
from issuer.baking import bake
from issuer.certificate import read_seal, typeset_certificate
from issuer.certificate_facts import certificate_facts
from issuer.credential_files import CredentialFiles, file_name
from issuer.frozen_courses import manifest_of
from issuer.identity import IssuerIdentity
from issuer.ledger import Batch, BatchRow, Credential
from issuer.status_publishing import publish_status_lists

Progress = Callable[[int, int], None]
_AT_ONCE = 200
"""Documents that are read from the ledger at a time."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where things are."""

    folder: Path
    credentials: tuple[Path, ...]
    """The JSON files, by time of issue."""


def publish_site(  # one more than usual, for the pictures
    site: Site,
    identity: IssuerIdentity,
    session: Session,
    *,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
    files: CredentialFiles | None = None,
    pictures_of: str | None = None,
) -> Published:
    """Write what is missing or outdated of the site's public files, and return where they are.

    Args:
        progress: how far drawing is.
        files: where some of the credentials were written already.
        pictures_of: a batch whose pictures and certificates are drawn, however large it is.

    Raises:
        StorageError: the disk is full or the folder is not writable.
        CertificateError: a name has letters that no font of ours has.
    """
    folder = site.root
    _write_if_changed(folder / "did.json", json.dumps(identity.document, indent=2) + "\n")
    publish_status_lists(site, identity, session, now=now)
    paths = _publish_json(site, session, files or CredentialFiles(folder / "credentials"))
    _draw(site, session, _drawn_batches(site, session, pictures_of), progress)
    return Published(folder, tuple(paths))


def _publish_json(site: Site, session: Session, files: CredentialFiles) -> list[Path]:
    query = select(Credential.id, Credential.document, Credential.erased_at, Credential.superseded_by)
    paths = []
    for name, document, erased_at, superseded_by in session.execute(
        query.order_by(Credential.issued_at, Credential.id).execution_options(yield_per=_AT_ONCE)
    ):
        if erased_at is None and superseded_by is None:
            files.write([(name, document)])
            paths.append(files.folder / f"{file_name(name)}.json")
        elif files.has(name):
            unpublish(site, name)
    files.finish()
    return paths


def _drawn_batches(site: Site, session: Session, asked: str | None) -> list[str]:
    """Return the batches whose credentials have pictures: the small ones, and the one that is asked for."""
    small = select(Batch.id).outerjoin(BatchRow).group_by(Batch.id).having(func.count(BatchRow.id) <= site.settings.issuer.pictures_up_to)
    return sorted({*session.scalars(small), *([asked] if asked else [])})


def _draw(site: Site, session: Session, batches: list[str], progress: Progress) -> None:
    """Draw what is missing, by time of issue."""
    query = select(Credential.id).where(Credential.erased_at.is_(None), Credential.superseded_by.is_(None))
    names = session.scalars(query.where(Credential.batch_id.in_(batches)).order_by(Credential.issued_at, Credential.id)).all()
    folder, artist = site.root / "credentials", _Artist(site, session)
    for done, name in enumerate(names, start=1):
        png, pdf = (folder / f"{file_name(name)}.{ending}" for ending in ("png", "pdf"))
        if not (png.is_file() and pdf.is_file()):
            credential = session.get_one(Credential, name)
            if not png.is_file():
                write_atomically(png, bake(artist.badge(credential), credential.document))
            if not pdf.is_file():
                write_atomically(pdf, artist.certificate(credential))
        progress(done, len(names))


def unpublish(site: Site, credential: str) -> None:
    """Remove a credential's files, in every form, from what is published."""
    for path in (site.root / "credentials").glob(f"{file_name(credential)}.*"):
        path.unlink(missing_ok=True)


def verify_url(site: Site, credential: Credential) -> str:
    """Return the address that the certificate's QR code leads to."""
    return site.published("verify", file_name(credential.id))


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
            self._site,
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


def _write_if_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        write_atomically(path, text)
