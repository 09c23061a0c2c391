"""Every address of the portal against everybody who may ask for it, with the ids of what is Ana's: nobody else sees anything of hers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select
from tornado.web import RequestHandler

from courses.release import load_released_manifest
from issuer.ledger import Credential, open_ledger
from portal.attempt_states import state_of
from portal.learner_record import make_link
from portal.requests import requests_of
from portal.sharing import PageChoices, share
from portal.web.routes import ROUTES
from tests.portal.web.office_site import issued_site
from tests.portal.web.route_rules import EVERYBODY, RULES, SIGNED_IN, STAFF, WALKERS, Rule
from tests.portal.web.running import RunningPortal, running_portal
from tests.small_site import COURSE, NOW

pytestmark = pytest.mark.slow

FIELDS = {"looked": "yes", "note": "x", "answer": "grant", "reason": "x", "text": "x", "kind": "mistake", "page": "link"}
"""What the forms ask for, so that nothing is refused for being empty."""


@dataclass(frozen=True)
class Walk:
    """The running portal, and the ids of what is Ana's."""

    portal: RunningPortal
    ids: dict[str, str]
    secrets: tuple[str, ...]
    """What only Ana, her teachers and the office may read."""

    def address(self, rule: Rule) -> str:
        return rule.address.format(**self.ids)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    site = issued_site(tmp_path_factory.mktemp("walk") / "site", tmp_path_factory.getbasetemp())
    with running_portal(site, people=WALKERS, now=NOW + timedelta(days=1)) as running:
        now = running.portal.now()
        with open_ledger(site.ledger_url) as session:
            found = session.scalars(select(Credential).where(Credential.learner == "ana")).one()
            credential, batch = found.id.removeprefix("urn:uuid:"), found.batch_id
        token = share(site, f"urn:uuid:{credential}", PageChoices(show_grade=True, show_evidence=True, give_file=True), now)
        wallet = re.search(r"/wallet/([\w-]+)<", running.visitor("ana").get(f"my/credentials/{credential}/wallet").text)
        assert wallet
        ids = {
            "credential": credential, "batch": batch, "request": requests_of(site, "ana")[0].id, "shared": token,
            "record": make_link(site, "ana", 7, now=now).token, "wallet": wallet[1],
            "version": load_released_manifest(site.course_root(COURSE)).version,
        }  # fmt: skip
        digest = state_of(site, COURSE, "ana", "basics").attempts[0].digest
        yield Walk(
            running,
            ids,
            (
                "Ana Reyes",
                "ana@learners.example",
                "The essay was mine",
                digest,
                *(ids[each] for each in ("credential", "shared", "record")),
            ),
        )


def has(handler: type[RequestHandler], method: str) -> bool:
    return getattr(handler, method) is not getattr(RequestHandler, method)


def test_the_table_holds_every_route_with_what_can_be_asked_of_it() -> None:
    routes = {path: (has(handler, "get"), has(handler, "post")) for path, handler in ROUTES}
    assert routes == {path: (rule.sees is not None, rule.sends is not None) for path, rule in RULES.items()}
    assert [path for path, handler in ROUTES if any(has(handler, method) for method in ("put", "delete", "patch"))] == []


@dataclass(frozen=True)
class Answer:
    """What came of asking for an address."""

    status: int
    path: str
    text: str
    """Empty for a stream of events, of which only the beginning is waited for."""
    is_safe: bool
    """Whether it has the headers that keep browsers from running, framing or guessing anything."""


def ask(client: httpx.Client, address: str) -> Answer:
    with client.stream("GET", address) as answer:
        headers = answer.headers
        is_stream = headers.get("Content-Type", "").startswith("text/event-stream")
        text = "" if is_stream else answer.read().decode("utf-8", "replace")
        policy = headers.get("Content-Security-Policy", "")
        is_strict = "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        is_safe = (
            is_strict and headers.get("X-Content-Type-Options") == "nosniff" and "Referrer-Policy" in headers and "Server" not in headers
        )
        return Answer(answer.status_code, answer.url.path, text, is_safe)


