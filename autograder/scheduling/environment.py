"""What a result can depend on besides its job: Python, the libraries, and this program itself. Workers of one run must agree in it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import autograder
import courses
from autograder.execution.installed import versions_of

_LIBRARIES = (
    "ipykernel", "ipython", "matplotlib", "matplotlib-inline", "nbclient", "nbconvert", "nbformat", "nbgrader", "numpy", "pandas", "pyarrow",
    "scikit-learn", "scipy", "seaborn", "statsmodels", "sympy",
)  # fmt: skip


@lru_cache(maxsize=1)
def worker_environment() -> dict[str, str]:
    """Return the versions here, by name; a library that is not installed is not in it."""
    return versions_of(_LIBRARIES) | {"patunay": _own_version()}


def _own_version() -> str:
    """Return the version with a hash of the code: of two checkouts with one version number one may score otherwise."""
    digest = hashlib.sha256()
    for package in (autograder, courses):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"{metadata.version('patunay')} (code {digest.hexdigest()[:12]})"


def differences(ours: dict[str, str], theirs: dict[str, str]) -> tuple[str, ...]:
    """Return in words where two environments differ; empty if they agree."""
    names = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    return tuple(f"{name} {theirs.get(name, 'is not installed')} instead of {ours.get(name, 'none')}" for name in names)
