"""Where the ledger's server does not answer: who asked is told to come back and learns nothing of the server, who works here learns what it said, and the log has it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from courses.settings import Site
from tests.portal.web.learner_site import LEARNERS, learner_site
from tests.portal.web.running import PEOPLE, RunningPortal, running_portal, submit

pytestmark = pytest.mark.slow

_SECRET_PLACES = ("keeper", "badges_db", "127.0.0.1", "psycopg", "ledger")
"""Whatever stands in the address of the ledger."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    site: Site = learner_site(tmp_path_factory.mktemp("unavailable") / "site", tmp_path_factory.getbasetemp())
    settings = site.settings.model_copy(update={"ledger": "postgresql+psycopg://keeper:word@127.0.0.1:1/badges_db"})
    with running_portal(replace(site, settings=settings), people=(*PEOPLE, *LEARNERS)) as running:
        yield running


def visitor(portal: RunningPortal, name: str) -> httpx.Client:
    """Return a client that is `name`, whose first page is not there; or nobody."""
    client = portal.visitor()
    client.follow_redirects = False
    if name:
        assert submit(client, "sign-in", {"name": name}).status_code == 302
    return client


@pytest.mark.parametrize("person", ["", "ana"])
def test_others_are_told_to_come_back_and_learn_nothing_of_the_server(portal: RunningPortal, person: str) -> None:
    for language, told in (("en", "just now"), ("fil", "sa ngayon")):
        answer = visitor(portal, person).get(f"verify/{uuid4()}", params={"lang": language}, headers={"Accept": "text/html"})
        main = answer.text.partition("<main")[2].partition("</main")[0]
        assert (answer.status_code, told in main) == (503, True)
        assert [each for each in _SECRET_PLACES if each in main] == []


def test_programs_are_told_so_too(portal: RunningPortal) -> None:
    answer = visitor(portal, "").get(f"verify/{uuid4()}", headers={"Accept": "application/json"})
    assert answer.status_code == 503
    assert answer.json()["remedy"].startswith("Try again in a few minutes")
    assert [each for each in _SECRET_PLACES if each in answer.text] == []


def test_who_works_here_learns_what_it_said(portal: RunningPortal) -> None:
    answer = visitor(portal, "clerk").get("office/register")
    assert answer.status_code == 503
    assert "database" in answer.text.partition("<main")[2]
    assert "word" not in answer.text.partition("<main")[2].partition("</main")[0]


def test_the_log_says_that_the_site_failed(
    portal: RunningPortal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.root.manager, "disable", 0)
    logger = logging.getLogger("patunay.portal")
    monkeypatch.setattr(logger, "disabled", False)
    monkeypatch.setattr(logger, "propagate", True)
    visitor(portal, "").get(f"verify/{uuid4()}")
    assert "GET /verify/* failed: StorageError" in caplog.text
    assert "keeper" not in caplog.text
