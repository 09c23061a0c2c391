"""Issuing in a process of its own, beside the server: it signs while pages go on, and goes on itself when the server is started anew.

Where it is stands in the ledger alone. Beside it lies a folder `issuing/` in the site with what the process said, and a lock that it holds as long as it
lives: whoever finds the lock free knows that nobody works on the batch, whatever happened. Starting again is always right, the core signs nothing twice.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from courses.settings import Site
from courses.storage import diagnosed_storage
from portal.process_lock import is_held, lock_to_hand_over

_BATCH = re.compile(r"[0-9a-f-]{36}")
_SHOWN_BYTES = 4000


def start_issuing(site: Site, batch: str) -> bool:
    """Start a process that issues an approved batch; return whether none was at it already.

    Args:
        batch: its whole id.

    Raises:
        StorageError: the folder cannot be written.
    """
    with diagnosed_storage(_folder(site)), lock_to_hand_over(_lock(site, batch)) as descriptor:
        if descriptor is None:
            return False
        with _said(site, batch).open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "portal.cli", "batch", "issue", batch, "--site", str(site.root)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                pass_fds=(descriptor,),
                start_new_session=True,
                cwd=site.root,
                env={name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")},  # it speaks to no hub
            )
        threading.Thread(target=process.wait, name=f"issuing {batch}", daemon=True).start()  # so that no dead process lingers
        return True


def is_issuing(site: Site, batch: str) -> bool:
    """Whether a process issues the batch now."""
    return is_held(_lock(site, batch))


def said_by_issuing(site: Site, batch: str) -> str:
    """Return the end of what the last such process said; empty if there was none."""
    try:
        text = _said(site, batch).read_bytes()[-_SHOWN_BYTES:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(line.rpartition("\r")[2].rstrip() for line in text.splitlines() if line.strip())


def _folder(site: Site) -> Path:
    return site.root / "issuing"


def _lock(site: Site, batch: str) -> Path:
    return _folder(site) / f"{_checked(batch)}.lock"


def _said(site: Site, batch: str) -> Path:
    return _folder(site) / f"{_checked(batch)}.txt"


def _checked(batch: str) -> str:
    if not _BATCH.fullmatch(batch):
        raise ValueError(f"{batch!r} is no batch")
    return batch
