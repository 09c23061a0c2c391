"""The settings of one site: `patunay.toml` as frozen values, and where things lie in the site's folder.

A site is one installation: settings, keys, databases, courses and what they produced, all under one folder, so that it can be copied and
backed up as a whole. Relative paths are relative to that folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from courses.errors import SettingsError
from courses.limits import DiskSize, FileSize, Memory, OpenFiles, Output, Processes, Seconds
from courses.manifest import AchievementType, Text, Url
from courses.typed_toml import TypedTable, load_typed

FILE_NAME = "patunay.toml"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise ValueError(f"{name!r} is no time zone such as Asia/Manila") from unknown
    return name


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError as unknown:
        raise ValueError(f"{text!r} is no address or network such as 10.0.0.7 or 10.0.0.0/8") from unknown
    return text


class Issuer(TypedTable):
    """Who signs: the institution as credentials name it."""

    name: Text
    legal_name: Text | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    url: Url
    email: Text
    did_method: Literal["web", "key"] = "web"
    """`web`: the key is published at `<site url>/.well-known/did.json`. `key`: the identifier is the key, for trying out."""
    passphrase_file: Text | None = None
    """Where the passphrase of an encrypted key is; None: it is asked for on the terminal."""
    seal: Text | None = None
    """A PNG or SVG picture for the certificate."""
    linkedin_id: Annotated[str, Field(pattern=r"^[0-9]{1,12}$")] | None = None
    """The institution's number on LinkedIn; None: its name is given."""
    pictures_up_to: Annotated[int, Field(ge=0)] = 500
    """The largest batch whose badges and certificates are drawn unasked."""


class Paths(TypedTable):
    """Folders of the site."""

    courses: Text = "source_notebooks"
    work: Text = "work"
    exchange: Text = "exchange"
    keys: Text = "keys"


class Grading(TypedTable):
    """Limits of grading."""

    jobs: Annotated[int, Field(ge=0)] = 0
    """How many submissions are graded at once; 0: one a core."""
    cell_timeout_s: Seconds = 30.0
    submission_timeout_s: Seconds = 600.0
    memory_bytes: Memory = 4 * 2**30
    output_bytes: Output = 16 * 2**20
    cell_cpu_s: Seconds = 60.0
    submission_cpu_s: Seconds = 600.0
    total_memory_bytes: Memory = 6 * 2**30
    processes: Processes = 256
    open_files: OpenFiles = 512
    file_bytes: FileSize = 128 * 2**20
    disk_bytes: DiskSize = 256 * 2**20
    cell_output_bytes: Output = 4 * 2**20
    restart_after_death: bool = False
    """Whether a kernel that ended is started anew before the next answer cell."""
    sandbox: Literal["required", "best-effort"] = "best-effort"


class Approval(TypedTable):
    """Who may approve a batch."""

    two_person: bool = True
    """Whether the approver must be someone else than the preparer."""
    one_person_types: tuple[AchievementType, ...] = ()
    """Achievement types, such as Badge for practice, of which one person is enough if the course carries no credit."""
    withdraw_alone: Annotated[int, Field(ge=0)] = 10
    """How many credentials one person may withdraw at once; more wait for a second person's decision."""


class Gate(TypedTable):
    """What the release gate asks beyond its rules."""

    minimum_mutation_score: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of mutants that an assignment's tests must notice, or it is not released. None: less than 0.9 is a warning."""
    depth: Literal["plan", "rehearsal", "mutation"] = "mutation"
    """What `patunay release` runs of what was not run before: what grading needs, the full rehearsal, or mutants too."""


class Review(TypedTable):
    """Who has to approve a course before its release."""

    required: bool = False
    """Whether a course without these approvals is refused; otherwise a warning says so."""
    approvals: Annotated[int, Field(ge=1)] = 1
    """How many people have to approve the very content that is released; never an author, nor who submitted it."""
    roles: tuple[Text, ...] = ()
    """In which roles, each by another person."""


class Retention(TypedTable):
    """How long the ledger keeps what it needs no more. None: for ever."""

    batch_rows_days: Annotated[int, Field(ge=1)] | None = None
    decisions_days: Annotated[int, Field(ge=1)] | None = None


class Portal(TypedTable):
    """How the pages are served."""

    workers: Annotated[int, Field(ge=0, le=64)] = 0
    """How many processes answer; 0: two where the machine has two cores or more, otherwise one."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """Addresses or networks of web servers on other machines whose word about a visitor's address and protocol counts; this machine's always do."""


class SiteSettings(TypedTable):
    """What `patunay.toml` may say."""

    name: Text
    url: Url
    """Where the site is published, without a trailing slash: addresses in credentials begin with it."""
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Manila"
    ledger: Text = "sqlite:///ledger.db"
    """Where credentials are recorded: a SQLAlchemy database address."""
    issuer: Issuer
    paths: Paths = Paths()
    grading: Grading = Grading()
    approval: Approval = Approval()
    review: Review = Review()
    gate: Gate = Gate()
    retention: Retention = Retention()
    portal: Portal = Portal()


@lru_cache(maxsize=64)  # asked for with every look into the ledger
def _database_url(root: Path, url: str) -> str:
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return f"{prefix}{root / url.removeprefix(prefix)}"
    return url


@dataclass(frozen=True, slots=True)
class Site:
    """A site's folder together with its settings."""

    root: Path
    settings: SiteSettings

    @property
    def courses(self) -> Path:
        """The folder with one sub-folder a course."""
        return self.root / self.settings.paths.courses

    @property
    def exchange(self) -> Path:
        """nbgrader's exchange."""
        return self.root / self.settings.paths.exchange

    @property
    def keys(self) -> Path:
        """The issuer's keys."""
        return self.root / self.settings.paths.keys

    @property
    def ledger_url(self) -> str:
        """The ledger's database address, with a relative SQLite file resolved in the site's folder."""
        return _database_url(self.root, self.settings.ledger)

    def course_root(self, course: str) -> Path:
        """nbgrader's course directory of `course`: gradebook.db, release, submitted, autograded."""
        return self.root / self.settings.paths.work / course

    def day_of(self, moment: datetime) -> date:
        """The calendar day of an aware moment where the institution is."""
        return moment.astimezone(ZoneInfo(self.settings.timezone)).date()

    def published(self, *parts: str) -> str:
        """The public address of a thing of the site."""
        return "/".join([self.settings.url.rstrip("/"), *parts])


def load_site(start: Path) -> Site:
    """Return the site that `start` lies in: the nearest folder upwards with a `patunay.toml`.

    Raises:
        SettingsError: there is none, or it does not fit.
    """
    here = Path(os.path.abspath(start))
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return Site(folder, load_typed(folder / FILE_NAME, SiteSettings, SettingsError))
    raise SettingsError(
        f"{here} is not inside a Patunay site",
        remedy=f"Run `patunay init DIR` to make one, or name one with `--site DIR` (a folder with a {FILE_NAME}).",
    )
