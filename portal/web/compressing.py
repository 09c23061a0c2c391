"""Packs answers: a page that is sent whole, as nearly all are, in one step and with ISA-L, which takes a quarter of zlib's time for as many bytes."""

from __future__ import annotations

from isal import isal_zlib
from tornado.httputil import HTTPHeaders
from tornado.web import GZipContentEncoding

_LEVEL = 3
"""Of ISA-L's 0 to 3."""
_GZIP = 31
"""A window of 32 KiB, and a header of gzip (RFC 1952) around it."""


class PackedAnswers(GZipContentEncoding):
    """`Content-Encoding: gzip`, for who takes it."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Return the status, the headers and the chunk as they are sent."""
        may = self._gzipping and finishing and len(chunk) >= self.MIN_LENGTH and "Content-Encoding" not in headers
        if not may or not self._compressible_type(headers.get("Content-Type", "").partition(";")[0]):
            return super().transform_first_chunk(status_code, headers, chunk, finishing)
        self._gzipping = False
        status_code, headers, chunk = super().transform_first_chunk(status_code, headers, chunk, finishing)
        packed: bytes = isal_zlib.compress(chunk, _LEVEL, _GZIP)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        return status_code, headers, packed
