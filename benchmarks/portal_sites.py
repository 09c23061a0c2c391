"""Makes the site that `benchmarks.portal` measures: a course with learners and their results, a ledger with many credentials, every one of them really signed.

The credentials say what the small course's would; their learners are made up, the first of them have results in the gradebook too. One in ten has a page that its
holder shares. For PostgreSQL the same ledger and gradebook are copied there, the ledger by the function behind `patunay ledger copy`.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.api import Base
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from benchmarks.batches import enter_many
from courses.databases import open_engine
from courses.settings import Site, load_site
from issuer.award_rows import AwardRow
from issuer.batches import draft_batch
from issuer.credential import signable_achievement
from issuer.forked_work import forked_work
from issuer.identity import load_identity
from issuer.issuing import Desk, Order, Signed, StatusPlaces, ledger_columns
from issuer.ledger import Batch, Credential, SharedPage, open_ledger
from issuer.ledger_copying import copy_ledger
from issuer.standing import read_standing
from issuer.status_publishing import publish_status_lists
from issuer.template_signing import TemplateSigner
from tests.small_site import COURSE, released_site

_AT_ONCE = 1_000
_ONE_SHARED_OF = 10


@dataclass(frozen=True, slots=True)
class Addresses:
    """What is asked for."""

    numbers: tuple[str, ...]
    """UUIDs of all credentials."""
    tokens: tuple[str, ...]
    """Of the pages that are shared."""
    learners: tuple[str, ...]
    """Who have results."""


def make_portal_site(folder: Path, *, credentials: int, learners: int) -> Site:
    """Make the site in `folder`, on SQLite."""
    site, now = released_site(folder / "site", folder), datetime.now(UTC)
    enter_many(site, learners)
    with open_ledger(site.ledger_url) as session:
        standing, identity = read_standing(site, COURSE), load_identity(site)
        pattern = next(iter(draft_batch(standing, session).rows))
        achievement = signable_achievement(standing.manifest, site.settings.url.rstrip("/"))
        batch = _batch(standing.release.content_hash, now)
        desk = Desk(batch, standing.manifest, site, identity, now, TemplateSigner(identity.signer, now), achievement)
        places = StatusPlaces(session)
        orders = (
            Order(number, row.learner, row.model_dump_json(), places.take()) for number, row in enumerate(_rows(pattern, credentials))
        )
        session.add(_batch(standing.release.content_hash, now))
        session.flush()
        with forked_work(desk.sign, 2) as work:
            some: list[Signed] = []
            for signed in work(orders):
                some.append(signed)
                if len(some) == _AT_ONCE:
                    _enter(session, desk, some)
                    some = []
            _enter(session, desk, some)
        session.commit()
    with open_ledger(site.ledger_url) as session:
        (site.root / "did.json").write_text(json.dumps(identity.document), encoding="utf-8")
        publish_status_lists(site, identity, session, now=now)
    return site


def _rows(pattern: AwardRow, count: int) -> Iterator[AwardRow]:
    for number in range(count):
        name = f"learner{number:06}"
        yield pattern.model_copy(update={"learner": name, "email": f"{name}@learners.example", "name": f"Ligaya Numero {number}"})


def _batch(release: str, now: datetime) -> Batch:
    earlier = (now - timedelta(days=1)).isoformat()
    return Batch(
        id="00000000-0000-4000-8000-000000000001", course=COURSE, version="1.0.0", release_hash=release, content_hash="0" * 64, state="issued",
        prepared_by="Ana", prepared_at=earlier, approved_by="Ben", approved_at=earlier, issued_at=now.isoformat(),
    )  # fmt: skip


def _enter(session: Session, desk: Desk, some: Sequence[Signed]) -> None:
    if not some:
        return
    refused = [each for each in some if each.refusal]
    if refused:
        raise SystemExit(f"a credential was refused: {refused[0].refusal}")
    shared = some[::_ONE_SHARED_OF]
    session.execute(insert(Credential), [ledger_columns(each, desk) for each in some])
    session.execute(
        insert(SharedPage),
        [
            {"token": secrets.token_urlsafe(32), "credential_id": each.credential, "show_grade": True, "show_evidence": True, "give_file": True,
             "shared_at": desk.now.isoformat()}
            for each in shared
        ],
    )  # fmt: skip


def read_addresses(site: Site, *, learners: int) -> Addresses:
    """Return what can be asked for."""
    with open_ledger(site.ledger_url) as session:
        numbers = tuple(str(uuid.UUID(each)) for each in session.scalars(select(Credential.id)))
        tokens = tuple(session.scalars(select(SharedPage.token)))
    return Addresses(numbers, tokens, tuple(f"learner{number:06}" for number in range(1, learners)))


def move_to_postgresql(site: Site, ledger_url: str, gradebook_url: str) -> Site:
    """Copy the ledger and the gradebook, our records of grading with it, and make the site use them."""
    copy_ledger(site.ledger_url, ledger_url)
    settings = site.root / "patunay.toml"
    lines = [line for line in settings.read_text(encoding="utf-8").splitlines() if not line.startswith("ledger")]
    settings.write_text("\n".join([f'ledger = "{ledger_url}"', *lines]) + "\n", encoding="utf-8")
    course = site.course_root(COURSE)
    _copy_gradebook(f"sqlite:///{course / 'gradebook.db'}", gradebook_url)
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {gradebook_url!r}\n")
    return load_site(site.root)


def _copy_gradebook(source: str, target: str) -> None:
    old, new = open_engine(source), open_engine(target)
    Base.metadata.create_all(new)
    with old.connect() as reading, new.begin() as writing:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row) for row in reading.execute(select(table)).mappings()]
            for start in range(0, len(rows), _AT_ONCE):
                writing.execute(insert(table), rows[start : start + _AT_ONCE])
        version = reading.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        writing.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        writing.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
    old.dispose()
    new.dispose()
