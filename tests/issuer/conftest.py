"""The issuer's ledger on both databases: a module that says `pytestmark = pytest.mark.usefixtures("ledger_database")` runs once on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.governed import LEDGER
from tests.postgresql_server import new_database, running_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Path]:
    with running_server() as socket:
        yield socket


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.thorough), "postgresql"])  # everybody else's tests are on SQLite
def ledger_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Let `governed_site` make sites on this database; yield its address, None for SQLite in the site."""
    address = new_database(request.getfixturevalue("postgresql")) if request.param == "postgresql" else None
    token = LEDGER.set(address)
    yield address
    LEDGER.reset(token)
