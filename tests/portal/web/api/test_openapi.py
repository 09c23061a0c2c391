"""The description of the JSON endpoints, held to the running portal: by schemathesis, which makes requests of every kind from it, and by what our own tests know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from portal.web.api.openapi import openapi_document
from portal.web.routes import ROUTES
from tests.portal.web.public.conftest import IssuedPortal, issued_site
from tests.portal.web.running import running_portal

PATIENCE_S = 120
"""Schemathesis' own is ten seconds; machines that run tests are slow, and busy."""
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuedPortal]:
    site, numbers = issued_site(tmp_path_factory.mktemp("openapi") / "site", tmp_path_factory.getbasetemp())
    with running_portal(site) as running:
        yield IssuedPortal(running, site, numbers)


@pytest.fixture(scope="module")
def described(portal: IssuedPortal) -> Any:
    return schemathesis.openapi.from_url(f"{portal.running.address}openapi.json", timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def registrar(portal: IssuedPortal) -> dict[str, str]:
    """The headers of a registrar who is signed in."""
    client = portal.running.visitor("clerk")
    token = re.search(r'name="_xsrf" value="([^"]+)"', client.get("sign-in").text)
    assert token
    return {"X-XSRFToken": token[1], "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


OPERATIONS = [(method.upper(), path) for path, methods in openapi_document("/", "Example")["paths"].items() for method in methods]


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_sent_is_answered_as_described(
    described: Any, registrar: dict[str, str], method: str, path: str, mode: GenerationMode
) -> None:
    _fuzz(described[path][method], mode, registrar, 10)


@pytest.mark.thorough
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_sent_is_answered_as_described_for_long(
    described: Any, registrar: dict[str, str], method: str, path: str, mode: GenerationMode
) -> None:
    _fuzz(described[path][method], mode, registrar, 100)


def _fuzz(operation: Any, mode: GenerationMode, registrar: dict[str, str], examples: int) -> None:
    """Send requests that fit the description, or (mode negative) break it in one place."""
    headers = {"Accept": "application/json", **(registrar if operation.path in {"/credentials/issue", "/credentials/status"} else {})}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=list(CHECKS), timeout=PATIENCE_S)

    try:
        send()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.label  # without a body or a parameter there is nothing to break


@pytest.mark.slow
def test_what_exists_is_answered_as_described_too(portal: IssuedPortal, described: Any) -> None:
    """Fuzzing meets a real number or file by chance only."""
    number, document = portal.numbers["ana"], portal.file("ana").read_text(encoding="utf-8")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/verify/{number}", {"path_parameters": {"number": number}}),
        ("GET", "/did.json", {}),
        ("GET", "/.well-known/did.json", {}),
        ("GET", "/status/{name}", {"path_parameters": {"name": "1.json"}}),
        ("GET", "/achievements/{course}/{version}", {"path_parameters": {"course": "tiny-course", "version": "1.0.0"}}),
        ("POST", "/verify", {"body": httpx.Response(200, text=document).json(), "media_type": "application/json"}),
        ("POST", "/credentials/verify", {"body": {"verifiableCredential": httpx.Response(200, text=document).json()}, "media_type": "application/json"}),
        ("GET", "/healthz", {}),
    ]  # fmt: skip
    for method, path, what in asked:
        case = described[path][method].Case(**what)
        answer = case.call_and_validate(headers={"Accept": "application/json"}, checks=list(CHECKS), timeout=PATIENCE_S)
        assert answer.status_code == 200, path


def test_every_endpoint_that_is_described_is_one_of_the_portals() -> None:
    patterns = [re.compile(rf"/{path}") for path, _ in ROUTES]
    described = openapi_document("/", "Example")["paths"]
    examples = {
        "number": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
        "token": "x" * 43,
        "name": "1.json",
        "course": "tiny",
        "version": "1.0.0",
    }
    for path in described:
        address = path.format_map(examples)
        assert any(pattern.fullmatch(address) for pattern in patterns), path


def test_the_description_tells_where_the_portal_stands() -> None:
    assert openapi_document("/services/portal/", "Example")["servers"] == [{"url": "/services/portal"}]
