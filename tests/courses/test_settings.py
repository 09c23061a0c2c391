from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from courses.errors import SettingsError
from courses.settings import load_site
from tests.courses.tiny_site import SETTINGS


def write(root: Path, text: str = SETTINGS) -> Path:
    (root / "patunay.toml").write_text(text, encoding="utf-8")
    return root


def test_a_site_is_found_from_any_folder_inside_it(tmp_path: Path) -> None:
    write(tmp_path)
    deep = tmp_path / "work" / "x"
    deep.mkdir(parents=True)
    assert load_site(deep).root == load_site(tmp_path).root == tmp_path


def test_the_nearest_site_counts(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner", SETTINGS.replace("Test site", "Inner site"))
    assert load_site(tmp_path / "inner").settings.name == "Inner site"


def test_outside_a_site_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is not inside a Patunay site\n.*patunay init"):
        load_site(tmp_path)


def test_what_is_not_said_has_safe_defaults(tmp_path: Path) -> None:
    site = load_site(write(tmp_path))
    assert site.settings.approval.two_person is True
    assert site.settings.timezone == "Asia/Manila"
    assert site.courses == tmp_path / "source_notebooks"
    assert site.exchange == tmp_path / "exchange"
    assert site.keys == tmp_path / "keys"
    assert site.course_root("tiny-course") == tmp_path / "work" / "tiny-course"


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("sqlite:///ledger.db", "sqlite:///{root}/ledger.db"),
        ("sqlite:////srv/ledger.db", "sqlite:////srv/ledger.db"),
        ("postgresql+psycopg://me:secret@db/ledger", "postgresql+psycopg://me:secret@db/ledger"),
    ],
)
def test_a_relative_ledger_lies_in_the_site(tmp_path: Path, url: str, resolved: str) -> None:
    site = load_site(write(tmp_path, f'ledger = "{url}"\n{SETTINGS}'))
    assert site.ledger_url == resolved.format(root=tmp_path)


@pytest.mark.parametrize("address", ["https://a.example", "https://a.example/"])
def test_public_addresses_have_one_slash_between_their_parts(tmp_path: Path, address: str) -> None:
    site = load_site(write(tmp_path, SETTINGS.replace("https://badges.uni.example", address)))
    assert site.published("status", "1.json") == "https://a.example/status/1.json"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ('timezone = "Asia/Manilla"\n', "'Asia/Manilla' is no time zone"),
        ('timezone = "../../etc/passwd"\n', "is no time zone"),
        ("colour = 3\n", "colour: unknown key"),
        ("[grading]\ncell_timeout = 3.0\n", "grading.cell_timeout: unknown key; did you mean 'cell_timeout_s'"),
        ("[grading]\ncell_timeout_s = 0.0\n", "grading.cell_timeout_s"),
        ("[grading]\nmemory_bytes = 1000\n", "grading.memory_bytes"),
        ('[grading]\nsandbox = "off"\n', "grading.sandbox"),
        ("[grading]\njobs = -1\n", "grading.jobs"),
        ('[approval]\ntwo_person = "no"\n', "approval.two_person"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_their_field(tmp_path: Path, extra: str, told: str) -> None:
    text = extra + SETTINGS if not extra.startswith("[") else SETTINGS + extra
    with pytest.raises(SettingsError, match=told):
        load_site(write(tmp_path, text))


def test_a_site_must_be_published_over_https(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"url: .* is not an https address"):
        load_site(write(tmp_path, SETTINGS.replace("https://badges", "http://badges")))


def test_a_day_is_the_one_where_the_institution_is(tmp_path: Path) -> None:
    site = load_site(write(tmp_path))
    assert site.day_of(datetime(2026, 11, 29, 15, 59, tzinfo=UTC)) == date(2026, 11, 29)
    assert site.day_of(datetime(2026, 11, 29, 16, 0, tzinfo=UTC)) == date(2026, 11, 30)
