"""What `patunay doctor` looks at of the hub: the programs, the secrets, and whether others can read what they must not."""

from __future__ import annotations

import importlib.util
import os
import stat
from collections.abc import Iterator

from courses.settings import Site
from portal.hub.proxy_program import find_proxy

_PRIVATE = ("proxy-token", "cookie-secret", "try-out-password", "jupyterhub.sqlite")


def examine_hub(site: Site) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, state (ok, warning, missing), what was found and the remedy, of each thing; a site that had no hub yet misses nothing."""
    missing = [name for name in ("jupyterhub", "jupyterhub_idle_culler") if importlib.util.find_spec(name) is None]
    folder = site.root / "hub"
    if missing:
        yield "hub", "warning", f"{' and '.join(missing)} not installed", "For a hub: pip install 'patunay[hub]'"
    elif not folder.is_dir():
        yield "hub", "ok", "installed; this site had none yet", ""
    elif os.access(folder, os.R_OK | os.X_OK):
        proxy = find_proxy(folder)
        yield (
            "hub",
            "ok" if proxy else "warning",
            "with its proxy" if proxy else "no proxy",
            "" if proxy else "`patunay hub` installs it from npm.",
        )
        read = [
            name
            for name in _PRIVATE
            if (folder / name).is_file() and stat.S_IMODE((folder / name).stat().st_mode) & 0o077 and folder.stat().st_mode & 0o077
        ]
        yield (
            "hub: secrets",
            "missing" if read else "ok",
            f"others can read {', '.join(read)}" if read else "only the hub reads them",
            f"chmod 700 {folder}" if read else "",
        )
    yield from _permissions(site)


def _permissions(site: Site) -> Iterator[tuple[str, str, str, str]]:
    if os.geteuid() != 0:
        return
    from portal.hub.unix_accounts import count_strayed

    try:
        strayed = count_strayed(site)
    except KeyError:  # no accounts: no hub with real users
        return
    told = (
        f"{strayed} files and folders have other owners or modes than they should"
        if strayed
        else "learners read neither solutions, gradebooks nor keys"
    )
    yield "hub: permissions", "warning" if strayed else "ok", told, "`patunay hub` puts them right when it starts." if strayed else ""
