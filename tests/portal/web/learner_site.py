"""A portal with learners at every stage: Ana has a credential, Ben waits for a mark, Cora has nothing yet, and one has a hostile name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from courses.settings import Site
from issuer.ledger import credentials_of, open_ledger
from portal.awarding import approve, issue, prepare, record_consent
from portal.web.portal_site import Person
from tests.portal.web.running import PEOPLE, RunningPortal, running_portal
from tests.small_site import COURSE, Someone, enter_results, released_site

ANA = Someone("ana", "Ana Peña-Ñuñez")
BEN = Someone("ben", "Ben Cruz", (2.0, 0.0, 6.0, None))
EVIL = Someone("evil", "<script>alert(1)</script> " + "W" * 120, (0.0, 0.0, 0.0, 0.0))
NOW = datetime.now(UTC)
LEARNERS = (
    Person("ana", "learner", (f"nbgrader-{COURSE}",)),
    Person("ben", "learner", (f"nbgrader-{COURSE}",)),
    Person("evil", "learner", (f"nbgrader-{COURSE}",)),
    Person("cora", "learner, enrolled and new", (f"nbgrader-{COURSE}",)),
    Person("dina", "nobody's learner", ()),
)


def learner_site(folder: Path, parent: Path) -> Site:
    """Return a site in which Ana's credential is issued."""
    site = released_site(folder, parent)
    enter_results(site, (ANA, BEN, EVIL))
    record_consent(site, "ana", COURSE, show_name=True, channel="test", now=NOW)
    prepared = prepare(site, COURSE, by="Ana Reyes", now=NOW)
    assert prepared.batch is not None
    approve(site, prepared.batch, by="Ben Cruz", now=NOW)
    issue(site, prepared.batch, now=NOW, progress=lambda _done, _all: None)
    return site


def credential_of_ana(site: Site) -> str:
    """Return the UUID of Ana's credential."""
    with open_ledger(site.ledger_url) as session:
        return credentials_of(session)[0].id.removeprefix("urn:uuid:")


@contextmanager
def learners_portal(site: Site) -> Iterator[RunningPortal]:
    """Run the portal of such a site with its learners and staff."""
    with running_portal(site, people=(*PEOPLE, *LEARNERS)) as running:
        yield running
