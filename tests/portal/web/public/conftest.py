"""A running portal of a site that issued two credentials: Ana's with her name, Ben's without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from courses.settings import Site, load_site
from issuer.ledger import credentials_of, open_ledger
from portal.awarding import approve, issue, prepare, record_consent
from portal.web.public.own_credentials import read_number
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE, Someone, enter_results, released_site

ANA, BEN = Someone("ana", "Ana Peña-Ñuñez"), Someone("ben", "Ben Cruz", (2.0, 8.0, 6.0, 2.0))


@dataclass(frozen=True)
class IssuedPortal:
    """A portal with credentials."""

    running: RunningPortal
    site: Site
    numbers: dict[str, str]
    """The UUID of each learner's credential."""

    def file(self, learner: str, ending: str = "json") -> Path:
        """A learner's credential as it is published."""
        return self.site.root / "credentials" / f"{self.numbers[learner]}.{ending}"


@cache
def _template(parent: Path) -> tuple[Path, dict[str, str]]:
    """Issue once a test run."""
    site, numbers = _issue(parent / "issued-template", parent)
    return site.root, numbers


def issued_site(folder: Path, parent: Path) -> tuple[Site, dict[str, str]]:
    """Return a copy, in `folder`, of a site that issued to Ana and Ben, and their credentials' numbers."""
    template, numbers = _template(parent)
    shutil.copytree(template, folder)
    return load_site(folder), numbers


def _issue(folder: Path, parent: Path) -> tuple[Site, dict[str, str]]:
    site, now = released_site(folder, parent), datetime.now(UTC)
    enter_results(site, (ANA, BEN))
    record_consent(site, "ana", COURSE, show_name=True, channel="test", now=now)
    batch = str(prepare(site, COURSE, by="clerk", now=now).batch)
    approve(site, batch, by="registrar", now=now)
    issue(site, batch, now=now, progress=lambda _done, _all: None)
    with open_ledger(site.ledger_url) as session:
        return site, {each.learner: read_number(each.id) for each in credentials_of(session)}


@pytest.fixture(scope="session")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuedPortal]:
    """One portal for all tests that change nothing."""
    site, numbers = issued_site(tmp_path_factory.mktemp("public") / "site", tmp_path_factory.getbasetemp())
    with running_portal(site) as running:
        yield IssuedPortal(running, site, numbers)


@pytest.fixture
def own_portal(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuedPortal]:
    """A portal of its own, for a test that changes something."""
    site, numbers = issued_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    with running_portal(site) as running:
        yield IssuedPortal(running, site, numbers)
