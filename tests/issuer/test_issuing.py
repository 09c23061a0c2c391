"""Issuing: each learner once, each with a place of their own, and what is withdrawn stays withdrawn."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from courses.settings import Approval, Site
from issuer.audit import find_break
from issuer.batches import ISSUED, ISSUING, VOID, approve_batch, load_batch, needs_two_persons
from issuer.errors import BatchError, LedgerError
from issuer.issuing import WORTH_FORKING, Rhythm, _processes, issue_batch
from issuer.keys import generate_key
from issuer.ledger import AuditEntry, BatchRow, Credential
from issuer.resolvers import FolderResolver
from issuer.signing_command import CommandSigner
from issuer.standing import CourseStanding, Learner
from issuer.status_list import MIN_ENTRIES
from issuer.status_publishing import publish_status_lists
from issuer.verification import Verdict, verify_credential
from issuer.withdrawal import revoke_credential
from tests.issuer.governed import (
    APPROVER,
    approved,
    consent,
    governed_site,
    identity_of,
    ledger_of,
    prepared,
    standing_of,
    with_learner,
)
from tests.small_site import NOW


class StoppedError(Exception):
    """What ends a process in the middle."""


pytestmark = [pytest.mark.usefixtures("ledger_database"), pytest.mark.slow]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return governed_site(tmp_path / "site")


@pytest.fixture
def session(site: Site) -> Iterator[Session]:
    with ledger_of(site) as session:
        yield session


@pytest.fixture
def standing(site: Site) -> CourseStanding:
    return standing_of(site)


def credentials(session: Session) -> list[Credential]:
    return list(session.scalars(select(Credential).order_by(Credential.learner)))


def test_issuing_signs_one_credential_a_learner_that_verifies(site: Site, session: Session, standing: CourseStanding) -> None:
    batch = approved(standing, session)
    issued = issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    assert (issued.new, issued.before, batch.state) == (3, 0, ISSUED)
    assert [each.learner for each in credentials(session)] == ["l0", "l1", "l2"]
    identity = identity_of(site)
    (site.root / "did.json").write_text(json.dumps(identity.document), encoding="utf-8")
    publish_status_lists(site, identity, session, now=NOW)
    resolver = FolderResolver(site.root, authoritative=True)
    for each in credentials(session):
        report = verify_credential(json.loads(each.document), resolver=resolver, now=NOW + timedelta(days=1))
        assert report.verdict is Verdict.VALID, [check.sentence for check in report.checks]


def test_a_batch_that_nobody_approved_is_not_issued(site: Site, session: Session, standing: CourseStanding) -> None:
    batch = prepared(standing, session)
    with pytest.raises(BatchError, match="is prepared, not approved"):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    assert credentials(session) == []


def test_issuing_again_issues_nothing_and_changes_no_letter(site: Site, session: Session, standing: CourseStanding) -> None:
    batch = approved(standing, session)
    issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    before = {each.id: each.document for each in credentials(session)}
    again = issue_batch(batch, standing, session, site, identity_of(site), now=NOW + timedelta(days=9))
    assert (again.new, again.before) == (0, 3)
    assert {each.id: each.document for each in credentials(session)} == before


@pytest.mark.parametrize("stop_after", [1, 50, 51, 60])
def test_issuing_goes_on_where_it_stopped(stop_after: int, site: Site) -> None:
    standing = standing_of(site, 60)

    def stop(done: int, _all: int) -> None:
        if done >= stop_after:
            raise StoppedError

    with ledger_of(site) as session:
        name = approved(standing, session).id
    with ledger_of(site) as session, pytest.raises(StoppedError):
        issue_batch(
            load_batch(session, name), standing, session, site, identity_of(site), now=NOW, progress=stop, rhythm=Rhythm(commit_every=50)
        )
    with ledger_of(site) as session:
        first = {each.learner: each.document for each in credentials(session)}
        assert len(first) == (0 if stop_after <= 50 else 50)
        assert load_batch(session, name).state == ISSUING
        issued = issue_batch(load_batch(session, name), standing, session, site, identity_of(site), now=NOW)
        found = credentials(session)
        assert (issued.new, issued.before) == (60 - len(first), len(first))
        assert sorted(each.learner for each in found) == sorted(f"l{number}" for number in range(60))
        assert len({(each.status_list, each.status_index) for each in found}) == 60
        assert {each.learner: each.document for each in found if each.learner in first} == first
        issued_entries = list(session.scalars(select(AuditEntry).where(AuditEntry.action == "batch issued")))
        assert len(issued_entries) == 1
        assert find_break(session) is None


def test_who_comes_second_in_the_middle_of_a_chunk_goes_on_with_whom_is_left(site: Site) -> None:
    """Another process issues the whole batch while this one has signed three and committed none."""
    standing = standing_of(site, 5)
    with ledger_of(site) as session:
        name = approved(standing, session).id

    def meanwhile(done: int, _all: int) -> None:
        if done == 3 and not others:
            with ledger_of(site) as other:
                others.append(issue_batch(load_batch(other, name), standing, other, site, identity_of(site), now=NOW).new)

    others: list[int] = []
    with ledger_of(site) as session:
        issued = issue_batch(load_batch(session, name), standing, session, site, identity_of(site), now=NOW, progress=meanwhile)
        assert (others, issued.new, issued.before) == ([5], 0, 5)
        assert len(credentials(session)) == 5
        assert load_batch(session, name).state == ISSUED
        assert len(list(session.scalars(select(AuditEntry).where(AuditEntry.action == "batch issued")))) == 1
        assert find_break(session) is None


def test_the_ledger_itself_refuses_a_second_award(site: Site, session: Session, standing: CourseStanding) -> None:
    issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    first = credentials(session)[0]
    values = {column.name: getattr(first, column.name) for column in Credential.__table__.columns}
    session.add(Credential(**{**values, "id": "urn:uuid:another", "status_index": first.status_index + 1}))
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        session.commit()
    session.rollback()
    session.add(Credential(**{**values, "id": "urn:uuid:another", "learner": "somebody else"}))
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        session.commit()


def test_credentials_hold_no_address_and_the_name_only_with_consent(site: Site, session: Session, standing: CourseStanding) -> None:
    consent(session, "l1", show_name=True)
    issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    for each in credentials(session):
        document = each.document.lower()
        assert f"{each.learner}@" not in document
        assert "learners.example" not in document
        assert ("name of" in document) == (each.learner == "l1")
        assert f'"{each.learner}"' not in document  # the institution's id for a learner is nobody else's business


def test_the_same_learner_cannot_be_recognised_in_two_credentials(site: Site, session: Session, standing: CourseStanding) -> None:
    issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    subjects = [json.loads(each.document)["credentialSubject"] for each in credentials(session)]
    assert len({subject["id"] for subject in subjects}) == 3
    assert len({subject["identifier"][0]["salt"] for subject in subjects}) == 3


def test_places_in_the_status_list_are_not_in_the_order_of_issue(site: Site) -> None:
    standing = standing_of(site, 12)
    with ledger_of(site) as session:
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        places = list(session.scalars(select(Credential.status_index).order_by(func.length(Credential.learner), Credential.learner)))
    assert places != sorted(places)
    assert max(places) > 12  # one chance in 10^48 that they are 12 small ones


def with_bad_name(standing: CourseStanding, session: Session, learner: str) -> CourseStanding:
    consent(session, learner, show_name=True)
    return with_learner(standing, Learner(learner, "Name\twith a tab", f"{learner}@learners.example"))


@pytest.mark.parametrize("processes", [0, 1])
def test_who_cannot_be_issued_to_is_written_down_with_the_reason_and_the_others_are_issued(
    processes: int, site: Site, session: Session
) -> None:
    standing = with_bad_name(standing_of(site, 5), session, "l2")
    batch = approved(standing, session)
    issued = issue_batch(batch, standing, session, site, identity_of(site), now=NOW, rhythm=Rhythm(2, processes))
    assert (issued.new, issued.before, [learner for learner, _ in issued.refused]) == (4, 0, ["l2"])
    assert issued.refused[0][1].startswith("learner_name: ")
    assert [each.learner for each in credentials(session)] == ["l0", "l1", "l3", "l4"]
    errors = {row.learner: row.error for row in session.execute(select(BatchRow.learner, BatchRow.error))}
    assert errors == {"l0": "", "l1": "", "l2": issued.refused[0][1], "l3": "", "l4": ""}
    assert batch.state == ISSUING, "it is not done"
    again = issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    assert (again.new, again.before, again.refused) == (0, 4, issued.refused)


def test_who_was_refused_gets_the_credential_from_the_next_batch_once_the_name_is_right(site: Site, session: Session) -> None:
    good = standing_of(site, 3)
    wrong = with_bad_name(good, session, "l1")
    first = approved(wrong, session)
    issue_batch(first, wrong, session, site, identity_of(site), now=NOW)
    second = approved(good, session)
    assert (first.state, second.id != first.id) == (VOID, True)
    issued = issue_batch(second, good, session, site, identity_of(site), now=NOW)
    assert (issued.new, issued.refused, second.state) == (1, (), ISSUED)
    assert [each.learner for each in credentials(session)] == ["l0", "l1", "l2"]


def test_a_batch_that_was_interrupted_is_taken_up_again_although_someone_in_it_was_refused(site: Site, session: Session) -> None:
    standing = with_bad_name(standing_of(site, 6), session, "l0")

    def stop(done: int, _all: int) -> None:
        if done > 2:
            raise StoppedError

    batch = approved(standing, session)
    with pytest.raises(StoppedError):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW, progress=stop, rhythm=Rhythm(2))
    assert prepared(standing, session).id == batch.id
    assert issue_batch(batch, standing, session, site, identity_of(site), now=NOW).new == 4


@pytest.mark.parametrize("validity", ["P9000Y", "P99999999999D"])
def test_a_validity_beyond_the_calendar_is_told_in_words(validity: str, site: Site, session: Session, standing: CourseStanding) -> None:
    standing = replace(standing, manifest=standing.manifest.model_copy(update={"validity": validity}))
    issued = issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    assert issued.new == 0
    assert all("beyond the year 9999" in why for _, why in issued.refused)
    assert len(issued.refused) == 3


def test_forked_processes_sign_what_this_one_would_and_it_is_told_when_it_is_in_the_ledger(site: Site) -> None:
    standing, told, done = standing_of(site, 130), dict[str, str](), list[int]()
    with ledger_of(site) as session:
        batch = approved(standing, session)
        issued = issue_batch(
            batch, standing, session, site, identity_of(site), now=NOW, rhythm=Rhythm(50, 2), committed=told.update,
            progress=lambda at, _all: done.append(at),
        )  # fmt: skip
        found = credentials(session)
        assert (issued.new, len(found), batch.state) == (130, 130, ISSUED)
        assert {each.id: each.document for each in found} == told
        assert done == list(range(1, 131))
        (site.root / "did.json").write_text(json.dumps(identity_of(site).document), encoding="utf-8")
        publish_status_lists(site, identity_of(site), session, now=NOW)
        resolver = FolderResolver(site.root, authoritative=True)
        for each in (found[0], found[64], found[129]):
            assert verify_credential(json.loads(each.document), resolver=resolver, now=NOW + timedelta(days=1)).verdict is Verdict.VALID
        hashes = {json.loads(each.document)["credentialSubject"]["identifier"][0]["salt"] for each in found}
        assert len(hashes) == 130, "forks that share their randomness would share salts"


def test_a_process_that_signs_and_is_killed_is_told_and_the_rest_is_signed_afterwards(site: Site) -> None:
    standing = standing_of(site, 400)

    def kill(done: int, _all: int) -> None:
        if done == 1:
            for child in multiprocessing.active_children():
                child.kill()
                child.join()

    with ledger_of(site) as session:
        batch = approved(standing, session)
        with pytest.raises(BatchError, match="a process that helps was ended"):
            issue_batch(batch, standing, session, site, identity_of(site), now=NOW, rhythm=Rhythm(10, 1), progress=kill)
        before = len(credentials(session))
        assert 0 < before < 400
        assert multiprocessing.active_children() == []
        assert issue_batch(batch, standing, session, site, identity_of(site), now=NOW).new == 400 - before
        assert len({(each.status_list, each.status_index) for each in credentials(session)}) == 400


def test_a_key_that_another_program_keeps_is_asked_by_one_process_alone(site: Site, tmp_path: Path) -> None:
    command = CommandSigner("did:web:x#key", generate_key().public, ("true",))
    assert _processes(10**6, command) == 0
    assert _processes(10**6, identity_of(site).signer) >= 1
    assert _processes(WORTH_FORKING - 1, identity_of(site).signer) == 0


def test_a_site_that_comes_to_demand_two_persons_does_not_issue_what_one_approved(
    site: Site, session: Session, standing: CourseStanding
) -> None:
    batch = prepared(standing, session)
    approve_batch(batch, standing, session, by=batch.prepared_by, two_person=False, now=NOW)
    with pytest.raises(BatchError, match="who prepared it approved it too"):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    assert credentials(session) == []


def test_of_practice_badges_one_person_is_enough_where_the_site_says_so_and_of_credit_never(
    site: Site, session: Session, standing: CourseStanding
) -> None:
    rules = Approval(one_person_types=("Badge",))
    site = replace(site, settings=site.settings.model_copy(update={"approval": rules}))
    badge = standing.manifest.model_copy(update={"achievement_type": "Badge", "credits": ()})
    assert needs_two_persons(rules, standing.manifest.model_copy(update={"credits": ()}))
    assert needs_two_persons(rules, badge.model_copy(update={"credits": (object(),)}))
    assert not needs_two_persons(rules, badge)
    assert needs_two_persons(Approval(), badge)
    standing = replace(standing, manifest=badge)
    batch = prepared(standing, session)
    approve_batch(batch, standing, session, by=batch.prepared_by, two_person=needs_two_persons(rules, badge), now=NOW)
    assert issue_batch(batch, standing, session, site, identity_of(site), now=NOW).new == 3


@pytest.mark.thorough
def test_a_new_status_list_is_begun_when_half_of_one_is_taken(site: Site, session: Session, standing: CourseStanding) -> None:
    batch = approved(standing, session)
    row = {"course": "other", "version": "1", "batch_id": batch.id, "status_list": 1, "document": "{}", "issued_at": NOW.isoformat()}
    taken = MIN_ENTRIES // 2 - 1
    session.execute(
        insert(Credential), [{**row, "id": f"urn:x:{place}", "learner": f"x{place}", "status_index": place * 2} for place in range(taken)]
    )
    session.commit()
    assert issue_batch(batch, standing, session, site, identity_of(site), now=NOW).new == 3
    new = [each for each in credentials(session) if each.course != "other"]
    assert sorted(each.status_list for each in new) == [1, 2, 2]
    assert all(each.status_index % 2 or each.status_index == taken * 2 for each in new if each.status_list == 1)
    revoke_credential(next(each for each in new if each.status_list == 2), session, by="Ana", reason="x", now=NOW)
    session.commit()
    publish_status_lists(site, identity_of(site), session, now=NOW)
    resolver = FolderResolver(site.root, authoritative=True)
    (site.root / "did.json").write_text(json.dumps(identity_of(site).document), encoding="utf-8")
    verdicts = [verify_credential(json.loads(each.document), resolver=resolver, now=NOW).verdict for each in new]
    assert sorted(verdicts) == [Verdict.VALID, Verdict.VALID, Verdict.WITHDRAWN]


@pytest.mark.slow
def test_a_process_that_is_killed_and_run_again_issues_each_learner_once(site: Site) -> None:
    """SIGKILL at whatever row it has come to, several times over; then one run to the end."""
    count = 400
    standing = standing_of(site, count)
    with ledger_of(site) as session:
        name = approved(standing, session).id
    context = multiprocessing.get_context("fork")
    for kill_at in (1, 70, 130):
        reached = context.Event()
        process = context.Process(target=issue_until_killed, args=(site, name, standing, kill_at, reached))
        process.start()
        assert reached.wait(120)
        process.kill()
        process.join()
    with ledger_of(site) as session:
        before = len(credentials(session))
        issued = issue_batch(load_batch(session, name), standing, session, site, identity_of(site), now=NOW)
        found = credentials(session)
        assert 0 < before <= issued.before < count, "the database may still have had a killed process's last commit to do"
        assert issued.new == count - issued.before
        assert sorted(each.learner for each in found) == sorted(f"l{number}" for number in range(count))
        assert len({(each.status_list, each.status_index) for each in found}) == count


def issue_until_killed(site: Site, name: str, standing: CourseStanding, kill_at: int, reached: Any) -> None:
    with ledger_of(site) as session:
        start: list[int] = []

        def report(done: int, _all: int) -> None:
            start.append(done)
            if done - start[0] >= kill_at:
                reached.set()
            if done - start[0] >= kill_at + 40:
                signal.pause()  # who kills may come late, and then the batch must not be done

        issue_batch(
            load_batch(session, name), standing, session, site, identity_of(site), now=NOW, progress=report, rhythm=Rhythm(commit_every=10)
        )


def test_withdrawing_is_for_good_and_needs_a_reason_and_a_name(site: Site, session: Session, standing: CourseStanding) -> None:
    issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    credential = credentials(session)[0]
    with pytest.raises(LedgerError, match="without a reason"):
        revoke_credential(credential, session, by=APPROVER, reason=" ", now=NOW)
    with pytest.raises(BatchError, match="has no name"):
        revoke_credential(credential, session, by=" ", reason="mistake", now=NOW)
    assert credentials(session)[0].revoked_at is None
    assert revoke_credential(credential, session, by=APPROVER, reason="mistake", now=NOW)
    assert not revoke_credential(credential, session, by="another", reason="another reason", now=NOW + timedelta(days=1))
    assert (credential.revoked_by, credential.revocation_reason, credential.revoked_at) == (APPROVER, "mistake", NOW.isoformat())


def test_issuing_on_does_not_give_a_withdrawn_credential_back(site: Site) -> None:
    """A batch is interrupted, one of its credentials is withdrawn, and then the batch is finished."""
    standing = standing_of(site, 55)

    def stop(done: int, _all: int) -> None:
        if done > 50:
            raise StoppedError

    with ledger_of(site) as session:
        name = approved(standing, session).id
        with pytest.raises(StoppedError):
            issue_batch(
                load_batch(session, name),
                standing,
                session,
                site,
                identity_of(site),
                now=NOW,
                progress=stop,
                rhythm=Rhythm(commit_every=50),
            )
    with ledger_of(site) as session:
        withdrawn = credentials(session)[0]
        revoke_credential(withdrawn, session, by=APPROVER, reason="mistake", now=NOW)
        issue_batch(load_batch(session, name), standing, session, site, identity_of(site), now=NOW)
        found = [each for each in credentials(session) if each.learner == withdrawn.learner]
    assert len(found) == 1
    assert found[0].revoked_at
