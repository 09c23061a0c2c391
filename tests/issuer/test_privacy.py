"""Learners' rights in the ledger, and that their addresses stand in no file that is issued."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.audit import find_break
from issuer.errors import LedgerError
from issuer.ledger import BatchRow, Credential, credentials_of, open_ledger
from issuer.ledger_copying import copy_ledger
from issuer.privacy import data_of, erase_credential, purge
from issuer.publishing import publish_site, unpublish
from issuer.register import register_lines
from issuer.resolvers import FolderResolver
from issuer.verification import Verdict, verify_credential
from issuer.withdrawal import revoke_credential
from tests.issuer.governed import consent, governed_site, identity_of, issued_ledger
from tests.small_site import COURSE, NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]
LATER = NOW + timedelta(days=100)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with issued_ledger(site) as session:
        publish_site(site, identity_of(site), session, now=NOW)
        yield session


def contents(path: Path) -> bytes:
    """Return a file's bytes, with what is compressed inside it unpacked."""
    data = path.read_bytes()
    if path.suffix == ".pdf":
        reader = PdfReader(path)
        parts = [page.extract_text() for page in reader.pages]
        return data + "".join(parts).encode() + b"".join(b"".join(files) for files in reader.attachments.values())
    start, unpacked = data.find(b"\x78"), b""
    while start >= 0:
        with contextlib.suppress(zlib.error):
            unpacked += zlib.decompressobj().decompress(data[start:])
        start = data.find(b"\x78", start + 1)
    return data + unpacked


def test_no_learners_address_or_id_stands_in_any_published_file(site: Site, session: Session) -> None:
    revoke_credential(credentials_of(session)[1], session, by="Ana", reason="l1@learners.example wrote", now=NOW, code="holder")
    publish_site(site, identity_of(site), session, now=NOW)
    files = [path for folder in ("credentials", "status") for path in (site.root / folder).rglob("*") if path.is_file()] + [
        site.root / "did.json"
    ]
    assert {path.suffix for path in files} >= {".json", ".png", ".pdf"}
    assert len(files) >= 3 * 3 + 3
    for path in files:
        assert b"learners.example" not in contents(path).lower(), path
    assert any(b"Name of l0" in contents(path) for path in files if path.suffix == ".pdf"), "the search looks into PDF files"


def test_erasure_takes_the_document_and_the_files_and_leaves_the_minimal_register(site: Site, session: Session) -> None:
    first = next(each for each in credentials_of(session) if each.learner == "l0")
    kept = first.document
    with pytest.raises(LedgerError, match="without a reason"):
        erase_credential(first, session, by="Ana", reason=" ", now=LATER)
    assert erase_credential(first, session, by="Ana", reason="asked", now=LATER)
    assert not erase_credential(first, session, by="Ana", reason="asked", now=LATER)
    session.commit()
    unpublish(site, first.id)
    publish_site(site, identity_of(site), session, now=LATER)
    assert not list((site.root / "credentials").glob(f"{first.id.removeprefix('urn:uuid:')}*"))
    assert "Name of l0" not in json.dumps(data_of(session, "l0"))
    assert "l0@learners.example" not in json.dumps(data_of(session, "l0"))
    assert (first.document, first.document_sha256) == ("", hashlib.sha256(kept.encode()).hexdigest())
    [line] = [each for each in register_lines(session, LATER) if each.learner == "l0"]
    assert (line.state, line.erased, line.course) == ("valid", True, COURSE)
    resolver = FolderResolver(site.root, authoritative=True)
    assert verify_credential(json.loads(kept), resolver=resolver, now=LATER).verdict is Verdict.VALID, "the holder's own file stays valid"
    revoke_credential(first, session, by="Ana", reason="x", now=LATER)
    publish_site(site, identity_of(site), session, now=LATER)
    assert verify_credential(json.loads(kept), resolver=resolver, now=LATER).verdict is Verdict.WITHDRAWN
    assert find_break(session) is None


def test_a_learner_gets_all_that_is_held_of_them_and_nothing_of_others(session: Session) -> None:
    data = data_of(session, "l0")
    assert [each["document"]["credentialSubject"]["name"] for each in data["credentials"]] == ["Name of l0"]
    assert data["batch_rows"][0]["content"]["email"] == "l0@learners.example"
    assert data["consents"][0]["show_name"]
    text = json.dumps(data)
    assert "l1@learners.example" not in text
    with pytest.raises(LedgerError, match="holds nothing of 'nosuch'"):
        data_of(session, "nosuch")


def test_retention_empties_what_is_old_and_only_that(session: Session) -> None:
    def run(days: int | None, *, dry_run: bool) -> int:
        return purge(session, batch_rows_days=days, decisions_days=days, by="Ana", now=LATER, dry_run=dry_run).batch_rows

    assert run(None, dry_run=False) == 0
    assert run(101, dry_run=False) == 0
    assert run(99, dry_run=True) == 3
    assert all(row.content for row in session.scalars(select(BatchRow)))
    assert run(99, dry_run=False) == 3
    assert run(99, dry_run=False) == 0
    assert {row.content for row in session.scalars(select(BatchRow))} == {""}
    assert all(each.document for each in credentials_of(session))


def test_the_register_tells_states_and_what_ends_soon(session: Session) -> None:
    first, second, _ = credentials_of(session)
    revoke_credential(second, session, by="Ana", reason="x", now=NOW, code="error")
    first.valid_until = (LATER + timedelta(days=10)).isoformat()
    session.commit()
    assert [each.state for each in register_lines(session, LATER)] == ["valid", "revoked", "valid"]
    assert [each.credential for each in register_lines(session, LATER, expiring_within=timedelta(days=10))] == [first.id]
    assert list(register_lines(session, LATER, expiring_within=timedelta(days=9))) == []
    assert [each.withdrawn_because for each in register_lines(session, LATER, state="revoked")] == ["It was issued by mistake."]
    assert [each.state for each in register_lines(session, LATER + timedelta(days=11))] == ["expired", "revoked", "valid"]
    assert list(register_lines(session, LATER, course="another")) == []


def test_a_ledger_is_copied_whole_to_another_database_and_goes_on_there(site: Site, session: Session, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    before = {each.id: each.document for each in credentials_of(session)}
    session.commit()
    counts = copy_ledger(site.ledger_url, target)
    assert (counts["credential"], counts["batch_row"], counts["audit"]) == (3, 3, 3)
    with open_ledger(target) as copied:
        assert {each.id: each.document for each in credentials_of(copied)} == before
        assert find_break(copied) is None
    with pytest.raises(LedgerError, match="holds rows already"):
        copy_ledger(site.ledger_url, target)
    with pytest.raises(LedgerError, match="onto itself"):
        copy_ledger(target, target)


def test_a_copy_to_postgresql_goes_on_counting_where_the_old_one_stopped(site: Site, session: Session, postgresql: Path) -> None:
    from tests.postgresql_server import new_database

    target = new_database(postgresql)
    session.commit()
    copy_ledger(site.ledger_url, target)
    with open_ledger(target) as copied:
        consent(copied, "l1", show_name=True)
        assert copied.query(Credential).count() == 3
        assert find_break(copied) is None
