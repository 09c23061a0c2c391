"""The list of an institution's keys: which signs, which did, which must not be trusted any more. One file, `keys/keyring.json`.

Rules:
- At most one key of each algorithm is active: it signs. The one for credentials is Ed25519; one on P-256 signs JWTs.
- A retired key stays in the published DID document, so that what it signed still verifies.
- A compromised key is left out of it, so that nothing that it signed verifies, and it never comes back.
- The list holds public halves only, but it is ours alone like the keys: who could write it could publish a key of theirs as ours.

A site from before there was a list has one key, `issuer.pem`; it is read as a list of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from issuer.errors import EncodingError, KeyFileError
from issuer.keys import Algorithm, PublicKey, load_key
from issuer.multibase import decode_multikey, decode_p256_multikey
from issuer.private_files import Secret, read_private, write_private

KEYRING_FILE = "keyring.json"
FIRST_KEY_FILE = "issuer.pem"
State = Literal["active", "retired", "compromised"]
_LARGEST_BYTES = 256 * 1024


class KeyEntry(BaseModel):
    """One key of the institution."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    multikey: str
    """The public key; with the issuer's DID before it, the key's id."""
    algorithm: Algorithm
    state: State
    made_at: AwareDatetime | None = None
    """None for the key of a site from before there was a list."""
    ended_at: AwareDatetime | None = None
    reason: str | None = None
    """Why it was retired or is compromised."""
    file: str | None = None
    """The private half's file, beside the list."""
    command: tuple[str, ...] | None = None
    """The program that keeps the private half instead."""

    @property
    def public(self) -> PublicKey:
        """The public half.

        Raises:
            EncodingError: the multikey is not of the algorithm that the entry names.
        """
        decode = decode_multikey if self.algorithm == "Ed25519" else decode_p256_multikey
        return PublicKey(self.algorithm, decode(self.multikey))


class _KeyringFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    keys: tuple[KeyEntry, ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys, the oldest first."""

    entries: tuple[KeyEntry, ...]

    def find_active(self, algorithm: Algorithm) -> KeyEntry | None:
        """Return the key of a kind that signs now."""
        return next((each for each in self.entries if each.algorithm == algorithm and each.state == "active"), None)

    def load_entry(self, name: str) -> KeyEntry:
        """Return the key whose multikey is or begins or ends with `name`.

        Raises:
            KeyFileError: there is none, or more than one.
        """
        found = [each for each in self.entries if name and (each.multikey.startswith(name) or each.multikey.endswith(name))]
        if len(found) != 1:
            problem = f"{len(found)} keys are meant by {name!r}" if found else f"there is no key {name!r}"
            raise KeyFileError(problem, remedy="`patunay key list` shows the keys; give enough of one's end.")
        return found[0]

    def published(self) -> tuple[str, ...]:
        """Return the multikeys for the DID document: active, then retired ones, the newest first; never compromised ones."""
        newest_first = tuple(reversed(self.entries))
        return tuple(each.multikey for state in ("active", "retired") for each in newest_first if each.state == state)

    def with_active(self, entry: KeyEntry, *, now: datetime) -> Keyring:
        """Return the list with `entry` as the active key of its kind; the one before is retired.

        Raises:
            KeyFileError: the list has that key already.
        """
        if any(each.multikey == entry.multikey for each in self.entries):
            raise KeyFileError(
                "this key is in the list already", where=entry.multikey, remedy="Make a new key; an old one is not used again."
            )
        before = tuple(
            _ended(each, "retired", "replaced", now) if (each.algorithm, each.state) == (entry.algorithm, "active") else each
            for each in self.entries
        )
        return Keyring((*before, entry))

    def with_ended(self, entry: KeyEntry, state: Literal["retired", "compromised"], reason: str, *, now: datetime) -> Keyring:
        """Return the list with a key retired or marked as compromised.

        Raises:
            KeyFileError: it is compromised already, or retired already and to be retired again.
        """
        if entry.state == "compromised" or entry.state == state:
            raise KeyFileError(f"the key is {entry.state} already", where=entry.multikey)
        return Keyring(tuple(_ended(each, state, reason, now) if each == entry else each for each in self.entries))

    def with_file(self, entry: KeyEntry, file: str) -> Keyring:
        """Return the list with a key's private half in another file."""
        return Keyring(tuple(each.model_copy(update={"file": file}) if each == entry else each for each in self.entries))


def read_keyring(folder: Path) -> Keyring:
    """Return the keys in a site's `keys/` folder.

    Raises:
        KeyFileError: the list, or the one key of a site without a list, is missing, not ours alone, or contradicts itself.
    """
    path = folder / KEYRING_FILE
    if not path.exists() and not path.is_symlink():
        public = load_key(folder / FIRST_KEY_FILE).public
        return Keyring((KeyEntry(multikey=public.multikey, algorithm=public.algorithm, state="active", file=FIRST_KEY_FILE),))
    try:
        content = _KeyringFile.model_validate_json(read_private(path, largest_bytes=_LARGEST_BYTES, what="list of keys").reveal())
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise KeyFileError(
            f"the list of keys is damaged: {place}: {first['msg']}", where=str(path), remedy="Restore keys/ from your backup."
        ) from None
    _check(content.keys, path)
    return Keyring(content.keys)


def write_keyring(folder: Path, keyring: Keyring) -> None:
    """Replace the list of keys in a site's `keys/` folder.

    Raises:
        KeyFileError: it contradicts itself, or cannot be written.
    """
    path = folder / KEYRING_FILE
    _check(keyring.entries, path)
    text = _KeyringFile(version=1, keys=keyring.entries).model_dump_json(indent=2, exclude_none=True)
    write_private(path, Secret(f"{text}\n".encode()), replace=True)


def _ended(entry: KeyEntry, state: State, reason: str, now: datetime) -> KeyEntry:
    return entry.model_copy(update={"state": state, "reason": reason, "ended_at": now})


def _check(entries: Sequence[KeyEntry], path: Path) -> None:
    """Refuse a list that could be read in two ways, or leads out of its folder."""
    active = [each.algorithm for each in entries if each.state == "active"]
    problems = [f"two {algorithm} keys are active" for algorithm in ("Ed25519", "P-256") if active.count(algorithm) > 1]
    if len({each.multikey for each in entries}) != len(entries):
        problems.append("a key stands in it twice")
    for each in entries:
        try:
            each.public  # noqa: B018 -- raises if the key is not what the entry says
        except EncodingError as wrong:
            problems.append(wrong.problem)
        if (each.file is None) == (not each.command):
            problems.append(f"{each.multikey[:16]}... has neither or both of file and command")
        if each.file is not None and (Path(each.file).name != each.file or each.file.startswith(".")):
            problems.append(f"{each.file!r} is no name of a file beside it")
    if problems:
        raise KeyFileError(f"the list of keys is damaged: {'; '.join(problems)}", where=str(path), remedy="Restore keys/ from your backup.")
