"""Verification is for anybody: it needs none of what a site needs."""

from __future__ import annotations

import subprocess
import sys

from tests.portal.commands import REPOSITORY, environment

SITE_ONLY = (
    "sqlalchemy",
    "alembic",
    "pandas",
    "numpy",
    "jupyterhub",
    "tornado",
    "nbformat",
    "nbconvert",
    "nbgrader",
    "typst",
    "portal",
    "autograder",
)

_VERIFY = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None  # importing it fails from here on
from datetime import UTC, datetime
from issuer.resolvers import DidKeyResolver
from issuer.verification import verify_credential
print(verify_credential({}, resolver=DidKeyResolver(), now=datetime.now(UTC)).verdict)
"""


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, ",".join(SITE_ONLY)],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_verification_runs_where_nothing_of_a_site_can_be_imported() -> None:
    ran = _run(_VERIFY)
    assert (ran.returncode, ran.stdout.strip()) == (0, "cannot check"), ran.stderr


def test_the_interpreter_of_that_test_would_fail_at_an_import_of_a_site() -> None:
    ran = _run(_VERIFY + "import issuer.ledger")
    assert ran.returncode == 1
    assert "sqlalchemy" in ran.stderr
