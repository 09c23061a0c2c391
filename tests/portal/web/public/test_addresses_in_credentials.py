"""Every address that a credential, its certificate or its status list names leads somewhere in the portal, for every version that was released."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from issuer.context_documents import shipped_contexts
from issuer.did import did_document_url
from issuer.ledger import find_credential, open_ledger
from issuer.publishing import verify_url
from tests.portal.web.public.conftest import IssuedPortal
from tests.small_site import COURSE

pytestmark = pytest.mark.slow
HERE = f"achievements/{COURSE}/1.0.0"


def addresses(value: Any) -> set[str]:
    """Return every https address in a document."""
    if isinstance(value, dict):
        return set().union(*(addresses(each) for each in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(addresses(each) for each in value)) if value else set()
    return {value} if isinstance(value, str) and value.startswith("https://") else set()


def test_every_address_of_the_site_in_a_credential_has_a_page_and_every_fragment_a_place_on_it(issued: IssuedPortal) -> None:
    site = issued.site.settings.url
    document = json.loads(issued.file("ana").read_text())
    with open_ledger(issued.site.ledger_url) as session:
        credential = find_credential(session, issued.numbers["ana"])
        assert credential is not None
        qr = verify_url(issued.site, credential)
    named = addresses(document) | {qr, did_document_url(document["issuer"]["id"])} - set(shipped_contexts())
    own = sorted(each for each in named if each.startswith(f"{site}/"))
    assert len(own) > 15
    client = issued.running.visitor()
    for address in own:
        page, _, fragment = address.removeprefix(f"{site}/").partition("#")
        answer = client.get(page, headers={"Accept": "text/html"})
        assert answer.status_code == 200, address
        assert not fragment or f'id="{fragment}"' in answer.text, address


def test_the_status_list_and_the_did_document_are_what_was_published_and_any_site_may_read_them(issued: IssuedPortal) -> None:
    client = issued.running.visitor()
    for path, file, kind in (
        (".well-known/did.json", "did.json", "application/did+json"),
        ("did.json", "did.json", "application/did+json"),
        ("status/1.json", "status/1.json", "application/vc+ld+json"),
        ("status/audit-head.json", "status/audit-head.json", "application/json"),
    ):
        answer = client.get(path, headers={"Origin": "https://verifier.example"})
        assert answer.content == (issued.site.root / file).read_bytes()
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in answer.headers
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        assert client.request("OPTIONS", path).headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("did.json", headers={"Accept": "application/json"}).headers["Content-Type"] == "application/json"


def test_nothing_else_of_the_site_is_sent(issued: IssuedPortal) -> None:
    client = issued.running.visitor()
    for path in ("keys/issuer.pem", "ledger.db", "patunay.toml", "credentials/x.json"):
        for before in ("", "status/", "status/../", "status/%2e%2e/", "status/notices/../../", f"{HERE}/", f"{HERE}/..%2f..%2f"):
            address = httpx.URL(issued.running.address).copy_with(raw_path=f"/{before}{path}".encode())
            assert client.get(address).status_code == 404, before + path


def test_an_achievement_is_the_one_in_the_credential_as_json_and_a_page_for_people(issued: IssuedPortal) -> None:
    document = json.loads(issued.file("ana").read_text())
    client = issued.running.visitor()
    answer = client.get(HERE, headers={"Accept": "application/ld+json"})
    assert answer.headers["Content-Type"] == "application/ld+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = answer.json()
    found.pop("@context")
    assert found == document["credentialSubject"]["achievement"]
    outcome = client.get(f"{HERE}/outcomes/LO1", headers={"Accept": "application/json"}).json()
    outcome.pop("@context")
    assert outcome in document["credentialSubject"]["achievement"]["alignment"]
    page = client.get(f"{HERE}/outcomes/LO1").text
    assert "Compute squares and sums" in page


def test_what_was_never_released_is_not_there(issued: IssuedPortal) -> None:
    client = issued.running.visitor()
    for path in (
        "achievements/nosuch/1.0.0", f"achievements/{COURSE}/2.0.0", f"{HERE}/outcomes/LO9", f"{HERE}/badge.png", "achievements/..%2f/1",
        "courses/nosuch", "courses/%2e%2e", "courses/nosuch/sample", "status/9.json", "status/notices/x.json",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path


def test_an_older_version_keeps_its_page_after_the_course_changed(own_portal: IssuedPortal) -> None:
    from datetime import UTC, datetime

    from courses.catalogue import load_course
    from courses.release import release_course

    site = own_portal.site
    manifest = site.courses / COURSE / "course.toml"
    text = manifest.read_text()
    line = next(line for line in text.splitlines() if line.startswith("change_log"))
    newer = line.removesuffix("]") + ', { version = "1.1.0", date = 2026-11-25, kind = "outcome", text = "Clearer." }]'
    text = (
        text.replace('version = "1.0.0"\ncode', 'version = "1.1.0"\ncode')
        .replace(line, newer)
        .replace("Plan a project", "Plan two projects")
    )
    manifest.write_text(text)
    release_course(site, load_course(site.courses, COURSE), (), now=datetime.now(UTC))
    client = own_portal.running.visitor()
    old, new = client.get(HERE).text, client.get(f"achievements/{COURSE}/1.1.0").text
    assert "Plan a project" in old
    assert "An older version." in old
    assert "Plan two projects" in new
    assert "An older version." not in new
    course = client.get(f"courses/{COURSE}").text
    assert "Plan two projects" in course
    assert f'href="/{HERE}"' in course
    with open_ledger(site.ledger_url):
        document = json.loads(own_portal.file("ana").read_text())
    achievement = client.get(HERE, headers={"Accept": "application/json"}).json()
    assert achievement["alignment"] == document["credentialSubject"]["achievement"]["alignment"]


def test_the_host_of_the_site_is_the_one_in_the_settings(issued: IssuedPortal) -> None:
    answer = issued.running.visitor().get(HERE, headers={"Accept": "application/json", "Host": "evil.example"})
    assert urlsplit(answer.json()["id"]).netloc == "badges.uni.example"
    assert not re.search("evil", answer.text)
