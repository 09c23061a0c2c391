"""What is packed arrives as it was, and only who takes it packed gets it so."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from portal.web.compressing import PackedAnswers

_PAGE = "".join(f"<p>Nasa linya {number} tayo ngayon; “magaling” ang sabi.</p>\n" for number in range(800))


class _Whole(RequestHandler):
    def get(self) -> None:
        self.finish(_PAGE[: int(self.get_query_argument("characters", "100000"))])


class _Picture(RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Type", "image/png")
        self.finish(b"x" * 5000)


class _Packed(RequestHandler):
    def get(self) -> None:
        self.set_header("Content-Encoding", "gzip")
        self.finish(gzip.compress(_PAGE.encode()))


class _Parts(RequestHandler):
    async def get(self) -> None:
        for start in range(0, len(_PAGE), 9000):
            self.write(_PAGE[start : start + 9000])
            await self.flush()


@dataclass
class Fetched:
    headers: dict[str, str]
    body: bytes


def fetch(path: str, *, accept: str = "gzip") -> Fetched:
    async def ask() -> HTTPResponse:
        server = HTTPServer(
            Application([("/whole", _Whole), ("/picture", _Picture), ("/packed", _Packed), ("/parts", _Parts)], transforms=[PackedAnswers])
        )
        [listening] = bind_sockets(0, "127.0.0.1")
        server.add_socket(listening)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}{path}"
        try:
            return await AsyncHTTPClient(force_instance=True).fetch(address, headers={"Accept-Encoding": accept}, decompress_response=False)
        finally:
            server.stop()

    answer = asyncio.run(ask())
    return Fetched(dict(answer.headers.get_all()), answer.body)


@pytest.fixture(params=["/whole", "/parts", "/packed"])
def path(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_a_page_is_the_same_after_unpacking_and_far_smaller_before(path: str) -> None:
    answer = fetch(path)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body).decode() == _PAGE
    assert len(answer.body) < len(_PAGE) / 5
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("characters", [1024, 1025, 8192, 16385, 40_000])
def test_its_length_is_told(characters: int) -> None:
    answer = fetch(f"/whole?characters={characters}")
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert gzip.decompress(answer.body).decode() == _PAGE[:characters]


def test_who_does_not_take_it_packed_gets_it_as_it_is() -> None:
    answer = fetch("/whole", accept="br")
    assert "Content-Encoding" not in answer.headers
    assert answer.body.decode() == _PAGE
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_what_is_short_or_packed_by_its_kind_is_left_alone() -> None:
    assert fetch("/whole?characters=500").body.decode() == _PAGE[:500]
    assert fetch("/picture").body == b"x" * 5000
