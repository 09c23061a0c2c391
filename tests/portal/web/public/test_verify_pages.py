"""Checking credentials on the web: every form, every verdict, and not a word of a document whose signature does not fit."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from issuer.did import did_key
from issuer.keys import generate_key
from issuer.proof import add_proof
from issuer.withdrawal import Withdrawal
from portal.exporting import Form, export_credential
from portal.governing import erase, reinstate_one, withdraw_many
from portal.sharing import PageChoices, share
from tests.portal.web.public.conftest import ANA, IssuedPortal
from tests.portal.web.running import running_portal, submit

pytestmark = pytest.mark.slow
FORGED = "Forgerina Falsifier"


def verdict(page: str) -> str:
    """Return the big word of a result."""
    found = re.search(r'class="word"><strong>([^<]+)', page)
    return found[1] if found else ""


def forged(issued: IssuedPortal) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(issued.file("ana").read_text())
    document["credentialSubject"]["name"] = FORGED
    return document


@pytest.mark.parametrize("form", ["json", "png", "svg", "pdf"])
def test_every_form_of_a_credential_is_checked_and_told_in_full(issued: IssuedPortal, form: Form) -> None:
    data = export_credential(issued.site, issued.numbers["ana"], form).content
    page = submit(issued.running.visitor(), "verify", {"text": ""}, files={"file": (f"c.{form}", data)}).text
    assert verdict(page) == "Valid"
    for told in (
        ANA.name, "A tiny course", "Compute squares and sums", "100 %", "(50 % needed)", "Nobody watched the work", "graded notebook",
        "Example State University", "To earn this credential a learner must score", "urn:uuid:", "The five checks",
    ):  # fmt: skip
        assert told in page, told


def test_a_credential_can_be_pasted_and_named_by_its_number_or_its_link(issued: IssuedPortal) -> None:
    client, number = issued.running.visitor(), issued.numbers["ana"]
    text = issued.file("ana").read_text()
    assert verdict(submit(client, "verify", {"text": text}).text) == "Valid"
    link = f"{issued.site.settings.url}/verify/{number}"
    for asked in (number, f"urn:uuid:{number}", link):
        answer = client.get("verify", params={"q": asked})
        assert answer.url.path == f"/verify/{number}"
        assert verdict(answer.text) == "Valid"


def test_of_what_was_altered_nothing_is_shown(issued: IssuedPortal) -> None:
    client = issued.running.visitor()
    page = submit(client, "verify", {"text": json.dumps(forged(issued))}).text
    assert verdict(page) == "Altered"
    for told in (FORGED, "A tiny course", "Example State University", issued.numbers["ana"]):
        assert told not in page.replace(f"<strong>{told}</strong></a></li>", "").replace(f"· {told}</title>", ""), told
    answer = client.post(
        "verify", content=json.dumps(forged(issued)), headers={"Accept": "application/json", "Content-Type": "application/json"}
    )
    assert answer.json()["verdict"] == "altered"
    assert answer.json()["credential"] is None
    assert FORGED not in answer.text


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"name": FORGED}),
        json.dumps([FORGED]),
        f'{{"{FORGED}": 1, "{FORGED}": 2}}',
        f"{{{FORGED}",
        f"eyJ{FORGED}",
        "eyJhbGciOiJub25lIn0.e30.",
        f"<html><script>{FORGED}</script></html>",
        f"<svg xmlns='http://www.w3.org/2000/svg'><title>{FORGED}</title></svg>",
        f"%PDF-1.7 {FORGED}",
        f"\x89PNG\r\n\x1a\n{FORGED}",
        "\x00" * 50,
    ],
)
def test_of_what_cannot_be_read_nothing_is_shown(issued: IssuedPortal, data: str) -> None:
    client = issued.running.visitor()
    client.get("verify")
    page = submit(client, "verify", {"text": ""}, files={"file": ("x", data.encode("latin-1"))})
    assert page.status_code in {200, 400}
    assert FORGED not in page.text
    assert verdict(page.text) in {"", "Not a credential that can be checked"}
    if page.status_code == 400:
        assert 'role="alert"' in page.text


def test_a_foreign_issuer_that_cannot_be_asked_is_no_verdict_against_it(issued: IssuedPortal) -> None:
    document = json.loads(issued.file("ana").read_text().replace("did:web:badges.uni.example", "did:web:nowhere.invalid"))
    page = submit(issued.running.visitor(), "verify", {"text": json.dumps(document)}).text
    assert verdict(page) == "Cannot check now"
    assert ANA.name not in page


def test_a_stranger_who_signs_with_a_key_of_their_own_is_not_taken_for_the_institution(issued: IssuedPortal) -> None:
    key = generate_key()
    did = did_key(key.public_bytes)
    document = forged(issued)
    del document["proof"], document["credentialStatus"]
    document["issuer"]["id"] = did
    page = submit(issued.running.visitor(), "verify", {"text": json.dumps(add_proof(document, key.signer(did), datetime.now(UTC)))}).text
    assert verdict(page) == "Valid with a note"
    assert "Not issued by this site, and by nobody whose web site vouches for them." in page
    assert "certificate.png" not in page


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("http://badges.uni.example/x.json", "not a safe one"),
        ("ftp://x.example/", "not a safe one"),
        ("https://127.0.0.1/x", "cannot be had"),
        ("https://localhost/x", "cannot be had"),
        ("https://[::1]/x", "cannot be had"),
        ("https://169.254.169.254/latest/meta-data", "cannot be had"),
        ("file:///etc/passwd", "not a safe one"),
        ("/etc/passwd", "neither a link"),
        ("blah <script>", "neither a link"),
    ],
)
def test_no_link_leads_into_this_network_or_onto_this_disk(issued: IssuedPortal, asked: str, problem: str) -> None:
    answer = issued.running.visitor().get("verify", params={"q": asked})
    assert answer.status_code == 400
    assert problem in answer.text
    assert "<script>" not in answer.text


def test_the_number_alone_tells_no_grade_and_no_evidence_unless_the_holder_shows_them(own_portal: IssuedPortal) -> None:
    client, number = own_portal.running.visitor(), own_portal.numbers["ben"]
    page = client.get(f"verify/{number}").text
    assert verdict(page) == "Valid"
    assert "The credential names nobody" in page
    assert "its holder does not show them here" in page
    assert "88 %" not in page
    assert "Submission uEi" not in page
    bare = client.get(f"verify/{number}/certificate.png")
    assert bare.headers["Content-Type"] == "image/png"
    share(own_portal.site, number, PageChoices(show_grade=True, show_evidence=True), datetime.now(UTC))
    shown = client.get(f"verify/{number}").text
    assert "88 %" in shown
    assert "Submission uEi" in shown
    assert client.get(f"verify/{number}/certificate.png").content != bare.content


def test_what_was_withdrawn_says_so_with_the_issuers_reason(own_portal: IssuedPortal) -> None:
    site, number, now = own_portal.site, own_portal.numbers["ana"], datetime.now(UTC)
    client = own_portal.running.visitor()
    assert verdict(client.get(f"verify/{number}").text) == "Valid"
    withdraw_many(site, [number], Withdrawal("suspend", "other", "internal note", "A question is open."), by="registrar", now=now)
    page = client.get(f"verify/{number}").text
    assert verdict(page) == "Suspended for now"
    assert "suspended this credential for the time being" in page
    assert "A question is open." in page
    assert "internal note" not in page
    reinstate_one(site, number, reason="answered", by="registrar", now=now)
    assert verdict(client.get(f"verify/{number}").text) == "Valid"
    withdraw_many(site, [number], Withdrawal("revoke", "other", "internal note", "Issued by mistake."), by="registrar", now=now)
    page = client.get(f"verify/{number}").text
    assert verdict(page) == "Withdrawn"
    assert "has withdrawn this credential" in page
    assert "Issued by mistake." in page
    uploaded = submit(client, "verify", {"text": ""}, files={"file": ("c.json", own_portal.file("ana").read_bytes())}).text
    assert verdict(uploaded) == "Withdrawn"


def test_what_was_erased_is_told_without_the_document(own_portal: IssuedPortal) -> None:
    number, data = own_portal.numbers["ana"], own_portal.file("ana").read_bytes()
    erase(own_portal.site, number, reason="her wish", by="registrar", now=datetime.now(UTC))
    client = own_portal.running.visitor()
    answer = client.get(f"verify/{number}")
    assert answer.status_code == 410
    assert "Ask the holder for the file" in answer.text
    assert ANA.name not in answer.text
    assert client.get(f"verify/{number}/certificate.png").status_code == 404
    assert verdict(submit(client, "verify", {"text": ""}, files={"file": ("c.json", data)}).text) == "Valid"


def test_time_makes_a_credential_expire(issued: IssuedPortal) -> None:
    later = datetime.now(UTC) + timedelta(days=800)
    with running_portal(issued.site, now=later) as portal:
        page = portal.visitor().get(f"verify/{issued.numbers['ana']}").text
    assert verdict(page) == "Expired"
    earlier = datetime.now(UTC) - timedelta(days=30)
    with running_portal(issued.site, now=earlier) as portal:
        assert verdict(portal.visitor().get(f"verify/{issued.numbers['ana']}").text) in {"Not yet valid", "Cannot check now"}


def test_programs_get_json_with_codes_and_words_in_their_language(issued: IssuedPortal) -> None:
    client = issued.running.visitor()
    asked = {"Accept": "application/json"}
    found = client.get(f"verify/{issued.numbers['ana']}", headers=asked)
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert (found.json()["verdict"], found.json()["checks"][0]["name"]) == ("valid", "Format")
    sent = client.post("verify", content=issued.file("ana").read_bytes(), headers={**asked, "Content-Type": "application/vc+ld+json"})
    assert sent.json()["credential"]["holder"] == ANA.name
    assert client.get("verify/00000000-0000-4000-8000-000000000000", headers=asked).status_code == 404
    refused = client.post("verify", content=b"{}x", headers={**asked, "Content-Type": "application/json"})
    assert (refused.status_code, set(refused.json())) == (400, {"problem", "remedy"})


def test_a_file_that_is_too_large_is_refused_in_words(issued: IssuedPortal) -> None:
    answer = submit(issued.running.visitor(), "verify", {"text": ""}, files={"file": ("x.json", b" " * (16 * 2**20) + b"{}")})
    assert answer.status_code == 400
    assert "No credential was found" in answer.text


def test_results_are_kept_out_of_caches_and_search_engines_and_name_no_path_of_this_machine(issued: IssuedPortal) -> None:
    answer = issued.running.visitor().get(f"verify/{issued.numbers['ana']}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert str(issued.site.root) not in answer.text


def test_who_hurries_waits(issued: IssuedPortal) -> None:
    with running_portal(issued.site) as portal:
        client = portal.visitor()
        sent = {"content": b"{", "headers": {"Content-Type": "application/json"}}
        began, answers = time.monotonic(), [client.post("verify", **sent)]  # type: ignore[arg-type]
        assert answers[0].status_code == 400
        while answers[-1].status_code != 429:
            answers.append(client.post("verify", **sent))  # type: ignore[arg-type]
            assert len(answers) <= 121 + 2 * (time.monotonic() - began), "120 at once, and two a second"
        assert "Wait ten seconds" in answers[-1].text
        assert client.get(f"verify/{issued.numbers['ana']}").status_code == 200


def test_the_page_is_there_in_filipino(issued: IssuedPortal) -> None:
    answer = issued.running.visitor(language="fil").get(f"verify/{issued.numbers['ana']}")
    assert answer.headers["Content-Language"] == "fil"
    assert ANA.name in answer.text
