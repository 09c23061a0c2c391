"""A holder's page: shown to who has its address, changed and taken down by the holder alone, kept nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from courses.settings import Site
from issuer.errors import LedgerError
from issuer.ledger import credentials_of, open_ledger
from issuer.ledger_copying import copy_ledger
from portal.awarding import approve, issue, prepare
from portal.governing import erase, learner_data
from portal.sharing import PageChoices, find_shared, share, sharing_of, unshare
from tests.small_site import COURSE, Someone, enter_results, released_site

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = released_site(tmp_path / "s", tmp_path_factory.getbasetemp())
    enter_results(site, (Someone("ana", "Ana Reyes"),))
    return site


@pytest.fixture
def credential(site: Site) -> str:
    """Return the id of Ana's credential."""
    batch = str(prepare(site, COURSE, by="clerk", now=NOW).batch)
    approve(site, batch, by="registrar", now=NOW)
    issue(site, batch, now=NOW, progress=lambda _done, _all: None)
    with open_ledger(site.ledger_url) as session:
        return credentials_of(session)[0].id


def test_a_shared_page_is_found_by_its_token_and_shows_what_was_chosen(site: Site, credential: str) -> None:
    assert sharing_of(site, credential) is None
    token = share(site, credential, PageChoices(show_grade=True), NOW)
    found = find_shared(site, token)
    assert found is not None
    assert (found.credential_id, found.choices) == (credential, PageChoices(show_grade=True))
    assert sharing_of(site, credential) == found
    assert len(token) >= 43  # 256 bits


def test_choosing_anew_keeps_the_address(site: Site, credential: str) -> None:
    token = share(site, credential, PageChoices(), NOW)
    assert share(site, credential.removeprefix("urn:uuid:"), PageChoices(give_file=True), NOW) == token
    found = find_shared(site, token)
    assert found is not None
    assert found.choices == PageChoices(give_file=True)


def test_a_page_that_was_taken_down_leads_to_no_credential_for_ever(site: Site, credential: str) -> None:
    token = share(site, credential, PageChoices(), NOW)
    assert unshare(site, credential, NOW)
    assert not unshare(site, credential, NOW)
    assert sharing_of(site, credential) is None
    again = share(site, credential, PageChoices(), NOW)
    found = find_shared(site, token)
    assert found is not None
    assert (found.credential_id, again == token) == (None, False)


def test_what_was_never_shared_is_not_found(site: Site) -> None:
    for token in ("", "A" * 43, "../../ledger", "A" * 10_000, "%"):
        assert find_shared(site, token) is None
    assert not unshare(site, "urn:uuid:00000000-0000-4000-8000-000000000000", NOW)
    with pytest.raises(LedgerError, match="there is no credential"):
        share(site, "urn:uuid:00000000-0000-4000-8000-000000000000", PageChoices(), NOW)


def test_erasing_the_credential_takes_its_page_down_and_nobody_shares_it_again(site: Site, credential: str) -> None:
    token = share(site, credential, PageChoices(give_file=True), NOW)
    assert [each["token"] for each in learner_data(site, "ana")["shared_pages"]] == [token]
    erase(site, credential, reason="her wish", by="registrar", now=NOW)
    found = find_shared(site, token)
    assert found is not None
    assert found.credential_id is None
    with pytest.raises(LedgerError, match="there is no credential"):
        share(site, credential, PageChoices(), NOW)


def test_the_log_tells_what_was_shared_and_never_the_address(site: Site, credential: str) -> None:
    token = share(site, credential, PageChoices(), NOW)
    unshare(site, credential, NOW)
    log = learner_data(site, "ana")["audit_log"]
    assert [each["action"] for each in log][-2:] == ["page shared", "page taken down"]
    assert token not in str(log)


def test_a_copied_ledger_keeps_the_addresses(site: Site, credential: str, tmp_path: Path) -> None:
    token = share(site, credential, PageChoices(), NOW)
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    copy_ledger(site.ledger_url, target)
    moved = Site(site.root, site.settings.model_copy(update={"ledger": target}))
    assert find_shared(moved, token) == find_shared(site, token)
