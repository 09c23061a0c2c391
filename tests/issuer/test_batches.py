"""Batches: what was approved is what is signed, or the batch is void and says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.award_rows import AwardRow, hash_rows
from issuer.batches import (
    APPROVED,
    PREPARED,
    VOID,
    approve_batch,
    draft_batch,
    load_batch,
    prepare_batch,
    require_unchanged,
    rows_of,
)
from issuer.eligibility import Status
from issuer.errors import BatchError
from issuer.issuing import issue_batch
from issuer.ledger import AuditEntry, Batch, BatchRow, Credential
from issuer.standing import CourseStanding, Learner
from issuer.withdrawal import revoke_credential
from tests.issuer.governed import (
    APPROVER,
    PREPARER,
    approved,
    consent,
    eligible,
    governed_site,
    identity_of,
    ledger_of,
    prepared,
    standing_of,
    with_learner,
    with_standing,
)
from tests.small_site import NOW

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


def learners_in(batch: Batch) -> list[str]:
    return [row.learner for row in batch.rows]


def test_a_batch_holds_who_is_eligible_and_nobody_else(standing: CourseStanding, session: Session) -> None:
    standing = with_standing(standing, eligible("l1", status=Status.BLOCKED))
    standing = with_standing(standing, eligible("l2", status=Status.NOT_YET))
    assert learners_in(prepared(standing, session)) == ["l0"]


def test_nobody_eligible_gives_no_batch(site: Site, session: Session) -> None:
    assert prepare_batch(standing_of(site, 0), session, by=PREPARER, now=NOW) is None


def test_who_has_no_address_or_no_evidence_is_told_and_left_out(standing: CourseStanding, session: Session) -> None:
    standing = with_learner(standing, Learner("l0", "A", None))
    standing = replace(standing, evidence={**standing.evidence, "l1": ()})
    draft = draft_batch(standing, session)
    assert [row.learner for row in draft.rows] == ["l2"]
    assert dict(draft.incomplete).keys() == {"l0", "l1"}
    assert "e-mail" in dict(draft.incomplete)["l0"]


def test_preparing_the_same_again_returns_the_same_batch(standing: CourseStanding, session: Session) -> None:
    first = prepared(standing, session)
    assert prepared(standing, session, by="somebody else").id == first.id
    assert first.prepared_by == PREPARER


def test_preparing_after_a_change_makes_the_open_batch_void(standing: CourseStanding, session: Session) -> None:
    first = prepared(standing, session)
    second = prepared(with_standing(standing, eligible("l0", overall=0.8)), session)
    assert (first.state, second.state) == (VOID, PREPARED)
    assert first.id != second.id


def test_preparing_after_a_new_release_does_not_return_the_batch_of_the_old_one(site: Site, session: Session) -> None:
    first = prepared(standing_of(site), session)
    second = prepared(standing_of(site, release_hash="cd" * 32), session)
    assert (first.state, second.state, second.release_hash) == (VOID, PREPARED, "cd" * 32)


@pytest.mark.parametrize(
    "name",
    [
        "Ana Reyes", " ana  reyes ", "ANA REYES", "AnaReyes", "Ana\u00a0Reyes", "Ana\u200bReyes", "\uff21na Reyes", "Ana Reyes\u2060",
    ],
)  # fmt: skip
def test_the_preparer_cannot_approve_however_they_write_their_name(name: str, standing: CourseStanding, session: Session) -> None:
    batch = prepared(standing, session, by="Ana Reyes")
    with pytest.raises(BatchError, match="cannot approve it too"):
        approve_batch(batch, standing, session, by=name, two_person=True, now=NOW)
    assert batch.state == PREPARED


def test_accents_typed_in_another_way_are_the_same_person(standing: CourseStanding, session: Session) -> None:
    batch = prepared(standing, session, by="Jos\u00e9 Pe\u00f1a")
    with pytest.raises(BatchError, match="cannot approve it too"):
        approve_batch(batch, standing, session, by="Jose\u0301 Pen\u0303a", two_person=True, now=NOW)


def test_a_site_for_practice_badges_may_let_one_person_do_both(standing: CourseStanding, session: Session) -> None:
    batch = prepared(standing, session)
    approve_batch(batch, standing, session, by=PREPARER, two_person=False, now=NOW)
    assert (batch.state, batch.approved_by) == (APPROVED, PREPARER)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\u2060 \u00a0"])
def test_nobody_is_no_preparer(name: str, standing: CourseStanding, session: Session) -> None:
    with pytest.raises(BatchError, match="the preparer has no name"):
        prepare_batch(standing, session, by=name, now=NOW)


@pytest.mark.parametrize("name", ["Ana\nReyes", "A" * 201])
def test_a_name_that_forges_a_line_or_does_not_fit_the_ledger_is_refused(name: str, standing: CourseStanding, session: Session) -> None:
    with pytest.raises(BatchError, match="line break"):
        prepare_batch(standing, session, by=name, now=NOW)


def test_approving_twice_keeps_the_first_approver(standing: CourseStanding, session: Session) -> None:
    batch = approved(standing, session)
    approve_batch(batch, standing, session, by="Somebody Else", two_person=True, now=NOW)
    assert batch.approved_by == APPROVER
    assert len(list(session.scalars(select(AuditEntry).where(AuditEntry.action == "batch approved")))) == 1


def changed_score(standing: CourseStanding, session: Session) -> CourseStanding:
    return with_standing(standing, eligible("l1", overall=0.9001))


def changed_name(standing: CourseStanding, session: Session) -> CourseStanding:
    return with_learner(standing, Learner("l1", "Another Name", "l1@learners.example"))


def changed_address(standing: CourseStanding, session: Session) -> CourseStanding:
    return with_learner(standing, Learner("l1", "Name of l1", "other@learners.example"))


def changed_consent(standing: CourseStanding, session: Session) -> CourseStanding:
    consent(session, "l1", show_name=False)
    return standing


def changed_evidence(standing: CourseStanding, session: Session) -> CourseStanding:
    regraded = tuple(replace(each, run="another run") for each in standing.evidence["l1"])
    return replace(standing, evidence={**standing.evidence, "l1": regraded})


def no_longer_eligible(standing: CourseStanding, session: Session) -> CourseStanding:
    return with_standing(standing, eligible("l1", status=Status.BLOCKED))


CHANGES = [changed_score, changed_name, changed_address, changed_consent, changed_evidence, no_longer_eligible]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_prepare_and_approve_makes_the_batch_void_and_says_whose(
    change: object, standing: CourseStanding, session: Session
) -> None:
    consent(session, "l1", show_name=True)
    batch = prepared(standing, session)
    assert callable(change)
    with pytest.raises(BatchError, match=r"is void: the results, name, address or consent of l1 changed since it was prepared"):
        approve_batch(batch, change(standing, session), session, by=APPROVER, two_person=True, now=NOW)
    assert batch.state == VOID


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_approve_and_issue_makes_the_batch_void_and_signs_nothing(
    change: object, standing: CourseStanding, session: Session, site: Site
) -> None:
    consent(session, "l1", show_name=True)
    batch = approved(standing, session)
    assert callable(change)
    with pytest.raises(BatchError, match=r"is void: the results, name, address or consent of l1 changed"):
        issue_batch(batch, change(standing, session), session, site, identity_of(site), now=NOW)
    assert batch.state == VOID
    assert session.scalars(select(Credential)).first() is None
    with pytest.raises(BatchError, match="is void, not approved"):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW)


def test_a_new_release_in_between_makes_the_batch_void(site: Site, session: Session) -> None:
    batch = prepared(standing_of(site), session)
    with pytest.raises(BatchError, match="void: the course was released anew"):
        approve_batch(batch, standing_of(site, release_hash="cd" * 32), session, by=APPROVER, two_person=True, now=NOW)
    assert batch.state == VOID


def test_what_becomes_void_is_written_into_the_audit_log(standing: CourseStanding, session: Session) -> None:
    batch = prepared(standing, session)
    with pytest.raises(BatchError, match="void"):
        approve_batch(batch, changed_score(standing, session), session, by=APPROVER, two_person=True, now=NOW)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "batch void")).one()
    assert (entry.subject, entry.actor) == (batch.id, APPROVER)
    assert "l1" in json.loads(entry.details)["why"]


def altered_row(session: Session, batch: Batch) -> None:
    row = batch.rows[0]
    row.content = json.dumps({**json.loads(row.content), "overall": 1.0})


def swapped_learner(session: Session, batch: Batch) -> None:
    row = batch.rows[0]
    row.content = json.dumps({**json.loads(row.content), "learner": "intruder"})


def added_row(session: Session, batch: Batch) -> None:
    session.add(BatchRow(batch_id=batch.id, learner="intruder", content=batch.rows[0].content.replace('"l0"', '"intruder"'), error=""))


def removed_row(session: Session, batch: Batch) -> None:
    session.delete(batch.rows[0])


def nonsense(session: Session, batch: Batch) -> None:
    batch.rows[0].content = "{"


@pytest.mark.parametrize("tamper", [altered_row, swapped_learner, added_row, removed_row, nonsense])
def test_rows_that_were_altered_in_the_database_are_noticed(tamper: object, standing: CourseStanding, session: Session, site: Site) -> None:
    batch = approved(standing, session)
    assert callable(tamper)
    tamper(session, batch)
    session.commit()
    session.expire_all()
    with pytest.raises(BatchError, match="its rows were altered in the ledger"):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    assert batch.state == VOID
    assert session.scalars(select(Credential)).first() is None


def test_rows_and_hash_altered_together_do_not_fit_the_results(standing: CourseStanding, session: Session, site: Site) -> None:
    batch = prepared(standing, session)
    altered_row(session, batch)
    batch.content_hash = hash_rows(tuple(AwardRow.model_validate_json(row.content) for row in batch.rows))
    session.commit()
    with pytest.raises(BatchError, match="of l0 changed"):
        approve_batch(batch, standing, session, by=APPROVER, two_person=True, now=NOW)


@pytest.mark.parametrize("values", [{"approved_by": APPROVER}, {"approved_by": None}, {"approved_by": PREPARER}])
def test_a_batch_that_was_set_to_approved_in_the_database_is_not_issued(
    values: dict[str, str | None], standing: CourseStanding, session: Session, site: Site
) -> None:
    batch = prepared(standing, session)
    session.execute(update(Batch).where(Batch.id == batch.id).values(state=APPROVED, **values))
    session.commit()
    session.refresh(batch)
    with pytest.raises(BatchError, match="the audit log holds no approval of what it holds now"):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW)
    assert batch.state == VOID


def test_a_version_that_was_altered_in_the_database_is_noticed(standing: CourseStanding, session: Session, site: Site) -> None:
    batch = approved(standing, session)
    batch.version = "9.9.9"
    session.commit()
    with pytest.raises(BatchError, match="void"):
        issue_batch(batch, standing, session, site, identity_of(site), now=NOW)


def test_two_batches_of_the_same_learners_cannot_both_be_issued(standing: CourseStanding, session: Session, site: Site) -> None:
    """As two processes leave them that prepared at the same moment."""
    first = approved(standing, session)
    copy = Batch(
        id="copy", course=first.course, version=first.version, release_hash=first.release_hash, content_hash=first.content_hash, state=PREPARED,
        prepared_by=PREPARER, prepared_at=NOW.isoformat(), approved_by=None, approved_at=None, issued_at=None,
        rows=[BatchRow(learner=row.learner, content=row.content, error="") for row in first.rows],
    )  # fmt: skip
    session.add(copy)
    session.commit()
    approve_batch(copy, standing, session, by=APPROVER, two_person=True, now=NOW)
    issue_batch(first, standing, session, site, identity_of(site), now=NOW)
    with pytest.raises(BatchError, match="l0, l1, l2 got a credential from another batch"):
        issue_batch(copy, standing, session, site, identity_of(site), now=NOW)


def test_after_everything_is_issued_there_is_no_batch(standing: CourseStanding, session: Session, site: Site) -> None:
    issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    assert prepare_batch(standing, session, by=PREPARER, now=NOW) is None
    assert draft_batch(standing, session).already_issued == ("l0", "l1", "l2")


def test_a_withdrawn_award_does_not_come_back_by_itself(standing: CourseStanding, session: Session, site: Site) -> None:
    issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
    credential = session.scalars(select(Credential).where(Credential.learner == "l1")).one()
    revoke_credential(credential, session, by=APPROVER, reason="mistake", now=NOW)
    assert prepare_batch(standing, session, by=PREPARER, now=NOW) is None
    assert draft_batch(standing, session).withdrawn == ("l1",)


def test_a_name_stands_in_a_row_only_with_consent_and_the_last_word_counts(standing: CourseStanding, session: Session) -> None:
    consent(session, "l0", show_name=True)
    consent(session, "l1", show_name=True)
    consent(session, "l1", show_name=False)
    assert [row.name for row in draft_batch(standing, session).rows] == ["Name of l0", None, None]


def test_an_unchanged_batch_is_what_it_was(standing: CourseStanding, session: Session) -> None:
    batch = prepared(standing, session)
    require_unchanged(batch, standing, session, actor=APPROVER, now=NOW)
    assert rows_of(batch) == tuple(draft_batch(standing, session).rows)
    assert batch.state == PREPARED


def test_a_batch_is_found_by_the_beginning_of_its_id_if_that_is_enough(standing: CourseStanding, session: Session) -> None:
    batch = prepared(standing, session)
    assert load_batch(session, batch.id[:6]) is batch
    for name in ("", "%", "_", "nosuch"):
        with pytest.raises(BatchError, match="there is no batch"):
            load_batch(session, name)
    session.add_all([replace_id(batch, "same-1"), replace_id(batch, "same-2")])
    session.commit()
    with pytest.raises(BatchError, match="more than one batch"):
        load_batch(session, "same-")


def replace_id(batch: Batch, name: str) -> Batch:
    return Batch(
        id=name, course=batch.course, version=batch.version, release_hash="", content_hash="", state=VOID, prepared_by="x", prepared_at="",
        approved_by=None, approved_at=None, issued_at=None,
    )  # fmt: skip


rows = st.lists(
    st.builds(
        AwardRow,
        learner=st.text(min_size=1, max_size=5),
        email=st.just("a@b.example"),
        name=st.none() | st.text(max_size=5),
        overall=st.floats(0, 1),
        outcomes=st.just(()),
        evidence=st.just(()),
    ),
    max_size=4,
    unique_by=lambda row: row.learner,
).map(tuple)


@given(rows, rows)
def test_two_batches_have_the_same_hash_only_if_they_hold_the_same_rows(one: tuple[AwardRow, ...], other: tuple[AwardRow, ...]) -> None:
    alike = sorted(one, key=lambda row: row.learner) == sorted(other, key=lambda row: row.learner)
    assert (hash_rows(one) == hash_rows(other)) == alike
    assert hash_rows(one) == hash_rows(tuple(reversed(one)))
