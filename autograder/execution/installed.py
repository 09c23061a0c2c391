"""What is installed in this Python, so cheaply that it can be looked at before every assignment: names and times, no file is read."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator

_TELLING = (".dist-info", ".egg-info", ".egg-link", ".pth")


def installed_digest() -> str:
    """Return a SHA-256 that changes when a package is installed, upgraded or removed in one of the folders that Python looks in."""
    digest = hashlib.sha256()
    for folder in sys.path:
        for line in sorted(_lines(folder)):
            digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _lines(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.endswith(_TELLING):
                    yield f"{folder}/{entry.name} {entry.stat().st_mtime_ns}"
    except OSError:  # a zip file, or a folder that is not there
        return
