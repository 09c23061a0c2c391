"""A hub behind nginx and behind Caddy, by the lines of docs/howto/put-a-web-server-in-front.md: TLS, cookies, WebSockets, events, uploads, limits by the visitor's own address."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.front_servers import FrontServer, front_server, installed
from tests.journeys.running_hub import RunningHub
from tests.portal.web.browser import chromium
from tests.small_site import COURSE

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not chromium() or not shutil.which("npm"), reason="needs Chromium and npm (make browser node)"),
]

_RUN_A_CELL = """async (base) => {
  const token = document.cookie.split('; ').find(each => each.startsWith('_xsrf=')).slice(6);
  const started = await fetch(`${base}api/kernels`, {method: 'POST', body: '{}', headers: {'X-XSRFToken': token}});
  const kernel = await started.json();
  const line = new WebSocket(`wss://${location.host}${base}api/kernels/${kernel.id}/channels`);
  const header = {msg_id: 'one', username: '', session: 'one', msg_type: 'execute_request', version: '5.3', date: new Date().toISOString()};
  const content = {code: 'print(6 * 7)', silent: false, store_history: false, user_expressions: {}, allow_stdin: false, stop_on_error: true};
  return await new Promise((resolve, reject) => {
    line.onopen = () => line.send(JSON.stringify({header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: []}));
    line.onerror = () => reject(new Error('no WebSocket'));
    line.onmessage = (event) => { const told = JSON.parse(event.data); if (told.msg_type === 'stream') resolve(told.content.text.trim()); };
    setTimeout(() => reject(new Error('nothing came')), 60000);
  });
}"""
_FIRST_EVENT = """async (path) => {
  const answer = await fetch(`${path}&_xsrf=${encodeURIComponent(document.body.dataset.token)}`);
  const part = await answer.body.getReader().read();
  return [answer.status, new TextDecoder().decode(part.value)];
}"""


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontServer]:
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed (apt-get install {request.param})")
    with front_server(request.param, hub.address.removeprefix("http://"), tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def ana(front: FrontServer, hub: RunningHub, browser: Browser) -> Page:
    """A learner who has signed in through the web server."""
    return dataclasses.replace(hub, address=front.secure).sign_in(browser, "ana", ignore_https_errors=True)


def visitor_from(address: str) -> httpx.Client:
    """Return somebody whose connections come from this address, with a certificate that nobody checks."""
    return httpx.Client(transport=httpx.HTTPTransport(local_address=address, verify=False), timeout=60)


def test_who_comes_without_tls_is_led_to_it(front: FrontServer) -> None:
    answer = httpx.get(f"{front.plain}/courses?q=pandas", timeout=60)
    assert answer.status_code in {301, 308}
    assert answer.headers["Location"] in {
        f"{front.secure}/courses?q=pandas",
        "https://localhost/courses?q=pandas",
    }  # Caddy: on the usual port


def test_the_addresses_that_credentials_point_to_are_answered_by_the_portal(front: FrontServer) -> None:
    with visitor_from("127.0.0.1") as visitor:
        for path in ("courses", f"courses/{COURSE}", "trust", "verify", "robots.txt"):
            answer = visitor.get(f"{front.secure}/{path}")
            assert answer.status_code == 200, path
            assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_no_cookie_of_a_signed_in_visitor_goes_without_tls(ana: Page) -> None:
    ana.goto(ana.url.partition("/services/")[0] + "/services/portal/verify?lang=en")
    cookies = {each["name"]: each["secure"] for each in ana.context.cookies() if each["name"] != "_xsrf"}  # JupyterHub's own has it never
    assert {"jupyterhub-session-id", "jupyterhub-hub-login", "service-portal", "patunay-language"} <= set(cookies)
    assert all(cookies.values()), cookies


def test_a_cell_runs_through_it(ana: Page, front: FrontServer) -> None:
    ana.goto(f"{front.secure}/hub/spawn")
    ana.wait_for_url("**/user/ana/lab**")
    assert ana.evaluate(_RUN_A_CELL, "/user/ana/") == "42"


def test_an_event_comes_as_soon_as_it_is_told(ana: Page, front: FrontServer) -> None:
    ana.goto(f"{front.secure}/services/portal/my")
    status, first = ana.evaluate(_FIRST_EVENT, f"/services/portal/my/{COURSE}/basics/events?seen=nothing")
    assert status == 200
    assert "retry:" in first


@pytest.mark.parametrize(("size", "told_by_us"), [(30 * 2**20, True), (40 * 2**20, False)])
def test_what_the_portal_takes_gets_through_and_more_does_not(front: FrontServer, size: int, told_by_us: bool) -> None:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    with visitor_from("127.0.0.1") as visitor:
        try:
            answer = visitor.post(f"{front.secure}/verify", content=b'"' + b"x" * size + b'"', headers=headers)
        except httpx.TransportError:  # the web server hung up in the middle, as it may
            assert not told_by_us
            return
    assert answer.status_code in (
        {400, 413} if told_by_us else {400, 413, 502, 503}
    )  # Caddy 2.6 breaks off with 502 or 503, unless the portal refuses the length first
    assert ("problem" in answer.text) == told_by_us


def test_limits_are_the_visitors_own_whatever_they_say_of_themselves(front: FrontServer) -> None:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    with visitor_from("127.0.0.2") as greedy, visitor_from("127.0.0.3") as other:
        for number in range(2000):
            made_up = {"X-Forwarded-For": f"203.0.113.{number % 250}", "X-Real-Ip": f"198.51.100.{number % 250}"}
            if greedy.post(f"{front.secure}/verify", content=b"{}", headers=headers | made_up).status_code == 429:
                break
        else:
            raise AssertionError("who sends other headers each time has no limit")
        assert other.post(f"{front.secure}/verify", content=b"{}", headers=headers).status_code == 200
