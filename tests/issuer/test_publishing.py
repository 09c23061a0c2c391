"""What is published is made from the ledger, and can be made again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.errors import ReleaseRefusedError
from courses.settings import Site
from issuer.baking import unbake
from issuer.credential_files import file_name
from issuer.ledger import Credential, credentials_of
from issuer.pdf_attachment import attached_credential
from issuer.publishing import Published, publish_site, verify_url
from issuer.resolvers import FolderResolver
from issuer.verification import Verdict, verify_credential
from issuer.withdrawal import revoke_credential
from tests.issuer.governed import APPROVER, RELEASE_HASH, governed_site, identity_of, issued_ledger, ledger_of
from tests.small_site import COURSE, NOW

pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with issued_ledger(site) as session:
        yield session


def publish(site: Site, session: Session, *, now: datetime = NOW) -> Published:
    return publish_site(site, identity_of(site), session, now=now)


def contents(folder: Path, pattern: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob(pattern)}


def status_list(site: Site) -> bytes:
    return (site.root / "status" / "1.json").read_bytes()


def verdict(site: Site, credential: Credential, *, now: datetime = NOW) -> Verdict:
    return verify_credential(json.loads(credential.document), resolver=FolderResolver(site.root, authoritative=True), now=now).verdict


def test_every_credential_comes_as_json_picture_and_certificate_with_the_same_bytes_inside(site: Site, session: Session) -> None:
    published = publish(site, session)
    assert len(published.credentials) == 3
    for credential in credentials_of(session):
        files = site.root / "credentials"
        name = file_name(credential.id)
        assert (files / f"{name}.json").read_bytes() == credential.document.encode()
        assert unbake((files / f"{name}.png").read_bytes()) == credential.document
        assert attached_credential((files / f"{name}.pdf").read_bytes()) == credential.document
        assert verdict(site, credential) is Verdict.VALID


def test_deleted_files_come_back_identical(site: Site, session: Session) -> None:
    publish(site, session)
    before = contents(site.root / "credentials", "*")
    did, status = (site.root / "did.json").read_bytes(), status_list(site)
    shutil.rmtree(site.root / "credentials")
    shutil.rmtree(site.root / "status")
    (site.root / "did.json").unlink()
    publish(site, session)
    after = contents(site.root / "credentials", "*")
    assert len(after) == 9
    assert {name: data for name, data in after.items() if name.endswith(".json")} == {
        name: data for name, data in before.items() if name.endswith(".json")
    }
    assert (site.root / "did.json").read_bytes() == did
    assert status_list(site) == status  # Ed25519 is deterministic, and the day is the same
    for name, data in after.items():
        if name.endswith(".png"):
            assert unbake(data) == unbake(before[name])
        if name.endswith(".pdf"):
            assert attached_credential(data) == attached_credential(before[name])


def test_publishing_again_writes_nothing(site: Site, session: Session) -> None:
    publish(site, session)
    before = {path: path.stat().st_mtime_ns for path in site.root.rglob("*") if path.is_file() and not path.name.startswith("ledger.db-")}
    publish(site, session, now=NOW + timedelta(days=30))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_status_list_is_signed_again_only_when_its_bits_change(site: Site, session: Session) -> None:
    publish(site, session)
    first = status_list(site)
    publish(site, session, now=NOW + timedelta(days=100))
    assert status_list(site) == first
    credential = credentials_of(session)[1]
    revoke_credential(credential, session, by=APPROVER, reason="mistake", now=NOW + timedelta(days=101))
    publish(site, session, now=NOW + timedelta(days=101))
    second = status_list(site)
    assert second != first
    publish(site, session, now=NOW + timedelta(days=130))
    assert status_list(site) == second
    revoke_credential(credential, session, by=APPROVER, reason="mistake", now=NOW + timedelta(days=131))
    publish(site, session, now=NOW + timedelta(days=131))
    assert status_list(site) == second


def test_a_status_list_is_renewed_before_it_ends(site: Site, session: Session) -> None:
    publish(site, session)
    publish(site, session, now=NOW + timedelta(days=200))
    assert json.loads(status_list(site))["validFrom"] == "2027-06-11T08:00:00Z"


@pytest.mark.parametrize("damage", ["cut off", "no proof", "another signature", "empty", "a list"])
def test_a_damaged_status_list_is_made_again(damage: str, site: Site, session: Session) -> None:
    publish(site, session)
    whole, path = status_list(site), site.root / "status" / "1.json"
    document = json.loads(whole)
    damaged = {
        "cut off": whole[:100],
        "no proof": json.dumps({key: value for key, value in document.items() if key != "proof"}).encode(),
        "another signature": re.sub(rb'"proofValue": "z\w+"', b'"proofValue": "z' + b"2" * 87 + b'"', whole),
        "empty": b"",
        "a list": b"[]",
    }
    path.write_bytes(damaged[damage])
    publish(site, session)
    assert status_list(site) == whole


def test_verifying_sees_what_was_withdrawn_and_only_that(site: Site, session: Session) -> None:
    publish(site, session)
    withdrawn, *others = credentials_of(session)
    revoke_credential(withdrawn, session, by=APPROVER, reason="mistake", now=NOW)
    publish(site, session)
    assert verdict(site, withdrawn) is Verdict.WITHDRAWN
    assert [verdict(site, each) for each in others] == [Verdict.VALID, Verdict.VALID]


def test_withdrawal_survives_that_everything_is_made_again(site: Site, session: Session) -> None:
    withdrawn = credentials_of(session)[2]
    revoke_credential(withdrawn, session, by=APPROVER, reason="mistake", now=NOW)
    publish(site, session)
    shutil.rmtree(site.root / "status")
    publish(site, session, now=NOW + timedelta(days=2))
    assert verdict(site, withdrawn, now=NOW + timedelta(days=2)) is Verdict.WITHDRAWN


def test_the_first_status_list_exists_before_anybody_is_issued_to(tmp_path: Path) -> None:
    site = governed_site(tmp_path / "site")
    with ledger_of(site) as session:
        assert publish(site, session).credentials == ()
    assert json.loads(status_list(site))["id"] == "https://badges.uni.example/status/1.json"


def test_a_json_file_that_was_changed_is_set_right(site: Site, session: Session) -> None:
    path = publish(site, session).credentials[0]
    path.write_text(path.read_text(encoding="utf-8").replace("A tiny course", "A huge course"), encoding="utf-8")
    publish(site, session)
    assert path.read_bytes() == session.get_one(Credential, f"urn:uuid:{path.stem}").document.encode()


def test_published_files_hold_no_address_and_a_name_only_with_consent(site: Site, session: Session) -> None:
    publish(site, session)
    names = {file_name(each.id) for each in credentials_of(session) if each.learner == "l0"}
    for name, data in contents(site.root / "credentials", "*.json").items():
        assert b"learners.example" not in data.lower()
        assert (b"Name of l0" in data) == (name.removesuffix(".json") in names)
        assert b"Name of l1" not in data
        assert b"Name of l2" not in data


def test_if_the_frozen_sources_are_gone_it_says_so_and_the_json_is_there_all_the_same(site: Site, session: Session) -> None:
    shutil.rmtree(site.course_root(COURSE) / "releases" / RELEASE_HASH)
    with pytest.raises(ReleaseRefusedError, match="are gone"):
        publish(site, session)
    assert len(contents(site.root / "credentials", "*.json")) == 3  # JSON is written before the pictures


def test_the_address_of_the_qr_code_is_the_sites(site: Site, session: Session) -> None:
    credential = session.scalars(select(Credential)).first()
    assert credential is not None
    assert verify_url(site, credential) == f"https://badges.uni.example/verify/{file_name(credential.id)}"


def with_pictures_up_to(site: Site, count: int) -> Site:
    issuer = site.settings.issuer.model_copy(update={"pictures_up_to": count})
    return replace(site, settings=site.settings.model_copy(update={"issuer": issuer}))


@pytest.mark.parametrize(("largest", "drawn"), [(3, 3), (2, 0), (0, 0)])
def test_the_pictures_of_a_large_batch_are_drawn_only_when_they_are_asked_for(
    largest: int, drawn: int, site: Site, session: Session
) -> None:
    few = with_pictures_up_to(site, largest)
    publish(few, session)
    folder = site.root / "credentials"
    assert [len(contents(folder, f"*.{ending}")) for ending in ("json", "png", "pdf")] == [3, drawn, drawn]
    credential = credentials_of(session)[0]
    publish_site(few, identity_of(few), session, now=NOW, pictures_of=credential.batch_id)
    assert [len(contents(folder, f"*.{ending}")) for ending in ("json", "png", "pdf")] == [3, 3, 3]


def test_what_a_loss_of_power_left_empty_is_made_whole(site: Site, session: Session) -> None:
    paths = publish(site, session).credentials
    paths[1].write_bytes(b"")
    before = {path: path.stat().st_mtime_ns for path in paths}
    publish(site, session)
    assert paths[1].read_bytes() == session.get_one(Credential, f"urn:uuid:{paths[1].stem}").document.encode()
    assert [path for path in paths if path.stat().st_mtime_ns != before[path]] == [paths[1]]
