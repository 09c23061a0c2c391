"""A site for tests of the office: learners of every standing, and a learner whose name is hostile."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from courses.settings import Site, load_site
from portal.awarding import approve, issue, prepare, record_consent
from portal.requests import Wish, ask
from portal.web.portal_site import Person
from tests.portal.web.running import PEOPLE
from tests.small_site import COURSE, NOW, Someone, enter_results, released_site

HOSTILE = '<script>alert(1)</script> "' + "Napakahabang" * 8
LEARNERS = (
    Someone("ana", "Ana Reyes"),
    Someone("ben", "Ben Cruz", (2.0, 8.0, 6.0, None)),
    Someone("carla", "Carla Santos", (0.0, 1.0, 2.0, 0.0)),
    Someone("dina", HOSTILE, (2.0, 8.0, 3.0, 0.0)),
    Someone("emil", HOSTILE),
)
"""Eligible, blocked, not yet, not yet, eligible."""
OFFICE = (
    *PEOPLE,
    Person("both", "prepares and approves", ("patunay-registrar", "patunay-approver")),
    Person("ana", "learns", (f"nbgrader-{COURSE}",)),
)


def office_site(folder: Path, parent: Path) -> Site:
    """Return a released site with the learners, two of whom let their names be shown."""
    site = released_site(folder, parent)
    enter_results(site, LEARNERS)
    for learner in ("ana", "emil"):
        record_consent(site, learner, COURSE, show_name=True, channel="test", now=NOW)
    return site


def issued_site(folder: Path, parent: Path) -> Site:
    """Return such a site with one batch issued, and a request of Ana's open: a copy of one that is made once a test run."""
    shutil.copytree(_issued(parent), folder)
    return load_site(folder)


@cache
def _issued(parent: Path) -> Path:
    site = office_site(parent / "issued-site", parent)
    batch = prepare(site, COURSE, by="clerk", now=NOW).batch
    assert batch
    approve(site, batch, by="registrar", now=NOW)
    issue(site, batch, now=NOW, progress=lambda _done, _all: None)
    ask(site, "ana", Wish("mistake", "The essay was mine. <b>Look</b> again.", course=COURSE), now=NOW)
    return site.root
