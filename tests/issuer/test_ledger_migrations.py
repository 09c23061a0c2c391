"""Migrations: old ledgers are upgraded in place, new ones end alike, newer ones are refused, and two may come at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from issuer.errors import LedgerError
from issuer.ledger import REGISTER_INDEX, REVISION, Credential, LedgerRow, credentials_of, open_ledger
from issuer.ledger_migrations import latest_revision
from tests.postgresql_server import new_database

_BEFORE = Path(__file__).parents[1] / "vectors" / "ledger-before-migrations.sql"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return new_database(request.getfixturevalue("postgresql"))
    return f"sqlite:///{tmp_path / 'ledger.db'}?timeout=120"


def make_old_ledger(url: str) -> None:
    """Run what the version before migrations wrote, with one batch and two credentials, one of them revoked."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in _BEFORE.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    engine.dispose()


def differences(url: str) -> list[object]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            others = set() if engine.dialect.name == "sqlite" else {REGISTER_INDEX}  # which has it alone

            def is_due(_thing: object, name: str | None, *_of: object) -> bool:
                return name not in others

            options = {"compare_type": True, "include_object": is_due}
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), LedgerRow.metadata))
    finally:
        engine.dispose()


def test_a_new_ledger_has_the_tables_that_the_program_knows(url: str) -> None:
    with open_ledger(url):
        pass
    assert differences(url) == []
    assert latest_revision() == REVISION


def test_an_old_ledger_is_upgraded_in_place_and_keeps_its_rows(url: str) -> None:
    make_old_ledger(url)
    assert differences(url) != []
    with open_ledger(url) as session:
        first, second = credentials_of(session)
        assert (first.learner, first.revoked_at, first.document) == ("ana", None, "{}")
        assert (second.learner, second.revocation_reason) == ("ben", "issued to the wrong person")
        assert not first.is_withdrawn
        assert second.is_withdrawn
        first.suspended_at = "2026-01-01T00:00:00+00:00"
        session.commit()
    assert differences(url) == []
    with open_ledger(url) as session:
        assert credentials_of(session)[0].is_withdrawn


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    with open_ledger(url):
        pass
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match=r"9999.*does not know") as refused, open_ledger(url):
        pass
    assert "install that one" in refused.value.remedy
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("old", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_many_processes_may_open_a_ledger_at_the_same_moment(url: str, old: bool) -> None:
    if old:
        make_old_ledger(url)
    program = "import sys\nfrom issuer.ledger import open_ledger\nsys.stdin.read(1)\nwith open_ledger(sys.argv[1]) as s: s.connection()\n"
    started = [
        subprocess.Popen([sys.executable, "-c", program, url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for each in started:
        assert each.stdin is not None
        each.stdin.write("x")
        each.stdin.flush()
    told = [each.communicate(timeout=120)[1] for each in started]
    assert [each.returncode for each in started] == [0, 0, 0, 0], told
    assert differences(url) == []
    with open_ledger(url) as session:
        assert session.query(Credential).count() == (2 if old else 0)
