"""Finds the manifest that a credential was awarded with: that of the release, frozen, whatever the course says today."""

from __future__ import annotations

from sqlalchemy.orm import Session

from courses.errors import ReleaseRefusedError
from courses.manifest import CourseManifest
from courses.manifest_file import load_frozen_manifest
from courses.settings import Site
from issuer.ledger import Batch, Credential


def manifest_of(site: Site, session: Session, credential: Credential) -> CourseManifest:
    """Return the manifest that the credential's batch was made with.

    Raises:
        ReleaseRefusedError: the released sources are gone.
    """
    batch = session.get(Batch, credential.batch_id)
    frozen = site.course_root(credential.course) / "releases" / (batch.release_hash if batch else "") / credential.course
    if batch is None or not frozen.is_dir():
        raise ReleaseRefusedError(
            f"the sources that {credential.id} was awarded for are gone",
            where=str(frozen),
            remedy="Restore the site's folder from a backup.",
        )
    return load_frozen_manifest(frozen)
