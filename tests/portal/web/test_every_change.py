"""Every form that changes something leaves a line with who did it, in the ledger's audit log or in a record of its own; and no form is forgotten here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from issuer.ledger import AuditEntry, Credential, open_ledger
from portal.requests import requests_of
from tests.portal.web.office_site import issued_site
from tests.portal.web.route_rules import RULES, WALKERS
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE, NOW

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Change:
    """A form that is sent, by whom, and the action that stands in the audit log afterwards."""

    person: str
    address: str
    fields: dict[str, str]
    action: str


WHY = {"note": "as asked for", "how": "suspend", "code": "holder", "public": "", "typed": "Ana Reyes"}
CHANGES = (
    Change("ana", "my/requests/new", {"kind": "mistake", "text": "Look again.", "course": COURSE}, "request opened"),
    Change("ana", "my/credentials/{credential}/claim", {"page": "link"}, "credential claimed"),
    Change("ana", "my/record", {"days": "7"}, "record link made"),
    Change("ana", "my/record/clr", {}, "record issued"),
    Change("ben", f"my/{COURSE}/name", {"show": "yes"}, "consent"),
    Change("clerk", "office/requests/{request}", {"answer": "done", "text": "Seen."}, "decision granted"),
    Change("clerk", "office/register/{credential}/withdraw", WHY, "credential suspended"),
    Change("clerk", "office/register/{credential}/reinstate", {"note": "it was a mistake"}, "credential reinstated"),
    Change("clerk", "office/register/{credential}/correct", {"name": "Ana Reyes-Cruz", "note": "passport"}, "decision opened"),
)
ELSEWHERE = {
    "verify": "changes nothing", "credentials/verify": "changes nothing", "wallet/{wallet}/exchange": "hands a credential out, by a link that its holder made",
    "my/data": "taken back: tests/portal/web/test_learner_pages.py", f"my/{COURSE}/basics/hand-in": "an attempt with a receipt, kept for good",
    f"office/courses/{COURSE}/check": "batch prepared: test_office_pages.py",
    "office/batches/{batch}/return": "batch returned: test_office_pages.py",
    "office/batches/{batch}/approve": "batch approved: test_office_pages.py", "office/batches/{batch}/issue": "batch issued: test_office_pages.py",
    "office/register/many": "a decision, then each credential: test_office_pages.py", "office/register/{credential}/renew": "a decision, as correct",
    "office/decisions/{request}": "decision granted: test_office_pages.py", f"office/quality/{COURSE}/review-pack": "a report; nothing of a person changes",
    "credentials/issue": "hands out what was issued", "credentials/status": "as the office's own forms: tests/portal/web/api",
    f"teach/{COURSE}/report": "a report", f"teach/{COURSE}/similarity": "a comparison", f"teach/{COURSE}/regrade": "a preview",
    f"teach/{COURSE}/learners/ana": "extensions.jsonl, a chain of its own", f"teach/{COURSE}/similarity/basics/1": "marks.jsonl",
    f"teach/{COURSE}/regrade/decide": "grading.db, kept for good", f"teach/{COURSE}/release/check": "the gate's report",
    f"teach/{COURSE}/release/publish": "the release's record", f"teach/{COURSE}/release/approve": "approvals.toml, the record of reviews",
}  # fmt: skip
"""Forms whose change stands elsewhere, and where; or that change nothing."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    site = issued_site(tmp_path_factory.mktemp("changes") / "site", tmp_path_factory.getbasetemp())
    with running_portal(site, people=WALKERS, now=NOW + timedelta(days=1)) as running:
        yield running


def test_every_form_is_either_here_or_said_to_be_written_down_elsewhere() -> None:
    forms = {rule.address.partition("?")[0] for rule in RULES.values() if rule.sends is not None}
    here = {each.address for each in CHANGES}
    assert forms - here - ELSEWHERE.keys() == set()
    assert ELSEWHERE.keys() - forms == set()


def log_of(portal: RunningPortal) -> list[tuple[str, str]]:
    with open_ledger(portal.portal.site.ledger_url) as session:
        return [(each.actor, each.action) for each in session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))]


def send(client: httpx.Client, address: str, fields: dict[str, str]) -> httpx.Response:
    client.get("verify")  # a page that sets the cookie
    return client.post(address, data={"_xsrf": client.cookies["_xsrf"], **fields})


def test_every_change_stands_in_the_audit_log_in_the_name_of_who_made_it(portal: RunningPortal) -> None:
    site = portal.portal.site
    with open_ledger(site.ledger_url) as session:
        credential = session.scalars(select(Credential).where(Credential.learner == "ana")).one().id.removeprefix("urn:uuid:")
    ids, wrong = {"credential": credential, "request": requests_of(site, "ana")[0].id}, []
    clients = {name: portal.visitor(name) for name in {each.person for each in CHANGES}}
    for change in CHANGES:
        before = log_of(portal)
        answer = send(clients[change.person], change.address.format(**ids), change.fields)
        added = log_of(portal)[len(before) :]
        if (change.person, change.action) not in added:
            told = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
            wrong.append((change.address, answer.status_code, added, told[0][:600] if told else ""))
    assert wrong == []
