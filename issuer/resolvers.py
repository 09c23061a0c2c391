"""Where DID documents and status lists come from: computed, a folder, the web, or several of these in turn.

Rules of the web resolver, because addresses come from strangers' documents: https only; only public internet addresses, and the connection
goes to the very address that was checked; limits of size and of time in all; redirects stay on the host; no cookies, no credentials.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from issuer.did import did_document_url, did_key_document
from issuer.documents import MAX_BYTES, parse_document
from issuer.errors import DocumentUnreadableError, IdentifierError, ResolutionError
from issuer.resolving import Found, Resolver

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_MAX_REDIRECTS = 3
_NOTICE = re.compile(r"[0-9a-f-]{36}\.json")


@dataclass(frozen=True, slots=True)
class DidKeyResolver:
    """Computes the DID documents of did:key identifiers."""

    def find_did_document(self, did: str) -> Found | None:
        """Return the document that a did:key stands for."""
        if not did.startswith("did:key:"):
            return None
        try:
            return Found(did_key_document(did), "the identifier itself", True)
        except IdentifierError as not_a_key:
            raise ResolutionError("the issuer's did:key is no Ed25519 key") from not_a_key

    def find_status_list(self, url: str) -> Found | None:  # noqa: ARG002 -- the protocol's
        """Return None: there are no lists here."""
        return None


@dataclass(frozen=True, slots=True)
class FolderResolver:
    """Reads what a site publishes from a copy on disk: `did.json` and `status/*.json`, found by their own `id`."""

    folder: Path
    authoritative: bool = False
    """True only for the issuer's own site, reading what it publishes itself."""

    def find_did_document(self, did: str) -> Found | None:
        """Return the folder's `did.json` if it is the document of `did`."""
        return self._find(did, [self.folder / "did.json", self.folder / ".well-known" / "did.json"])

    def find_status_list(self, url: str) -> Found | None:
        """Return the list, or the notice of a withdrawal, whose `id` is `url`."""
        folder, name = self.folder / "status", url.rpartition("/")[2]
        notice = [folder / "notices" / name] if _NOTICE.fullmatch(name) else []
        return self._find(url, [*notice, *sorted(folder.glob("*.json"))])

    def _find(self, identifier: str, paths: Sequence[Path]) -> Found | None:
        for path in paths:
            document = _read(path)
            if document is not None and document.get("id") == identifier:
                return Found(document, str(path), self.authoritative)
        return None


