"""Makes a new site: settings, folders, the issuer's key, the Jupyter configuration, example courses. Doing it again completes what is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from courses.errors import SettingsError
from courses.names import course_id
from courses.samples import samples_folder
from courses.settings import FILE_NAME, Site, load_site
from courses.storage import diagnosed_storage, replace_folder, write_atomically
from issuer.identity import ensure_key

_TEMPLATES = Path(__file__).resolve().parent / "site_template"
_COPIED = ("jupyter_config.py", "nbgrader_config.py")
_GITIGNORE = "/keys/\n/work/\n/exchange/\n/ledger.db*\n/credentials/\n/gradebook/\n/reports/\n/hub/\n/people.toml\n"


@dataclass(frozen=True, slots=True)
class NewSite:
    """What to write into a new site's settings."""

    name: str
    url: str
    issuer: str
    issuer_url: str
    email: str
    country: str = "PH"
    did_method: str = "web"
    samples: tuple[str, ...] = ()
    """The sample courses to copy."""


def make_site(folder: Path, wanted: NewSite) -> Site:
    """Make the site in `folder`, or complete it, and return it. What is there is never overwritten.

    Raises:
        SettingsError: the settings do not fit, or `folder` holds other things.
        StorageError: the folder cannot be written to.
        KeyFileError: the key cannot be made or is readable by others.
    """
    root = Path(os.path.abspath(folder))
    settings = root / FILE_NAME
    if not settings.is_file():
        _require_empty(root)
    with diagnosed_storage(root):
        for name in ("source_notebooks", "work"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "keys").mkdir(mode=0o700, exist_ok=True)
        exchange = root / "exchange"
        exchange.mkdir(exist_ok=True)
        exchange.chmod(0o777)
    for name in _COPIED:
        _write_once(root / name, (_TEMPLATES / name).read_text(encoding="utf-8"))
    _write_once(root / ".gitignore", _GITIGNORE)
    for sample in wanted.samples:
        _copy_sample(sample, root)
    for manifest in (root / "source_notebooks").glob("*/course.toml"):
        (root / "work" / manifest.parent.name).mkdir(exist_ok=True)  # so that nbgrader's own commands find their course directory
    _write_once(settings, settings_text(wanted))
    try:
        site = load_site(root)
    except SettingsError:
        if settings.read_text(encoding="utf-8") == settings_text(wanted):
            settings.unlink()  # so that the next try can write better ones
        raise
    ensure_key(site)
    return site


def settings_text(wanted: NewSite) -> str:
    """Return the text of `patunay.toml` for a new site."""
    values = {
        "name": wanted.name,
        "url": wanted.url.rstrip("/"),
        "issuer": wanted.issuer,
        "country": wanted.country,
        "issuer_url": wanted.issuer_url,
        "email": wanted.email,
        "did_method": wanted.did_method,
    }
    text = (_TEMPLATES / FILE_NAME).read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda match: _quoted(values[match[1]]), text)


def _quoted(value: str) -> str:
    """Return `value` as a TOML string. JSON's are, but for DEL, which JSON writes as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _require_empty(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir():
        raise SettingsError("this is a file, not a folder", where=str(root), remedy="Give a new folder.")
    ours = {"source_notebooks", "work", "keys", "exchange", ".gitignore", *_COPIED}
    strange = sorted(path.name for path in root.iterdir() if path.name not in ours)
    if strange:
        raise SettingsError(
            f"the folder holds other things ({', '.join(strange[:3])}{', …' if len(strange) > 3 else ''})",
            where=str(root),
            remedy="Give a new or empty folder.",
        )


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        write_atomically(path, text)


def _copy_sample(sample: str, root: Path) -> None:
    target = root / "source_notebooks" / course_id(sample)
    if target.is_dir():
        return
    with diagnosed_storage(target):
        making = Path(tempfile.mkdtemp(prefix=".copying-", dir=target.parent))
        shutil.copytree(
            samples_folder() / sample, making, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")
        )
        making.chmod(0o755)
    replace_folder(making, target)
