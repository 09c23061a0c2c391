"""The register says of each credential what its document says, however it came into the ledger, and reads no documents to do so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.ledger import REGISTER_INDEX, Credential, credentials_of, open_ledger
from issuer.privacy import erase_credential
from issuer.proof import parse_timestamp
from issuer.register import RegisterLine, register_line, register_lines
from issuer.replacement import Ruling, correct, renew
from tests.issuer.governed import governed_site, identity_of, issued_ledger
from tests.small_site import NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with issued_ledger(site) as session:
        yield session


def said(credential: Credential) -> tuple[str, str]:
    """Return the name and the end of the term that a credential's document says."""
    document = json.loads(credential.document)
    until = document.get("validUntil")
    return document["credentialSubject"].get("name", ""), parse_timestamp(until).isoformat() if until else ""


def told(line: RegisterLine) -> tuple[str, str]:
    return line.name, line.valid_until


def agree(session: Session) -> bool:
    documents = {each.id: said(each) for each in credentials_of(session) if each.document}
    lines = {each.credential: told(each) for each in register_lines(session, NOW) if not each.erased}
    return documents == lines


def test_it_agrees_with_documents_that_were_issued_corrected_and_renewed(site: Site, session: Session) -> None:
    ruling = Ruling("Ana", "asked for", NOW)
    first, second, _ = sorted(credentials_of(session), key=lambda each: each.learner)
    corrected = correct(first, session, site, identity_of(site), ruling, name="Another Name")
    renewed = renew(second, session, site, identity_of(site), ruling)
    session.commit()
    assert agree(session)
    assert told(register_line(corrected, NOW)) == said(corrected)
    assert register_line(corrected, NOW).name == "Another Name"
    assert told(register_line(renewed, NOW)) == said(renewed)


def test_an_erased_credential_has_no_name_in_it_and_keeps_its_term(session: Session) -> None:
    first = next(each for each in credentials_of(session) if each.learner == "l0")
    name, until = said(first)
    assert name
    assert until
    erase_credential(first, session, by="Ana", reason="asked", now=NOW)
    session.commit()
    [line] = [each for each in register_lines(session, NOW) if each.erased]
    assert told(line) == ("", until)


def test_a_ledger_of_the_form_before_is_filled_from_its_documents(site: Site, session: Session) -> None:
    before = list(register_lines(session, NOW))
    index = [f"DROP INDEX {REGISTER_INDEX}"] if session.connection().dialect.name == "sqlite" else []
    for statement in (
        *index,
        "ALTER TABLE credential DROP COLUMN holder_name",
        "UPDATE credential SET valid_until = NULL",
        "UPDATE alembic_version SET version_num = '0004'",
    ):
        session.execute(text(statement))
    session.commit()
    session.close()
    with open_ledger(site.ledger_url) as anew:
        assert list(register_lines(anew, NOW)) == before
        assert agree(anew)


def test_no_document_is_read_for_it(session: Session) -> None:
    connection, asked = session.connection(), list[str]()

    def write_down(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(connection, "before_cursor_execute", write_down)
    assert len(register_lines(session, NOW)) == 3
    assert asked
    assert all("document" not in each for each in asked)
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}").all()
        assert any(f"USING COVERING INDEX {REGISTER_INDEX}" in str(row) for row in plan), plan


def test_those_of_one_moment_stand_by_learner_and_newest_first_is_the_other_way_round(session: Session) -> None:
    lines = register_lines(session, NOW)
    assert [each.learner for each in lines] == ["l0", "l1", "l2"]
    assert [each.learner for each in lines[::-1]] == ["l2", "l1", "l0"]
    assert [each.learner for each in credentials_of(session)] == ["l0", "l1", "l2"]


@pytest.mark.parametrize(
    ("words", "found"),
    [(["NAME", "of", "L0"], ["l0"]), (["urn:uuid:"], ["l0", "l1", "l2"]), (["l1"], ["l1"]), (["l1", "l2"], []), (["name of l1"], [])],
)
def test_every_word_of_a_search_stands_in_number_learner_course_or_shown_name(words: list[str], found: list[str], session: Session) -> None:
    assert [each.learner for each in register_lines(session, NOW, words=words)] == found