@dataclass(frozen=True, slots=True)
class WebResolver:
    """Fetches what issuers publish on the web."""

    timeout_s: float = 10.0
    """For one document, name lookup and redirects included."""
    max_bytes: int = MAX_BYTES
    is_allowed: Callable[[IpAddress], bool] = field(default_factory=lambda: is_public)
    tls: ssl.SSLContext | None = None
    """None: the system's certificate authorities."""

    def find_did_document(self, did: str) -> Found | None:
        """Return the document of a did:web from its web site."""
        if not did.startswith("did:web:"):
            return None
        try:
            url = did_document_url(did)
        except IdentifierError as wrong:
            raise ResolutionError("the issuer's did:web is malformed") from wrong
        return Found(_parse(self.fetch(url), url), url, True)

    def find_status_list(self, url: str) -> Found | None:
        """Return the list at an https address."""
        return Found(_parse(self.fetch(url), url), url, True) if url.startswith("https://") else None

    def fetch(self, url: str) -> bytes:
        """Return what is published at an https address of a public host.

        Raises:
            ResolutionError: it cannot be had, is too large or too slow, or leads elsewhere.
        """
        deadline = time.monotonic() + self.timeout_s
        address, host = url, urlsplit(url).netloc
        for _ in range(_MAX_REDIRECTS + 1):
            if urlsplit(address).scheme != "https" or urlsplit(address).netloc != host:
                raise ResolutionError("the web site redirects to another host", where=url)
            answer = self._get(address, deadline)
            if isinstance(answer, bytes):
                return answer
            address = urljoin(address, answer)
        raise ResolutionError("the web site redirects in circles", where=url)

    def _get(self, url: str, deadline: float) -> bytes | str:
        """Return the body at `url`, or where it redirects to."""
        parts = urlsplit(url)
        try:
            port = parts.port or 443
            peers = self._checked_peers(parts.hostname or "", port, url)
            connection = _PinnedConnection(parts.hostname or "", port, peers, self.tls or ssl.create_default_context(), deadline)
            try:
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("GET", target, headers={"Accept": "application/json", "User-Agent": "patunay-verifier"})
                response = connection.getresponse()
                if response.status in (301, 302, 303, 307, 308):
                    return response.headers.get("Location", "")
                if response.status != 200:
                    raise ResolutionError(f"{parts.hostname} answers with status {response.status}", where=url)
                return self._read_body(response, deadline, url)
            finally:
                connection.hang_up()
        except (OSError, http.client.HTTPException, ValueError, UnicodeError) as failed:
            raise ResolutionError(f"{parts.hostname} cannot be reached: {_first_line(failed)}", where=url) from failed

    def _checked_peers(self, host: str, port: int, url: str) -> list[tuple[int, Any]]:
        """Return the addresses of `host` to connect to, after all of them were found to be allowed."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, _, _, _, peer in found:
            if family not in (socket.AF_INET, socket.AF_INET6) or not self.is_allowed(ipaddress.ip_address(str(peer[0]).partition("%")[0])):
                raise ResolutionError(f"{host} lies in a private network, and those are not asked", where=url)
        return [(family, peer) for family, _, _, _, peer in found]

    def _read_body(self, response: http.client.HTTPResponse, deadline: float, url: str) -> bytes:
        body = b""
        while chunk := response.read1(65536):
            body += chunk
            if len(body) > self.max_bytes:
                raise ResolutionError(f"the answer has more than {self.max_bytes:,} bytes", where=url)
        _time_left(deadline)  # a connection that was cut off for taking too long ends like a short answer
        return body


@dataclass(frozen=True, slots=True)
class ResolverChain:
    """Asks several resolvers in turn; the first that finds something wins."""

    resolvers: tuple[Resolver, ...]

    def find_did_document(self, did: str) -> Found | None:
        """Return what the first resolver finds; the problems of all if none does."""
        return self._first(lambda resolver: resolver.find_did_document(did))

    def find_status_list(self, url: str) -> Found | None:
        """Return what the first resolver finds; the problems of all if none does."""
        return self._first(lambda resolver: resolver.find_status_list(url))

    def _first(self, ask: Callable[[Resolver], Found | None]) -> Found | None:
        problems: list[str] = []
        for resolver in self.resolvers:
            try:
                found = ask(resolver)
            except ResolutionError as failed:
                problems.append(failed.problem)
                continue
            if found is not None:
                return found
        if problems:
            raise ResolutionError("; ".join(problems))
        return None


def is_public(address: IpAddress) -> bool:
    """Tell whether `address` lies in the public internet, also where an IPv6 address stands for an IPv4 one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class _PinnedConnection(http.client.HTTPSConnection):
    """An https connection to an address that was looked up and checked before; the certificate is checked for the host's name.

    A time limit of a socket starts anew with every byte, so a watch cuts the connection at the deadline.
    """

    def __init__(self, host: str, port: int, peers: list[tuple[int, Any]], tls: ssl.SSLContext, deadline: float) -> None:
        super().__init__(host, port, context=tls)
        self._peers, self._tls, self._deadline = peers, tls, deadline
        self._watch: threading.Timer | None = None

    def connect(self) -> None:
        """Connect to the first of the checked addresses that answers."""
        plain = self._reached()
        try:
            stream = self._tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        except BaseException:
            plain.close()
            raise
        self.sock = stream
        self._watch = threading.Timer(_time_left(self._deadline), _cut, [stream])
        self._watch.daemon = True
        self._watch.start()
        stream.do_handshake()

    def hang_up(self) -> None:
        """Close the connection and call the watch off. (`close` is not enough: the library calls it before a body is read.)"""
        if self._watch is not None:
            self._watch.cancel()
        self.close()

    def _reached(self) -> socket.socket:
        failure = OSError("it has no address")
        for family, peer in self._peers:
            plain = socket.socket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(_time_left(self._deadline))
                plain.connect(peer)
            except OSError as failed:
                plain.close()
                failure = failed
            else:
                return plain
        raise failure


def _cut(stream: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(stream, socket.SHUT_RDWR)  # below TLS: the reader is in another thread


def _time_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("it takes too long")
    return left


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        with path.open("rb") as file:
            return parse_document(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return None
    except (OSError, DocumentUnreadableError) as unreadable:
        raise ResolutionError(f"{path.name} cannot be read: {_first_line(unreadable)}", where=str(path)) from unreadable


def _parse(body: bytes, url: str) -> Mapping[str, Any]:
    try:
        return parse_document(body)
    except DocumentUnreadableError as unreadable:
        raise ResolutionError(f"what is published there cannot be read: {unreadable.problem}", where=url) from unreadable


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
