"""Writes the JSON files of credentials, one a credential, character by character as the ledger has them.

A few files are synced to the disk one by one; of many that would take far longer than signing them, so the first hundred are, and at the end the whole
system's files once. Who loses power before that has the ledger: publishing again compares every file with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from courses.storage import diagnosed_storage, write_atomically

ONE_BY_ONE = 100
"""Files that are synced each for itself."""


class CredentialFiles:
    """The folder `credentials/` of a site, seen once at the start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with diagnosed_storage(folder):
            self._present = set(os.listdir(folder)) if folder.is_dir() else set[str]()
        self._stems = {name.partition(".")[0] for name in self._present}
        self._right: set[str] = set()
        self._written = 0

    def write(self, credentials: Iterable[tuple[str, str]]) -> None:
        """Write credentials, given as id and document; a file that is there and right is left alone.

        Raises:
            StorageError: the disk is full or the folder is not writable.
        """
        for credential, document in credentials:
            name = file_name(credential)
            if name in self._right:
                continue
            path, data = self.folder / f"{name}.json", document.encode("utf-8")
            if path.name not in self._present or not path.is_file() or path.read_bytes() != data:
                write_atomically(path, data, sync=self._written < ONE_BY_ONE)
                self._written += 1
            self._right.add(name)

    def has(self, credential: str) -> bool:
        """Whether there was a file of the credential, in any form, at the start."""
        return file_name(credential) in self._stems

    def finish(self) -> None:
        """Return when everything that was written is on the disk."""
        if self._written > ONE_BY_ONE:
            os.sync()
        self._written = 0


def file_name(credential: str) -> str:
    """Return the name, without its ending, of a credential's files: its UUID."""
    return credential.removeprefix("urn:uuid:")
