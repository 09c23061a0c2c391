"""What came from npm is what npm has, with its licences."""

from __future__ import annotations

import hashlib

from portal.web.application import STATIC

VENDOR = STATIC / "vendor"


def test_every_file_from_npm_has_the_hash_that_was_written_down() -> None:
    told = {name: digest for digest, name in (line.split("  ", 1) for line in (VENDOR / "SHA256SUMS").read_text().splitlines())}
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir() if path.name != "SHA256SUMS"}
    assert files == told
    assert {name for name in files if name.endswith(".LICENSE.txt")} == {"pico.LICENSE.txt", "htmx.LICENSE.txt"}
