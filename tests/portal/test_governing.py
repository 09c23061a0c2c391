"""Withdrawing and deciding through a whole site: nothing is written by a dry run, and nothing is withdrawn by itself or by one person in bulk."""

from __future__ import annotations

from pathlib import Path

import pytest

from issuer.errors import DecisionError
from issuer.issuing import issue_batch
from issuer.ledger import credentials_of, open_ledger
from issuer.withdrawal import Withdrawal
from portal.awarding import approve, batches, check, issue, prepare
from portal.governing import decide, verify_audit, withdraw_many
from portal.registering import decisions
from tests.issuer.governed import approved, governed_site, identity_of, ledger_of, standing_of
from tests.small_site import CELLS, COURSE, NOW, change_score, enter_results, people, released_site


@pytest.mark.slow
def test_a_dry_run_writes_nothing_and_a_regrade_only_queues_a_decision(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = released_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    enter_results(site, people(2))
    checked = check(site, COURSE, now=NOW)
    assert (len(checked.new), checked.batch, batches(site)) == (2, None, [])
    prepared = prepare(site, COURSE, by="Ana Reyes", now=NOW)
    assert prepared.content_hash == checked.content_hash
    approve(site, str(prepared.batch), by="Ben", now=NOW)
    issue(site, str(prepared.batch), now=NOW, progress=lambda _done, _all: None)
    learner = prepared.new[0]
    for assignment, cell, *_ in CELLS:
        change_score(site, learner, assignment, cell, 0.0)
    again = check(site, COURSE, now=NOW)
    assert [each[0] for each in again.changed_score] == [learner]
    assert [each[1] for each in again.would_be_withdrawn] == [learner]
    assert decisions(site, everything=True) == []
    for _ in range(2):
        prepare(site, COURSE, by="Ana Reyes", now=NOW)
    [waiting] = decisions(site, everything=False)
    assert waiting[1:4] == ("regrade", "open", learner)
    with open_ledger(site.ledger_url) as session:
        assert all(each.revoked_at is None for each in credentials_of(session))
    with pytest.raises(DecisionError, match="asked for this"):
        decide(site, waiting[0], granted=True, reason="seen", by="Ana Reyes", now=NOW)
    decide(site, waiting[0], granted=True, reason="seen", by="Ben", now=NOW)
    with open_ledger(site.ledger_url) as session:
        assert {each.learner for each in credentials_of(session) if each.revoked_at} == {learner}


@pytest.mark.slow
def test_many_are_not_withdrawn_by_one_person(tmp_path: Path) -> None:
    site = governed_site(tmp_path / "site")
    with ledger_of(site) as session:
        standing = standing_of(site, 12)
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        names = [each.id for each in credentials_of(session)]
    what = Withdrawal("revoke", "error", "the wrong cohort")
    assert len(withdraw_many(site, names, what, by="Ana", now=NOW, dry_run=True).changed) == 12
    asked = withdraw_many(site, names, what, by="Ana", now=NOW)
    assert asked.decision is not None
    with ledger_of(site) as session:
        assert not any(each.is_withdrawn for each in credentials_of(session))
    decide(site, asked.decision, granted=True, reason="seen", by="Ben", now=NOW)
    with ledger_of(site) as session:
        assert all(each.revoked_at for each in credentials_of(session))
    assert withdraw_many(site, names[:10], what, by="Ana", now=NOW).changed == ()
    assert verify_audit(site, []).after_anchor == 0
