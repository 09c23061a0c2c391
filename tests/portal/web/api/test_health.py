"""`healthz`, as a monitor asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.site_making import make_site
from portal.web.api.health import look_at
from tests.portal.web.public.conftest import issued_site
from tests.portal.web.running import running_portal
from tests.small_site import WANTED

NOW = datetime.now(UTC)


def test_a_new_site_is_well(tmp_path: Path) -> None:
    assert look_at(make_site(tmp_path / "site", WANTED), NOW).is_ok


@pytest.mark.slow
def test_what_is_missing_damaged_or_old_is_told_by_a_word(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site, _ = issued_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    assert look_at(site, NOW).is_ok
    assert dict(look_at(site, NOW + timedelta(days=800)).checks)["status list"] == "out of date"
    status = site.root / "status" / "1.json"
    status.write_text("{")
    assert dict(look_at(site, NOW).checks)["status list"] == "not readable"
    status.unlink()
    assert dict(look_at(site, NOW).checks)["status list"] == "not published"
    (site.root / "ledger.db").write_bytes(b"no database " * 100)
    assert dict(look_at(site, NOW).checks)["ledger"] == "not readable"


@pytest.mark.slow
def test_a_monitor_gets_a_status_without_names_versions_or_addresses(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site, _ = issued_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    with running_portal(site) as running:
        well = running.visitor().get("healthz")
        assert (well.status_code, well.json()) == (200, {"status": "ok", "checks": {"ledger": "ok", "keys": "ok", "status list": "ok"}})
        assert "Server" not in well.headers
        assert "Set-Cookie" not in well.headers
        (site.root / "did.json").unlink()
    with running_portal(site) as running:
        ill = running.visitor().get("healthz")
        assert ill.status_code == 503
        assert json.loads(ill.text)["checks"]["keys"] == "not published"
        assert str(site.root) not in ill.text
