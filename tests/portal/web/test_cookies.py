"""Cookies: out of reach of scripts and of other sites, and over TLS only where TLS is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portal.web.running import RunningPortal, running_portal, submit
from tests.small_site import released_site


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    folder = tmp_path_factory.mktemp("cookies")
    with running_portal(released_site(folder / "s", tmp_path_factory.getbasetemp())) as running:
        yield running


@pytest.mark.slow
def test_no_script_and_no_other_site_gets_at_a_cookie(portal: RunningPortal) -> None:
    client = portal.visitor()
    told = [*client.get("verify?lang=fil").headers.get_list("Set-Cookie")]
    answer = submit(client, "sign-in", {"name": "clerk"})
    told += [line for each in answer.history for line in each.headers.get_list("Set-Cookie")]
    names = {line.partition("=")[0] for line in told}
    assert names == {"_xsrf", "patunay-language", "patunay-try-out"}
    for line in told:
        attributes = {each.strip().lower() for each in line.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= attributes, line


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_cookie_goes_without_tls_only_where_there_is_none(portal: RunningPortal, scheme: str) -> None:
    client = portal.visitor()
    told = client.get("verify?lang=fil", headers={"X-Forwarded-Proto": f"{scheme},http"}).headers.get_list("Set-Cookie")
    assert told
    assert [("secure" in line.lower()) for line in told] == [scheme == "https"] * len(told)
