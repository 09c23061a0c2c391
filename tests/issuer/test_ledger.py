"""The ledger as a database: made if absent, refused in words when it cannot be used, rolled back when a session fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, select

from courses.errors import StorageError
from courses.kept_databases import keeping_databases
from issuer.audit import append_entry, find_break
from issuer.issuing import issue_batch
from issuer.ledger import AuditEntry, Consent, Credential, credentials_of, find_credential, open_ledger, read_ledger_row, shows_name
from tests.issuer.governed import approved, governed_site, identity_of, ledger_of, standing_of
from tests.small_site import COURSE, NOW


def a_consent(*, show_name: bool = True) -> Consent:
    return Consent(learner="ana", course=COURSE, show_name=show_name, given_at=NOW.isoformat(), channel="test")


def test_what_is_not_committed_is_rolled_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with pytest.raises(ZeroDivisionError, match="division"), open_ledger(url) as session:
        session.add(a_consent())
        session.flush()
        _ = 1 / 0
    with open_ledger(url) as session:
        assert session.scalar(select(func.count()).select_from(Consent)) == 0


def test_no_consent_is_no(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as session:
        assert not shows_name(session, "ana", COURSE)
        session.add(a_consent())
        session.flush()
        assert shows_name(session, "ana", COURSE)
        assert not shows_name(session, "ana", "another-course")
        assert not shows_name(session, "Ana", COURSE)
        session.add(a_consent(show_name=False))
        session.flush()
        assert not shows_name(session, "ana", COURSE)


def test_a_credential_is_found_with_and_without_its_urn(tmp_path: Path) -> None:
    site = governed_site(tmp_path / "site")
    standing = standing_of(site, 2)
    with ledger_of(site) as session:
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        first = credentials_of(session, COURSE)[0]
        assert find_credential(session, first.id) is first
        assert find_credential(session, first.id.removeprefix("urn:uuid:")) is first
        for name in ("", "%", first.id[:-1], "nosuch"):
            assert find_credential(session, name) is None
        assert credentials_of(session, "another-course") == []
        assert session.scalar(select(func.count()).select_from(Credential)) == 2


def test_a_row_is_read_without_a_session_from_a_ledger_that_is_made_if_absent(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    by_learner = select(Consent.learner, Consent.show_name).where(Consent.learner == bindparam("wanted"))
    assert read_ledger_row(url, by_learner, wanted="ana") is None
    with open_ledger(url) as session:
        session.add(a_consent())
        session.commit()
    assert read_ledger_row(url, by_learner, wanted="ana") == ("ana", 1)
    with keeping_databases():
        assert read_ledger_row(url, by_learner, wanted="ana") == ("ana", 1)
        assert read_ledger_row(url, by_learner, wanted="ben") is None
    with pytest.raises(StorageError, match="cannot be opened"):
        read_ledger_row(f"sqlite:///{tmp_path / 'missing' / 'ledger.db'}", by_learner, wanted="ana")


def test_a_folder_that_is_missing_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be opened for writing"), open_ledger(f"sqlite:///{tmp_path / 'no' / 'ledger.db'}"):
        pass


def test_a_file_that_is_no_database_is_told_in_words_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"These are no rows. " * 100)
    with pytest.raises(StorageError, match="not a database, or is damaged"), open_ledger(f"sqlite:///{path}"):
        pass
    assert path.read_bytes().startswith(b"These are no rows.")


def test_a_ledger_that_another_process_holds_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_ledger(f"sqlite:///{path}"):
        pass
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with (
            pytest.raises(StorageError, match="locked by another process") as refused,
            open_ledger(f"sqlite:///{path}?timeout=0.2") as session,
        ):
            session.add(a_consent())
            session.commit()
        assert "run the command again" in refused.value.remedy
        with open_ledger(f"sqlite:///{path}") as session:
            assert not shows_name(session, "ana", COURSE)  # reading goes on
    finally:
        holder.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "no database can be opened at this address"),
        ("nosuchdatabase://user:secret@host/name", "no database can be opened at this address"),
        ("postgresql+nosuchdriver://user:secret@host/name", "no database can be opened at this address"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(StorageError, match=told) as refused, open_ledger(url):
        pass
    assert "secret" not in str(refused.value)


def test_two_sessions_that_write_the_same_audit_line_do_not_both_succeed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with open_ledger(url) as one:
        append_entry(one, at=NOW, actor="a", action="x", subject="y", details={})
        one.commit()
        with pytest.raises(StorageError, match="at the same moment") as refused, open_ledger(url) as other:
            other.add(AuditEntry(sequence=1, at="", actor="b", action="", subject="", details="", previous_hash="", hash=""))
            other.commit()
        assert "Run the command again" in refused.value.remedy
    with open_ledger(url) as session:
        assert find_break(session) is None
