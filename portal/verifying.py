"""Takes a credential from wherever people keep it (a JSON file, the badge's picture, the certificate, an address, bytes that were sent) and verifies it.

Needs no site, database or hub. Inside the issuing site its own published files are believed; elsewhere the issuer's address is asked, or a copy that the
caller names.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from courses.errors import DiagnosedError
from courses.settings import load_site
from issuer.baking import unbake
from issuer.documents import parse_document
from issuer.errors import DocumentUnreadableError
from issuer.pdf_attachment import attached_credential
from issuer.resolvers import DidKeyResolver, FolderResolver, ResolverChain, WebResolver
from issuer.svg_baking import unbake_svg
from issuer.vc_jwt import read_jwt
from issuer.verification import Resolver, Verdict, VerificationReport, verify_credential, verify_credential_jwt

MAXIMUM_BYTES = 16 * 2**20
"""Of a file that a credential is looked for in."""
_GOOD = {Verdict.VALID, Verdict.VALID_WITH_A_NOTE}


@dataclass(frozen=True, slots=True)
class Verified:
    """One source and what verification found; `problem` if no credential could be read from it."""

    source: str
    report: VerificationReport | None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Whether one may rely on it."""
        return self.report is not None and all(each.verdict in _GOOD for each in (self.report, *self.report.badges))


@dataclass(frozen=True, slots=True)
class Examined:
    """What verification found, and the document that it looked at."""

    report: VerificationReport
    document: Mapping[str, Any] | None
    """None unless the signature fits: then nothing of it may be shown."""


def make_resolver(here: Path, *, published: tuple[Path, ...], offline: bool) -> Resolver:
    """Return where issuers' keys and status lists are looked up, in order: the key itself, the site around `here`, the named copies, the web."""
    resolvers: list[Resolver] = [DidKeyResolver()]
    with contextlib.suppress(DiagnosedError):  # not inside a site: then only what is published counts
        resolvers.append(FolderResolver(load_site(here).root, authoritative=True))
    resolvers += [FolderResolver(folder) for folder in published]
    if not offline:
        resolvers.append(WebResolver())
    return ResolverChain(tuple(resolvers))


def verify_source(source: str, *, resolver: Resolver, now: datetime, offline: bool = False) -> Verified:
    """Return what verification of one file or https address found. Never raises for what is wrong with the credential."""
    try:
        examined = examine(read_credential(source, offline=offline), resolver=resolver, now=now)
    except DiagnosedError as unreadable:
        return Verified(source, None, str(unreadable))
    return Verified(source, examined.report)


def examine(data: bytes, *, resolver: Resolver, now: datetime) -> Examined:
    """Return what verification of a credential found, given as JSON or as a JWT.

    Raises:
        DocumentUnreadableError: it is neither.
    """
    if (jwt := _as_jwt(data)) is not None:
        report = verify_credential_jwt(jwt, resolver=resolver, now=now)
        return Examined(report, read_jwt(jwt).document if report.facts is not None else None)
    document = parse_document(data)
    report = verify_credential(document, resolver=resolver, now=now)
    return Examined(report, document if report.facts is not None else None)


def _as_jwt(data: bytes) -> str | None:
    """Return the JWT that `data` is, None if it is none: its header, a JSON object in base64url, begins so."""
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    return text.decode("ascii", "replace") if text.startswith(b"eyJ") else None


def read_credential(source: str, *, offline: bool = False) -> bytes:
    """Return the credential, as JSON or as a JWT, in a file (JSON, JWT, PNG, SVG, PDF) or at an https address.

    Raises:
        DocumentUnreadableError: there is no such file, it is too large, or of a kind that carries no credential.
        BakingError, CertificateError: the picture or the PDF carries none, or the picture is HTML.
        ResolutionError: the address cannot be fetched.
    """
    data = _fetched(source, offline=offline) if "://" in source else _read(Path(source))
    return credential_in(data, source)


def credential_in(data: bytes, where: str = "") -> bytes:
    """Return the credential, as JSON or as a JWT, that a file's bytes (JSON, JWT, PNG, SVG, PDF) are or carry.

    Raises:
        DocumentUnreadableError: there is nothing, or too much.
        BakingError, CertificateError: the picture or the PDF carries none, or the picture is HTML.
    """
    if not data.strip():
        raise DocumentUnreadableError("there is nothing in it", where=where, remedy="Download the credential again.")
    if len(data) > MAXIMUM_BYTES:
        raise DocumentUnreadableError(
            f"the file is larger than {MAXIMUM_BYTES // 2**20} MiB", where=where, remedy="A credential is far smaller."
        )
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return unbake(data).encode()
    if data.startswith(b"%PDF-"):
        return attached_credential(data).encode()
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return unbake_svg(data).encode()
    return data


def _fetched(address: str, *, offline: bool) -> bytes:
    if offline:
        raise DocumentUnreadableError(
            "an address cannot be fetched with --offline", where=address, remedy="Save the credential as a file first."
        )
    return WebResolver().fetch(address)


def _read(path: Path) -> bytes:
    """Return what stands in a regular file. Pipes and devices are not read: they may never end."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DocumentUnreadableError("this is no file, but a pipe or a device", where=str(path), remedy="Name the file itself.")
            data = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError as missing:
        raise DocumentUnreadableError("there is no such file", where=str(path), remedy="Check its name.") from missing
    except OSError as refusal:
        raise DocumentUnreadableError(f"the file cannot be read: {refusal.strerror}", where=str(path)) from refusal
    if len(data) > MAXIMUM_BYTES:
        raise DocumentUnreadableError(
            f"the file is larger than {MAXIMUM_BYTES // 2**20} MiB", where=str(path), remedy="A credential is far smaller."
        )
    return data
