"""Bitstring Status List v1.0: who was withdrawn, as one bit a credential in a list that everybody may fetch.

Source: W3C Bitstring Status List v1.0, sections 2.1 (entry), 2.2 (list credential), 3.1 to 3.4 (generate, validate, expand). Rules beyond it,
for the validators in use: one list serves one purpose and names it as a single string; the list's context is `credentials/v2` alone; the
`id` of an entry is not the address of the list.

The bits are a value: `with_bit` returns a new list. Position 0 is the leftmost bit of the first byte.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from issuer.context_documents import CREDENTIALS_V2
from issuer.errors import EncodingError, StatusListError
from issuer.multibase import decode_multibase, encode_base64url
from issuer.proof import timestamp

MIN_ENTRIES = 131_072
"""Entries. The least that the standard allows, so that the list does not tell whose credential is looked up."""
MAX_DECODED_BYTES = 2 * 2**20
"""Bytes of a stranger's list after decompression: 16 million entries."""

TTL_MS = 60 * 60 * 1000
"""Milliseconds for which whoever verifies may keep a list before it is fetched anew."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class StatusBits:
    """The bits of a status list."""

    data: bytes = bytes(MIN_ENTRIES // 8)

    def __len__(self) -> int:
        return len(self.data) * 8

    def is_set(self, index: int) -> bool:
        """Tell whether the bit at `index` is set.

        Raises:
            StatusListError: the list has no such entry.
        """
        self._check(index)
        return bool(self.data[index // 8] & (0x80 >> index % 8))

    def with_bit(self, index: int, *, value: bool = True) -> StatusBits:
        """Return a list that differs in the bit at `index` only."""
        return self.with_bits([index], value=value)

    def with_bits(self, indexes: Iterable[int], *, value: bool = True) -> StatusBits:
        """Return a list in which the bits at all of `indexes` are `value`."""
        changed = bytearray(self.data)
        for index in indexes:
            self._check(index)
            mask = 0x80 >> index % 8
            changed[index // 8] = changed[index // 8] | mask if value else changed[index // 8] & ~mask
        return StatusBits(bytes(changed))

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise StatusListError(f"entry {index:,} lies outside of the status list, which has {len(self):,}")


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The place of one credential in a status list."""

    list_url: str
    index: int
    purpose: str = "revocation"


def encode_bits(bits: StatusBits) -> str:
    """Return the `encodedList` of `bits`: gzip, then multibase base64url (3.3). The same bits give the same text."""
    return encode_base64url(gzip.compress(bits.data, compresslevel=9, mtime=0))


@lru_cache(maxsize=8)
def decode_bits(encoded: str) -> StatusBits:
    """Return the bits of an `encodedList` (3.4). Those read last are remembered: many credentials name one list.

    Raises:
        StatusListError: it is no compressed list, is shorter than the standard allows, or swells beyond 2 MiB.
    """
    if not encoded.startswith("u"):
        raise StatusListError("the encoded list does not begin with `u` (base64url)")
    decompressor = zlib.decompressobj(wbits=31)
    try:
        data = decompressor.decompress(decode_multibase(encoded), MAX_DECODED_BYTES + 1)
    except (EncodingError, zlib.error) as damaged:
        raise StatusListError(f"the encoded list is damaged: {damaged}") from damaged
    if len(data) > MAX_DECODED_BYTES:
        raise StatusListError(f"the status list swells to over {MAX_DECODED_BYTES:,} bytes")
    if not decompressor.eof or decompressor.unused_data:
        raise StatusListError("the encoded list is cut off, or something follows it")
    if len(data) * 8 < MIN_ENTRIES:
        raise StatusListError(f"the status list has {len(data) * 8:,} entries; the standard asks for {MIN_ENTRIES:,} at least")
    return StatusBits(data)


def build_status_list(
    url: str, issuer_did: str, bits: StatusBits, valid_from: datetime, *, valid_until: datetime | None = None, purpose: str = "revocation"
) -> dict[str, Any]:
    """Return the unsigned status list credential that is published at `url` (2.2). Sign it with `proof.add_proof`."""
    document: dict[str, Any] = {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_did,
        "validFrom": timestamp(valid_from),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encode_bits(bits),
            "ttl": TTL_MS,
        },
    }
    if valid_until is not None:
        document["validUntil"] = timestamp(valid_until)
    return document


def status_entry_object(entry: StatusEntry, entry_id: str) -> dict[str, Any]:
    """Return the `credentialStatus` of a credential (2.1); the index is a string there."""
    if entry_id == entry.list_url:
        raise StatusListError("the id of a status entry must not be the address of its list", where="credentialStatus.id")
    StatusBits()._check(entry.index)
    return {
        "id": entry_id,
        "type": "BitstringStatusListEntry",
        "statusPurpose": entry.purpose,
        "statusListIndex": str(entry.index),
        "statusListCredential": entry.list_url,
    }


def read_status_entry(status: Any) -> StatusEntry:
    """Return the entry that a `credentialStatus` names.

    Raises:
        StatusListError: it is not one well-formed entry of a Bitstring Status List.
    """
    if not isinstance(status, Mapping) or status.get("type") != "BitstringStatusListEntry":
        raise StatusListError("the credential's status is not one entry of a Bitstring Status List")
    url, index, purpose = status.get("statusListCredential"), status.get("statusListIndex"), status.get("statusPurpose")
    if not isinstance(url, str) or not isinstance(purpose, str) or not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise StatusListError("the credential's status names no list, no purpose or no index")
    if status.get("statusSize", 1) not in (1, "1"):
        raise StatusListError("the credential's status takes more than one bit, which is not checked here")
    return StatusEntry(url, int(index), purpose)


def read_status_list(document: Mapping[str, Any], entry: StatusEntry, issuer_did: str) -> StatusBits:
    """Return the bits of the list credential `document`, whose proof the caller has checked (3.2, steps 3 to 8).

    Raises:
        StatusListError: it is not the list that `entry` names, not of that purpose, or not by the credential's issuer.
    """
    types = document.get("type")
    subject = document.get("credentialSubject")
    if not isinstance(types, list) or "BitstringStatusListCredential" not in types or not isinstance(subject, Mapping):
        raise StatusListError("what is published there is no status list")
    if document.get("id") != entry.list_url:
        raise StatusListError("what is published there is another list")
    issuer = document.get("issuer")
    if (issuer.get("id") if isinstance(issuer, Mapping) else issuer) != issuer_did:
        raise StatusListError("the status list is by another issuer than the credential")
    if subject.get("type") != "BitstringStatusList" or subject.get("statusPurpose") != entry.purpose:
        raise StatusListError(f"the status list is not for {entry.purpose[:40]!r}")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise StatusListError("the status list has no bits")
    return decode_bits(encoded)
