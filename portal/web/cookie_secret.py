"""The key that signs the portal's cookies and the addresses that wallets read: kept in the site, so that both outlive a restart and all its processes know it.

It lies beside the issuer's keys, in the folder that only the account of the issuer may open.
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from issuer.errors import KeyFileError
from issuer.private_files import Secret, read_private, write_private

FILE_NAME = "portal-secret"
_BYTES = 32
_log = logging.getLogger("patunay.portal")


def cookie_secret(keys: Path) -> bytes:
    """Return the key; a new one is written (mode 0600) if there is none.

    A portal that may not write in the folder of keys, because it only shows pages, makes one that ends with it.

    Raises:
        KeyFileError: somebody else could have read the file, or it is not what was written.
    """
    if keys.exists() and not os.access(keys, os.W_OK | os.X_OK):
        _log.warning("%s is not this account's: people sign in anew, and wallets' addresses end, when the portal starts again", keys)
        return secrets.token_bytes(_BYTES)
    path = keys / FILE_NAME
    if not path.exists():
        try:
            write_private(path, Secret(secrets.token_hex(_BYTES).encode("ascii") + b"\n"))
        except KeyFileError:
            if not path.exists():  # otherwise another process was first
                raise
    kept = read_private(path, what="secret of the portal").reveal().strip()
    if len(kept) != 2 * _BYTES:
        remedy = "Delete the file: a new one is made, and people sign in anew."
        raise KeyFileError("this is not the portal's secret", where=str(path), remedy=remedy)
    return kept