@pytest.mark.parametrize("person", sorted(EVERYBODY))
def test_everybody_gets_what_is_theirs_and_nothing_of_anas(walk: Walk, person: str) -> None:
    client, wrong = walk.portal.visitor(person), []
    for route, rule in RULES.items():
        if rule.sees is None:
            continue
        address = walk.address(rule)
        assert re.fullmatch(route, address.partition("?")[0]), route
        answer = ask(client, address)
        if person in rule.sees:
            is_right = answer.status == 200 or (rule.may_be_empty and answer.status == 404)
        else:
            is_right = answer.path == "/sign-in" if not person else answer.status in {403, 404}
        if not is_right or not (answer.is_safe or address == "robots.txt"):  # tornado itself sends that one at the top of a host
            wrong.append((address, answer.status, f"safe headers: {answer.is_safe}"))
        may_know = rule.is_public or person == "ana" or (person in rule.sees and (route in STAFF or route.startswith("teach")))
        if not may_know:
            told = answer.text.casefold()
            wrong += [(address, answer.status, each) for each in walk.secrets if each.casefold() in told and each not in address]
    assert wrong == []


@pytest.mark.parametrize("person", ["", "ana"])
def test_the_head_alone_says_what_the_page_would_and_of_what_never_ends_nothing(walk: Walk, person: str) -> None:
    client, wrong = walk.portal.visitor(person), []
    for route, handler in ROUTES:
        address, is_live = walk.address(RULES[route]), getattr(handler, "is_live", False)
        head = client.head(address, follow_redirects=False)
        if is_live or RULES[route].sees is None:
            is_right = head.status_code == 405
        else:
            page = client.get(address, follow_redirects=False)
            same = ("Content-Type", "Location", "Content-Security-Policy", "Cache-Control")
            is_right = head.status_code == page.status_code and [head.headers.get(each) for each in same] == [
                page.headers.get(each) for each in same
            ]
        if not is_right or head.content:
            wrong.append((address, head.status_code))
    assert wrong == []


@pytest.mark.parametrize("person", sorted(EVERYBODY))
def test_no_form_is_taken_from_who_may_not_send_it(walk: Walk, person: str) -> None:
    client, wrong = walk.portal.visitor(person), []
    client.get("verify")  # a page that sets the cookie
    token = client.cookies.get("_xsrf") or ""
    for rule in RULES.values():
        if rule.sends is not None and person not in rule.sends:
            status = client.post(walk.address(rule), data={"_xsrf": token, **FIELDS}, follow_redirects=False).status_code
            if status not in {401, 403, 404}:
                wrong.append((rule.address, status))
    assert wrong == []


def test_no_form_is_taken_without_the_token_of_a_page_even_from_whom_it_is_for(walk: Walk) -> None:
    clients = {person: walk.portal.visitor(person) for person in SIGNED_IN}
    wrong = []
    for rule in RULES.values():
        if rule.sends and not rule.is_for_programs:
            sender = sorted(rule.sends)[0]
            status = clients[sender].post(walk.address(rule), data=FIELDS, follow_redirects=False).status_code
            if status != 403:
                wrong.append((rule.address, sender, status))
    assert wrong == []


def test_what_does_not_exist_is_told_as_such(walk: Walk) -> None:
    nothing = "00000000-0000-0000-0000-000000000000"
    asked = {
        "clerk": (
            f"office/register/{nothing}",
            f"office/batches/{nothing}",
            f"office/requests/{nothing}",
            "office/courses/nosuch",
            "office/courses/..%2F..",
        ),
        "ana": (
            f"my/credentials/{nothing}",
            "my/nosuch",
            f"my/{COURSE}/nosuch",
            f"my/{COURSE}/basics/attempts/99",
            f"my/{COURSE}/..%2f..%2fpatunay.toml",
        ),
        "faculty": (f"teach/{COURSE}/learners/nobody", f"teach/{COURSE}/items/basics/nosuch"),
    }
    wrong = [
        (path, status)
        for person, paths in asked.items()
        for path in paths
        if (status := walk.portal.visitor(person).get(path).status_code) != 404
    ]
    assert wrong == []
