"""The endpoints for programs: verification for anybody, issuing and status for a registrar, and nothing that goes past two persons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from issuer.ledger import AuditEntry, open_ledger
from portal.web.api.issuing import Refusal, status_change
from portal.web.api.verifying import credential_of
from tests.portal.web.public.conftest import IssuedPortal, issued_site
from tests.portal.web.running import running_portal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuedPortal]:
    site, numbers = issued_site(tmp_path_factory.mktemp("api") / "site", tmp_path_factory.getbasetemp())
    with running_portal(site) as running:
        yield IssuedPortal(running, site, numbers)


@pytest.fixture
def changing(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuedPortal]:
    site, numbers = issued_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    with running_portal(site) as running:
        yield IssuedPortal(running, site, numbers)


def _document(portal: IssuedPortal, learner: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(portal.file(learner).read_text(encoding="utf-8"))
    return found


def _signed_in(portal: IssuedPortal, name: str) -> httpx.Client:
    """Return a client of somebody that sends the form token."""
    client = portal.running.visitor(name)
    token = re.search(r'name="_xsrf" value="([^"]+)"', client.get("sign-in").text)
    assert token
    client.headers["X-XSRFToken"] = token[1]
    return client


def _status(number: str, purpose: str = "revocation", *, status: bool = True, **more: str) -> dict[str, object]:
    entry = {"type": "BitstringStatusListEntry", "statusPurpose": purpose}
    return {"credentialId": f"urn:uuid:{number}", "credentialStatus": [entry], "status": status, "note": "Asked for.", **more}


def test_a_credential_of_ours_is_verified_for_anybody_and_other_sites_may_ask(portal: IssuedPortal) -> None:
    answer = portal.running.visitor().post("credentials/verify", json={"verifiableCredential": _document(portal, "ana")})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = answer.json()
    assert found["verified"] is True
    assert found["errors"] == []
    assert len(found["checks"]) == 5


def test_an_altered_credential_is_not_verified_and_nothing_of_it_comes_back(portal: IssuedPortal) -> None:
    document = _document(portal, "ana")
    document["credentialSubject"]["name"] = "Somebody Else-Entirely"
    answer = portal.running.visitor().post("credentials/verify", json={"verifiableCredential": document})
    assert answer.json()["verified"] is False
    assert answer.json()["errors"][0]["title"] == "Signature"
    assert "Entirely" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"verifiableCredential": 7}', "application/json", 400),
        (b'{"verifiableCredential": "eyJ.x.y"}', "application/json", 200),
        (
            b'{"verifiableCredential": {"id": "data:application/vc+jwt,eyJ", "type": "EnvelopedVerifiableCredential"}}',
            "application/json",
            200,
        ),
        (b'{"verifiableCredential": {"a": 1, "a": 2}}', "application/json", 400),
        (b'{"verifiableCredential": {}}', "text/plain", 415),
        (b'{"verifiableCredential": "' + b"x" * 300_000 + b'"}', "application/json", 413),
    ],
)
def test_what_is_no_request_is_refused_in_json(portal: IssuedPortal, content: bytes, kind: str, status: int) -> None:
    answer = portal.running.visitor().post("credentials/verify", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["verified"] is False if status == 200 else answer.json()["problem"]


def test_a_jwt_may_stand_bare_or_in_an_envelope() -> None:
    envelope = {"id": "data:application/vc+jwt,eyJ.a.b", "type": "EnvelopedVerifiableCredential"}
    assert credential_of({"verifiableCredential": envelope}) == credential_of({"verifiableCredential": "eyJ.a.b"}) == b"eyJ.a.b"


@pytest.mark.parametrize("endpoint", ["credentials/issue", "credentials/status"])
@pytest.mark.parametrize("name", ["faculty", "registrar", "quality", "administrator"])
def test_only_a_registrar_issues_or_changes_a_status(portal: IssuedPortal, endpoint: str, name: str) -> None:
    answer = _signed_in(portal, name).post(endpoint, json={})
    assert answer.status_code == 403
    assert "registrar" in answer.json()["problem"]


@pytest.mark.parametrize("endpoint", ["credentials/issue", "credentials/status"])
def test_without_the_form_token_or_signing_in_nothing_is_done(portal: IssuedPortal, endpoint: str) -> None:
    assert portal.running.visitor("clerk").post(endpoint, json=_status(portal.numbers["ben"])).status_code == 403
    assert portal.running.visitor().post(endpoint, json=_status(portal.numbers["ben"])).status_code in {401, 403}


def test_issue_hands_out_what_was_issued_letter_by_letter(portal: IssuedPortal) -> None:
    client, wanted = _signed_in(portal, "clerk"), _document(portal, "ana")
    unsigned = {name: value for name, value in wanted.items() if name != "proof"}
    for body in (
        {"credential": {"id": wanted["id"]}},
        {"credential": unsigned},
        {"credential": {}, "options": {"credentialId": wanted["id"]}},
    ):
        answer = client.post("credentials/issue", json=body)
        assert answer.status_code == 201
        assert answer.json()["verifiableCredential"] == wanted
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_issue_signs_nothing_that_two_persons_did_not_prepare_and_approve(portal: IssuedPortal) -> None:
    client, issued = _signed_in(portal, "clerk"), _document(portal, "ana")
    new = {**issued, "id": "urn:uuid:00000000-0000-4000-8000-00000000000a"}
    del new["proof"]
    changed = {**issued, "credentialSubject": {**issued["credentialSubject"], "name": "Other"}}
    for credential, told in ((new, "two persons"), (changed, "other content"), ({"name": "anything"}, "two persons")):
        answer = client.post("credentials/issue", json={"credential": credential})
        assert answer.status_code == 403
        assert told in answer.json()["problem"]
        assert "proof" not in answer.text


def test_a_status_is_changed_in_the_registrars_name_and_seen_at_once_by_everybody(changing: IssuedPortal) -> None:
    client, number, anybody = _signed_in(changing, "clerk"), changing.numbers["ana"], changing.running.visitor()
    document = _document(changing, "ana")
    assert anybody.post("credentials/verify", json={"verifiableCredential": document}).json()["verified"]
    suspended = client.post("credentials/status", json=_status(number, "suspension", reasonCode="inquiry"))
    assert suspended.json() == {"credentialId": f"urn:uuid:{number}", "state": "suspended", "changed": True, "waits": False}
    assert not anybody.post("credentials/verify", json={"verifiableCredential": document}).json()["verified"]
    assert anybody.get(f"verify/{number}", headers={"Accept": "application/json"}).json()["verdict"] == "withdrawn"
    assert client.post("credentials/status", json=_status(number, "suspension", status=False)).json()["state"] == "valid"
    assert anybody.get(f"verify/{number}", headers={"Accept": "application/json"}).json()["verdict"] == "valid"
    assert client.post("credentials/status", json=_status(number, reasonCode="error")).json()["state"] == "revoked"
    with open_ledger(changing.site.ledger_url) as session:
        assert set(session.scalars(select(AuditEntry.actor).where(AuditEntry.subject == f"urn:uuid:{number}"))) >= {"clerk"}
    assert client.post("credentials/issue", json={"credential": {"id": f"urn:uuid:{number}"}}).status_code == 403


def test_nobody_withdraws_more_in_a_day_than_one_person_may_at_once(changing: IssuedPortal) -> None:
    client, number = _signed_in(changing, "clerk"), changing.numbers["ben"]
    allowed = changing.site.settings.approval.withdraw_alone
    answers = [client.post("credentials/status", json=_status(number, "suspension", status=False)).status_code for _ in range(allowed + 1)]
    assert answers == [*[200] * allowed, 429]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"credentialId": "nobody"},
        {"credentialStatus": {"type": "Other"}},
        {"credentialStatus": []},
        {"status": "perhaps"},
        {"note": " "},
        {"note": "x" * 2001},
        {"credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "refresh"}},
    ],
)
def test_half_a_request_changes_nothing(broken: dict[str, object]) -> None:
    whole = _status("00000000-0000-4000-8000-000000000001")
    assert not isinstance(status_change(whole), Refusal)
    found = status_change({**whole, **broken} if broken else {})
    assert isinstance(found, Refusal)
    assert found.status == 400


def test_an_unknown_credential_and_an_unknown_reason_are_told(portal: IssuedPortal) -> None:
    client = _signed_in(portal, "clerk")
    unknown = client.post("credentials/status", json=_status("00000000-0000-4000-8000-000000000001"))
    odd = client.post("credentials/status", json=_status(portal.numbers["ben"], reasonCode="mood"))
    assert (unknown.status_code, odd.status_code) == (400, 400)
    assert "mood" in odd.json()["problem"]
