"""Answers verification's questions about this site's own issuer from the files that it publishes, and names them by their public addresses.

The files are read again when they change, not for every check.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from issuer.did import did_document_url
from issuer.errors import IdentifierError
from issuer.resolvers import DidKeyResolver, FolderResolver, ResolverChain, WebResolver
from issuer.resolving import Found, Resolver


@dataclass(frozen=True, slots=True)
class OwnSiteResolver:
    """What the site in `folder` publishes, believed."""

    folder: Path
    seen: tuple[int, ...] = ()
    """The `published_state` that the caller has just looked at: then the files' times are not looked at again."""

    def find_did_document(self, did: str) -> Found | None:
        """Return the site's DID document if it is that of `did`."""
        return _did_document(self.folder, did, self.seen or (_changed_ns(self.folder / "did.json"),))

    def find_status_list(self, url: str) -> Found | None:
        """Return the site's status list, or notice, whose `id` is `url`."""
        return _status_list(self.folder, url, self.seen or self._list_state(url.rpartition("/")[2]))

    def _list_state(self, name: str) -> tuple[int, ...]:
        status = self.folder / "status"
        return (_changed_ns(status / name), _changed_ns(status / "notices" / name), _changed_ns(status))


def site_resolver(folder: Path, *, ask_others: bool, seen: tuple[int, ...] = ()) -> Resolver:
    """Return where verification looks: the key itself, this site's files, and with `ask_others` other issuers on the web."""
    own: tuple[Resolver, ...] = (DidKeyResolver(), OwnSiteResolver(folder, seen))
    return ResolverChain((*own, WebResolver()) if ask_others else own)


def published_state(folder: Path) -> tuple[int, ...]:
    """Return a value that changes whenever keys, status lists or notices of a site change: when each was written last, in nanoseconds."""
    status = f"{folder}/status"
    try:
        with os.scandir(status) as entries:
            lists = sorted((each.name, each.stat().st_mtime_ns) for each in entries if each.name.endswith(".json"))
    except OSError:  # taken away between two looks: the folder's own time says so
        lists = []
    return (*map(_changed_ns, (f"{folder}/did.json", status, f"{status}/notices")), *(changed for _, changed in lists))


@lru_cache(maxsize=8)
def _did_document(folder: Path, did: str, _changed: tuple[int, ...]) -> Found | None:
    found = FolderResolver(folder, authoritative=True).find_did_document(did)
    return replace(found, origin=_address(did)) if found is not None else None


@lru_cache(maxsize=64)
def _status_list(folder: Path, url: str, _changed: tuple[int, ...]) -> Found | None:
    found = FolderResolver(folder, authoritative=True).find_status_list(url)
    return replace(found, origin=url, written=json.dumps(found.document)) if found is not None else None


def _changed_ns(path: Path | str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # texts, not paths: it is asked for each check
    except OSError:
        return 0


def _address(did: str) -> str:
    try:
        return did_document_url(did)
    except IdentifierError:
        return did
