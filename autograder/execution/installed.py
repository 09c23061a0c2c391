"""What is installed in this Python: whether that changed, so cheaply that it can be looked at before every assignment, and which versions of what."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import metadata

_TELLING = (".dist-info", ".egg-info", ".egg-link", ".pth")
_REPORTED_LIBRARIES = ("nbgrader", "nbclient", "ipykernel", "numpy", "pandas", "matplotlib", "scipy")


def describe_environment() -> dict[str, str]:
    """Return Python's version, those of the libraries that scores can depend on, and a SHA-256 over the names and versions of all that is installed."""
    return dict(_described(installed_digest()))


@lru_cache(maxsize=2)
def _described(_installed: str) -> Mapping[str, str]:
    """Return the description; read anew only when something was installed, since some hundred files tell of it."""
    installed = sorted({f"{each.name}=={each.version}" for each in metadata.distributions()})
    return versions_of(_REPORTED_LIBRARIES) | {"installed_sha256": hashlib.sha256("\n".join(installed).encode()).hexdigest()}


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of these libraries, by name; one that is not installed is not in it."""
    versions = {"python": platform.python_version()}
    for name in libraries:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def installed_digest() -> str:
    """Return a SHA-256 that changes when a package is installed, upgraded or removed in one of the folders that Python looks in. No file is read."""
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
