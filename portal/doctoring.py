"""What `patunay doctor` looks at: versions, the sandbox, the site's databases, keys and exchange."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sqlalchemy import func, select

from autograder.execution.engines import try_layers
from autograder.sandbox.bubblewrap import find_bubblewrap
from courses.catalogue import course_ids
from courses.errors import DiagnosedError
from courses.settings import Site, load_site
from issuer.audit import find_break
from issuer.identity import load_identity
from issuer.ledger import Credential, open_ledger
from portal.hub.examining import examine_hub

_LIBRARIES = ("nbgrader", "jupyterlab", "pandas", "nbconvert", "papermill", "cryptography", "pyld", "typst")
_LITTLE_SPACE = 2**30
_NEWER_KERNEL = "A newer Linux kernel has it; the other layers stand."
_NOTHING_FORKS = "Sealed grading needs one of two: user name spaces allowed, or a Linux kernel with Landlock (5.13, `lsm=landlock,…`) and libseccomp. Until then there is only `--compat`."
_REMEDIES = {
    "name spaces": "Allow user name spaces: in a container a seccomp profile that permits unshare and mount; on Ubuntu `kernel.apparmor_restrict_unprivileged_userns=0` "
    'or an AppArmor profile. Until then Landlock and seccomp hold, which is what `sandbox = "required"` demands at least.',
    "private root": "It comes with the name spaces. Until then give graders a disk or quota of their own.",
    "user": "Run the grader as root, or allow user name spaces.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ok, a warning, or missing."""

    name: str
    state: str
    told: str
    remedy: str = ""


def examine(start: Path) -> list[Finding]:
    """Return what is there and what is missing, of the machine and of the site in or above `start`."""
    findings = [Finding("Python", "ok", platform.python_version()), *_libraries(), *_sandbox()]
    try:
        site = load_site(start)
    except DiagnosedError as wrong:
        # a file that is named is there and wrong; otherwise this is no site, which is no fault of the machine
        told = f"{wrong.where}: {wrong.problem}" if wrong.where else wrong.problem
        return [*findings, Finding("site", "missing" if wrong.where else "warning", told, wrong.remedy)]
    return [*findings, Finding("site", "ok", str(site.root)), *_site(site)]


def _libraries() -> Iterator[Finding]:
    for name in _LIBRARIES:
        try:
            yield Finding(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "missing", "not installed", "pip install patunay")


def _sandbox() -> Iterator[Finding]:
    try:
        layers = try_layers()
    except (DiagnosedError, OSError) as refusal:
        told = refusal.problem if isinstance(refusal, DiagnosedError) else str(refusal)
        yield Finding("forked kernels", "warning", told, _NOTHING_FORKS)
    else:
        for layer, state in layers.items():
            fine = not state.startswith("missing")
            told = state.removeprefix("ok ")
            yield Finding(f"layer: {layer}", "ok" if fine else "warning", told, "" if fine else _REMEDIES.get(layer, _NEWER_KERNEL))
    if find_bubblewrap():
        yield Finding("bubblewrap", "ok", "for kernels of other languages")
    else:
        yield Finding(
            "bubblewrap", "warning", "none: such kernels run with your rights", "apt-get install bubblewrap, and allow user name spaces"
        )


def _site(site: Site) -> Iterator[Finding]:
    found = course_ids(site.courses)
    yield Finding(
        "courses", "ok" if found else "warning", ", ".join(found) or "none", "" if found else f"Copy a course folder into {site.courses}."
    )
    writable = site.exchange.is_dir() and os.access(site.exchange, os.W_OK | os.X_OK)
    yield Finding(
        "exchange",
        "ok" if writable else "missing",
        str(site.exchange),
        "" if writable else f"mkdir -p {site.exchange} && chmod 777 {site.exchange}",
    )
    yield _tried("key", lambda: load_identity(site).profile.did)
    yield from _ledger(site)
    yield from (Finding(*found) for found in examine_hub(site))
    free = shutil.disk_usage(site.root).free
    yield Finding(
        "disk",
        "ok" if free > _LITTLE_SPACE else "warning",
        f"{free / 2**30:.1f} GiB free",
        "" if free > _LITTLE_SPACE else "Free some space.",
    )


def _ledger(site: Site) -> Iterator[Finding]:
    try:
        with open_ledger(site.ledger_url) as session:
            count, broken = session.scalar(select(func.count()).select_from(Credential)) or 0, find_break(session)
    except DiagnosedError as problem:
        yield Finding("ledger", "missing", problem.problem, problem.remedy)
        return
    yield Finding("ledger", "ok", f"{count} credentials")
    if broken is None:
        yield Finding("audit log", "ok", "its chain holds")
    else:
        told = f"entry {broken} was changed, or what stood before it was removed"
        yield Finding("audit log", "missing", told, "Compare the ledger with a backup, and see who can write to it.")


def _tried(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", look())
    except DiagnosedError as problem:
        return Finding(name, "missing", str(problem.problem), problem.remedy)
