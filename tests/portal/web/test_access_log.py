"""What a portal that people use leaves in its log: no name, no address of anybody, no token, nothing that somebody typed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from courses.settings import Site
from portal.learner_record import make_link
from portal.sharing import PageChoices, share
from portal.web.access_log import address_shape, address_shapes, log_answer
from portal.web.application import STATIC
from portal.web.page_handler import PageHandler
from portal.web.portal_site import PortalSite
from portal.web.routes import ROUTES
from tests.portal.web.learner_site import ANA, credential_of_ana, learner_site, learners_portal
from tests.portal.web.running import submit
from tests.small_site import COURSE


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield learner_site(tmp_path_factory.mktemp("logs") / "site", tmp_path_factory.getbasetemp())


@pytest.fixture
def _audible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the portal's loggers speak, whatever was tested before in this process: a library that sets up logging silences all loggers that are there."""
    monkeypatch.setattr(logging.root.manager, "disable", 0)
    for name in ("tornado", "tornado.access", "patunay", "patunay.portal"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "disabled", False)
        monkeypatch.setattr(logger, "propagate", True)
        logger.setLevel(logging.NOTSET)


SHAPES = address_shapes(path for path, _ in ROUTES)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/", "/"),
        ("/teach/tiny-course/learners/ana", "/teach/*/learners/*"),
        ("/c/W1NAUxbcMlfTLvSFlLshLTBrWH57I7N3p-O2bvOEpag", "/c/*"),
        ("/my/credentials/ca70f02a-50e1-48c8-893f-008f191038c2/files/json", "/my/credentials/*/files/*"),
        ("/static/patunay.css", "/static/*"),
        ("/ana.reyes@uni.example", "/*"),
        ("/wp-login.php", "/*"),
    ],
)
def test_an_address_is_logged_as_its_shape(path: str, shape: str) -> None:
    assert address_shape(path, "/", SHAPES) == shape
    assert address_shape(f"/services/patunay{path}", "/services/patunay/", SHAPES) == f"/services/patunay{shape}"
    assert address_shape(path, "/services/patunay/", SHAPES) == "*"


@given(st.text(alphabet=st.characters(categories=("Lu", "Nd")), min_size=4))
def test_no_word_of_a_visitor_stands_in_a_shape(word: str) -> None:
    for path in (
        f"/{word}",
        f"/verify/{word}",
        f"/my/{word}/{word}",
        f"/teach/tiny-course/learners/{word}",
        f"/record/{word}",
        f"/office/{word}",
    ):
        assert word not in address_shape(path, "/", SHAPES)


@pytest.mark.slow
@pytest.mark.usefixtures("_audible")
def test_a_day_of_use_leaves_nobodys_name_and_no_token_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    credential = credential_of_ana(site)
    with learners_portal(site) as portal, caplog.at_level(logging.INFO):
        moment = portal.portal.now()
        shared = share(site, f"urn:uuid:{credential}", PageChoices(show_grade=True), moment)
        record = make_link(site, "ana", 7, now=moment).token
        ana, clerk, faculty, guest = (portal.visitor(name) for name in ("ana", "clerk", "faculty", ""))
        for client, path in (
            (ana, f"my/credentials/{credential}"), (ana, f"my/{COURSE}/basics/attempts/7"), (ana, "my/requests/new?kind=nosuch&text=Ana"),
            (guest, f"c/{shared}"), (guest, f"record/{record}"), (guest, f"verify/{credential}"), (guest, "ana.pena@uni.example"),
            (clerk, "office/register?q=Ana%20Pe%C3%B1a"), (clerk, f"office/register/{credential}"), (clerk, "teach/tiny-course/learners/ana"),
            (faculty, f"teach/{COURSE}/learners/ana"), (faculty, f"teach/{COURSE}/learners/nobody.anana"),
        ):  # fmt: skip
            client.get(path)
        submit(ana, f"my/{COURSE}/name", {})  # without what the form asks for
        submit(guest, "verify", {"text": f"ana@learners.example {credential}"})
        guest.post("verify/ana", data={"name": ANA.name})
    told = "\n".join(
        record.getMessage() + str(record.exc_text or "") for record in caplog.records if record.name.startswith(("tornado", "patunay"))
    )
    assert "403 GET /teach/*/learners/*" in told
    assert "400 POST /my/*/name" in told
    for secret in ("ana", "Peña", "Pe%C3", credential, shared, record, "learners.example", "nobody", "127.0.0.1"):
        assert secret.casefold() not in told.casefold(), secret


class Broken(PageHandler):
    """A page with a fault."""

    def get(self, name: str) -> None:
        raise KeyError(name)


@pytest.mark.slow
@pytest.mark.usefixtures("_audible")
def test_a_fault_of_ours_is_told_by_its_kind_and_place_without_its_words(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def ask() -> tuple[int, str]:
        portal = PortalSite(site)
        table = [(r"/teach/tiny-course/learners/(.*)", Broken, {"portal": portal})]
        server = HTTPServer(
            Application(table, log_function=log_answer, address_shapes=SHAPES, static_path=str(STATIC), cookie_secret=b"x" * 32)
        )
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        port = sockets[0].getsockname()[1]
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/teach/tiny-course/learners/ana.reyes", raise_error=False)
        server.stop()
        portal.workers.shutdown()
        return answer.code, answer.body.decode()

    status, page = asyncio.run(ask())
    assert status == 500
    assert "ana.reyes" not in page.replace("/teach/tiny-course/learners/ana.reyes?lang=", "")
    assert "GET /teach/*/learners/* failed: KeyError" in caplog.text
    assert "Something broke on our side" in page
    assert "raise KeyError(name)" in caplog.text
    assert "ana.reyes" not in caplog.text
