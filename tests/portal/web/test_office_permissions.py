"""Every address of the office against everybody who may ask for it: a table, and nothing is in the office that is not in the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from issuer.ledger import Credential, open_ledger
from portal.web.office.routes import ROUTES
from tests.portal.web.office_site import OFFICE, issued_site
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE

pytestmark = pytest.mark.slow

R, A, Q, S = "clerk", "registrar", "quality", "administrator"
NOBODY_ELSE = ("faculty", "ana")
_UUID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_BATCH = r"([0-9a-f-]{8,36})"
SEES = {
    r"office": {R, A, Q, S},
    r"office/courses/([^/]+)": {R, A},
    r"office/courses/([^/]+)/eligibility\.(csv|xlsx)": {R, A},
    r"office/courses/([^/]+)/check": {R, A},
    r"office/courses/([^/]+)/check\.(csv|xlsx)": {R, A},
    r"office/batches": {R, A},
    rf"office/batches/{_BATCH}": {R, A},
    rf"office/batches/{_BATCH}/events": {R, A},
    rf"office/batches/{_BATCH}/sample": {R, A},
    rf"office/batches/{_BATCH}/rows\.(csv|xlsx)": {R, A},
    r"office/register": {R, A},
    r"office/register\.(csv|xlsx)": {R, A},
    rf"office/register/{_UUID}": {R, A},
    rf"office/register/{_UUID}/file\.(json|pdf|png)": {R, A},
    r"office/decisions": {R, A},
    r"office/requests": {R, A},
    rf"office/requests/{_UUID}": {R, A},
    r"office/audit": {R, A, S},
    r"office/audit\.(csv|xlsx)": {R, A, S},
    r"office/keys": {R, A, S},
    r"office/people": {S},
    r"office/exports": {R, A},
    r"office/health": {S},
    r"office/quality": {R, A, Q, S},
    r"office/quality/([^/]+)/review-pack": {Q},
}
"""Who sees which page."""
ACTS = {
    r"office/courses/([^/]+)/check": {R},
    rf"office/batches/{_BATCH}/approve": {A},
    rf"office/batches/{_BATCH}/return": {R, A},
    rf"office/batches/{_BATCH}/issue": {R},
    r"office/register/many": {R},
    rf"office/register/{_UUID}/withdraw": {R},
    rf"office/register/{_UUID}/reinstate": {R},
    rf"office/register/{_UUID}/correct": {R},
    rf"office/register/{_UUID}/renew": {R},
    rf"office/decisions/{_UUID}": {A},
    rf"office/requests/{_UUID}": {R, A},
    r"office/quality/([^/]+)/review-pack": {Q},
}
"""Who may send which form."""


@dataclass(frozen=True)
class Office:
    """The running portal, and one of everything that an address can name."""

    portal: RunningPortal
    batch: str
    credential: str
    request: str

    def address(self, route: str) -> str:
        """Return an address of the route."""
        named = self.request if "requests" in route or "decisions" in route else self.credential
        filled = route.replace(_UUID, named).replace(_BATCH, self.batch).replace("([^/]+)", COURSE)
        filled = filled.replace("(csv|xlsx)", "csv").replace("(json|pdf|png)", "json").replace("\\.", ".")
        return filled + ("?learner=ana" if filled.endswith("/sample") else "")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("site")
    site = issued_site(folder / "s", tmp_path_factory.getbasetemp())
    with open_ledger(site.ledger_url) as session:
        credential = session.scalars(select(Credential)).first()
        assert credential is not None
        number, batch = credential.id.removeprefix("urn:uuid:"), credential.batch_id
    from portal.requests import requests_of

    with running_portal(site, people=OFFICE) as running:
        yield Office(running, batch, number, requests_of(site)[0].id)


def test_the_table_holds_every_address_of_the_office() -> None:
    assert {path for path, _ in ROUTES} == {*SEES, *ACTS}


def test_every_address_shows_itself_to_its_offices_and_to_nobody_else(office: Office) -> None:
    wrong = []
    for person in (R, A, Q, S, *NOBODY_ELSE):
        client = office.portal.visitor(person)
        for route, who in SEES.items():
            if route.endswith("/review-pack") and person in who:
                continue  # none was made
            status = client.get(office.address(route)).status_code
            if status != (200 if person in who else 403):
                wrong.append((person, route, status))
    assert not wrong


def test_every_form_is_refused_from_everybody_who_may_not_send_it(office: Office) -> None:
    wrong = []
    for person in (R, A, Q, S, *NOBODY_ELSE):
        client = office.portal.visitor(person)
        client.get("office/quality")  # a page that sets the cookie
        token = client.cookies.get("_xsrf")
        for route, who in ACTS.items():
            if person in who:
                continue
            status = client.post(office.address(route), data={"_xsrf": token, "looked": "yes", "note": "x", "answer": "grant"}).status_code
            if status != 403:
                wrong.append((person, route, status))
    assert not wrong


def test_a_form_without_its_token_is_refused_even_from_whom_it_is_for(office: Office) -> None:
    wrong = []
    for route, who in ACTS.items():
        client = office.portal.visitor(sorted(who)[0])
        if (status := client.post(office.address(route), data={"note": "x", "looked": "yes"}).status_code) != 403:
            wrong.append((route, status))
    assert not wrong


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in(office: Office) -> None:
    client = office.portal.visitor()
    for route in SEES:
        answer = client.get(office.address(route))
        assert answer.url.path == "/sign-in", route


def test_what_does_not_exist_is_told_as_such(office: Office) -> None:
    clerk = office.portal.visitor(R)
    nothing = "00000000-0000-0000-0000-000000000000"
    for path in (
        f"office/register/{nothing}",
        f"office/batches/{nothing}",
        f"office/requests/{nothing}",
        "office/courses/nosuch",
        "office/courses/..%2F..",
    ):
        assert clerk.get(path).status_code == 404, path
