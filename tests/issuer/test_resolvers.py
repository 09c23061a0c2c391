from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from issuer.did import did_document, did_key, did_web
from issuer.errors import ResolutionError
from issuer.proof import add_proof
from issuer.resolvers import DidKeyResolver, FolderResolver, ResolverChain, WebResolver, is_public
from issuer.status_list import StatusBits, build_status_list
from issuer.verification import Found
from tests.issuer.examples import DID, NOW, STATUS_URL, example_key

KEY = example_key()


def test_a_did_key_is_computed_and_other_identifiers_are_left_to_others() -> None:
    did = did_key(KEY.public_bytes)
    found = DidKeyResolver().find_did_document(did)
    assert found == Found(did_document(did, [KEY.multikey]), "the identifier itself", authoritative=True)
    assert DidKeyResolver().find_did_document(DID) is None
    assert DidKeyResolver().find_status_list(STATUS_URL) is None
    with pytest.raises(ResolutionError, match="no Ed25519 key"):
        DidKeyResolver().find_did_document("did:key:z6MkJuana")


def published(folder: Path) -> Path:
    (folder / "status").mkdir(parents=True)
    (folder / "did.json").write_text(json.dumps(did_document(DID, [KEY.multikey])))
    listed = add_proof(build_status_list(STATUS_URL, DID, StatusBits(), NOW), KEY.signer(DID), NOW)
    (folder / "status" / "any-name.json").write_text(json.dumps(listed))
    return folder


def test_a_folder_is_searched_by_the_documents_own_identifiers(tmp_path: Path) -> None:
    resolver = FolderResolver(published(tmp_path))
    found = resolver.find_did_document(DID)
    assert found is not None
    assert not found.authoritative
    assert resolver.find_did_document("did:web:other.example") is None
    assert resolver.find_status_list(STATUS_URL) is not None
    assert resolver.find_status_list(STATUS_URL + "x") is None
    assert FolderResolver(tmp_path / "absent").find_did_document(DID) is None
    assert FolderResolver(tmp_path / "absent").find_status_list(STATUS_URL) is None


def test_a_damaged_file_in_the_folder_is_said_and_not_skipped(tmp_path: Path) -> None:
    (published(tmp_path) / "did.json").write_text('{"id": 1, "id": 2}')
    with pytest.raises(ResolutionError, match="stands twice"):
        FolderResolver(tmp_path).find_did_document(DID)


def test_a_chain_takes_the_first_that_finds_and_tells_all_problems_if_none_does(tmp_path: Path) -> None:
    empty, full = FolderResolver(tmp_path / "empty"), FolderResolver(published(tmp_path / "full"))
    assert ResolverChain((DidKeyResolver(), empty, full)).find_did_document(DID) is not None
    assert ResolverChain((DidKeyResolver(), empty)).find_did_document(DID) is None
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "did.json").write_text("{")
    broken = FolderResolver(tmp_path / "broken")
    assert ResolverChain((broken, full)).find_did_document(DID) is not None
    with pytest.raises(ResolutionError, match=r"did\.json cannot be read"):
        ResolverChain((broken, empty)).find_did_document(DID)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_of_private_networks_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_judged_as_the_ipv4_address(address: ipaddress.IPv4Address) -> None:
    for clothed in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_public(ipaddress.IPv6Address(clothed)) == is_public(address)


def test_a_private_host_is_not_asked() -> None:
    for url in ("https://127.0.0.1/status", "https://localhost/status", "https://[::1]/status"):
        with pytest.raises(ResolutionError, match="private network"):
            WebResolver().find_status_list(url)


def test_other_schemes_are_nobodys_business() -> None:
    assert WebResolver().find_status_list("http://uni.example/status") is None
    assert WebResolver().find_status_list("file:///etc/passwd") is None
    assert WebResolver().find_did_document("did:key:z6Mk") is None
    with pytest.raises(ResolutionError, match="malformed"):
        WebResolver().find_did_document("did:web:a/../b")


@dataclass(frozen=True)
class WebSite:
    """A real https server on this machine."""

    base_url: str
    resolver: WebResolver


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            self.drip(b" ")
            return
        if self.path == "/slow-headers":
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX-A: ")
            self.drip(b"b")  # one header that does not end: of many, a reader has enough by itself
            return
        base = f"https://{self.headers['Host']}"
        redirects = {
            "/there": "/status",
            "/circle": "/circle",
            "/away": "https://elsewhere.example/status",
            "/plain": "http://localhost/status",
        }
        if self.path in redirects:
            self.send_response(302)
            self.send_header("Location", redirects[self.path])
            self.end_headers()
            return
        bodies = {
            "/status": b'{"id": "x"}',
            "/large": b" " * 300_000,
            "/html": b"<html>",
            "/.well-known/did.json": json.dumps(did_document(did_web(base), [KEY.multikey])).encode(),
        }
        self.send_response(200 if self.path in bodies else 404)
        self.end_headers()
        self.wfile.write(bodies.get(self.path, b"{}"))

    def drip(self, drop: bytes) -> None:
        with suppress(OSError):
            for _ in range(1200):  # a minute, unless the reader hangs up
                self.wfile.write(drop)
                self.wfile.flush()
                time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that hangs up is what some tests are about."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    folder = tmp_path_factory.mktemp("tls")
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, None)
    )
    pem = certificate.public_bytes(Encoding.PEM)
    (folder / "site.pem").write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "site.pem")
    server = _Server(("127.0.0.1", 0), _Pages)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    trusting = ssl.create_default_context(cadata=pem.decode())
    resolver = WebResolver(timeout_s=120, is_allowed=lambda address: address.is_loopback, tls=trusting)
    yield WebSite(f"https://localhost:{server.server_address[1]}", resolver)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_did_document_and_a_list_are_fetched_from_the_issuers_site(site: WebSite) -> None:
    did = did_web(site.base_url)
    found = site.resolver.find_did_document(did)
    assert found == Found(did_document(did, [KEY.multikey]), f"{site.base_url}/.well-known/did.json", authoritative=True)
    for path in ("/status", "/there"):
        listed = site.resolver.find_status_list(site.base_url + path)
        assert listed is not None
        assert listed.document == {"id": "x"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/absent", "status 404"),
        ("/large", "more than 262,144 bytes"),
        ("/html", "cannot be read"),
        ("/circle", "in circles"),
        ("/away", "another host"),
        ("/plain", "another host"),
    ],
)
def test_what_a_site_should_not_answer_is_refused(site: WebSite, path: str, words: str) -> None:
    with pytest.raises(ResolutionError, match=words):
        site.resolver.find_status_list(site.base_url + path)


@pytest.mark.parametrize("path", ["/slow", "/slow-headers"])
def test_a_site_that_drips_is_cut_off_in_time(site: WebSite, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(ResolutionError, match="cannot be reached"):
        replace(site.resolver, timeout_s=0.5).find_status_list(site.base_url + path)
    assert time.monotonic() - started < 30


def test_a_certificate_that_nobody_vouches_for_is_refused(site: WebSite) -> None:
    with pytest.raises(ResolutionError, match="certificate"):
        replace(site.resolver, tls=None).find_status_list(f"{site.base_url}/status")


def test_a_closed_port_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # nobody listens there, and while it is ours nobody else will
        with pytest.raises(ResolutionError, match="cannot be reached"):
            WebResolver(is_allowed=lambda _: True).find_status_list(f"https://127.0.0.1:{port}/")
