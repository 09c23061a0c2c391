"""A new site: complete, completed when made again, and nothing that is there is ever overwritten."""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.catalogue import course_ids
from courses.errors import NameRefusedError, SettingsError, StorageError
from courses.settings import SiteSettings, load_site
from courses.typed_toml import parse_typed
from issuer.errors import KeyFileError
from portal.cli.app import main
from portal.site_making import make_site, settings_text
from tests.portal.commands import Ran, assert_diagnosed, mounted
from tests.small_site import WANTED

SAMPLE = "data-cleaning-with-pandas"


def snapshot(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_new_site_has_everything_and_its_key_is_its_owners_alone(tmp_path: Path) -> None:
    site = make_site(tmp_path / "deep" / "site", dataclasses.replace(WANTED, samples=(SAMPLE,)))
    assert site.settings.url == WANTED.url
    assert course_ids(site.courses) == [SAMPLE]
    assert stat.S_IMODE(site.keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((site.keys / "issuer.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(site.exchange.stat().st_mode) == 0o777
    assert "/keys/" in (site.root / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    wanted = dataclasses.replace(WANTED, samples=(SAMPLE,))
    site = make_site(tmp_path / "site", wanted)
    before = snapshot(site.root)
    make_site(tmp_path / "site", dataclasses.replace(wanted, name="Another name", url="https://other.example"))
    assert snapshot(site.root) == before


def test_making_it_again_gives_back_what_is_missing_and_leaves_what_was_changed(tmp_path: Path) -> None:
    wanted = dataclasses.replace(WANTED, samples=(SAMPLE,))
    site = make_site(tmp_path / "site", wanted)
    shutil.rmtree(site.courses / SAMPLE)
    shutil.rmtree(site.exchange)
    (site.root / "jupyter_config.py").write_text("# mine\n", encoding="utf-8")
    key = (site.keys / "issuer.pem").read_bytes()
    make_site(tmp_path / "site", wanted)
    assert (site.courses / SAMPLE / "course.toml").is_file()
    assert site.exchange.is_dir()
    assert (site.root / "jupyter_config.py").read_text(encoding="utf-8") == "# mine\n"
    assert (site.keys / "issuer.pem").read_bytes() == key


def test_a_key_that_is_there_already_is_kept_even_if_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "site" / "keys").mkdir(parents=True)
    (tmp_path / "site" / "keys" / "issuer.pem").write_text("my own key", encoding="utf-8")
    make_site(tmp_path / "site", WANTED)
    assert (tmp_path / "site" / "keys" / "issuer.pem").read_text(encoding="utf-8") == "my own key"


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"holds other things \(thesis.tex\)"):
        make_site(tmp_path, WANTED)
    assert snapshot(tmp_path) == {"thesis.tex": b"mine"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="a file, not a folder"):
        make_site(tmp_path / "site", WANTED)


def test_settings_that_do_not_fit_are_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="https address"):
        make_site(tmp_path / "site", dataclasses.replace(WANTED, url="http://badges.uni.example"))
    assert not (tmp_path / "site" / "patunay.toml").exists()
    assert make_site(tmp_path / "site", WANTED).settings.url == WANTED.url


def test_settings_of_ones_own_that_do_not_fit_are_left_as_they_are(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    text = (site.root / "patunay.toml").read_text(encoding="utf-8") + "\n[nosuch]\n"
    (site.root / "patunay.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="nosuch"):
        make_site(tmp_path / "site", WANTED)
    assert (site.root / "patunay.toml").read_text(encoding="utf-8") == text


def test_a_sample_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NameRefusedError, match="no course id"):
        make_site(tmp_path / "site", dataclasses.replace(WANTED, samples=("../../etc",)))


@given(
    st.text(min_size=1).filter(lambda text: text.strip()),
    st.text(min_size=1).filter(lambda text: text.strip()),
)
def test_whatever_the_institution_is_called_the_settings_say_it(name: str, issuer: str) -> None:
    """Quotes, braces, backslashes, line breaks: a name is text, not TOML. Control characters are refused in words."""
    text = settings_text(dataclasses.replace(WANTED, name=name, issuer=issuer))
    try:
        settings = parse_typed(text, SiteSettings, SettingsError, where="patunay.toml")
    except SettingsError as refused:
        assert "control characters" in refused.problem
        return
    assert (settings.name, settings.issuer.name) == (name.strip(), issuer.strip())


# -- the command --------------------------------------------------------------------------------------------------------------------------


def init(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    code = main(["init", *arguments])
    shown = capsys.readouterr()
    return Ran(code, shown.out, shown.err)


def test_init_says_where_the_site_is_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = init(capsys, str(tmp_path / "site"))
    assert (ran.code, ran.out) == (0, f"The site is ready in {tmp_path / 'site'}.\n")
    assert "back it up" in ran.err
    assert f"patunay check {course_ids(load_site(tmp_path / 'site').courses)[0]}" in ran.err
    ran = init(capsys, str(tmp_path / "site"), "--json")
    assert ran.json()["key"] == str(tmp_path / "site" / "keys" / "issuer.pem")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--url", "http://x.example"), "'http://x.example' is not an https address"),
        (("--country", "Philippines"), "country"),
        (("--did-method", "webs"), "did_method"),
        (("--name", ""), "name"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_wrong_settings_are_told_with_their_field(
    wrong: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_diagnosed(init(capsys, str(tmp_path / "site"), *wrong), "patunay.toml", told, "Correct the fields")


def test_a_full_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcde":
        (tmp_path / name).touch()
    assert_diagnosed(init(capsys, str(tmp_path)), str(tmp_path), "holds other things (a, b, c, …)", "Give a new or empty folder.")


@pytest.mark.parametrize("name", ["exchange", "keys", "work", "source_notebooks"])
def test_a_file_in_the_place_of_a_folder_is_told(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / name).write_text("mine", encoding="utf-8")
    assert_diagnosed(init(capsys, str(tmp_path / "site")), str(tmp_path / "site" / name))
    assert (tmp_path / "site" / name).read_text(encoding="utf-8") == "mine"


def test_a_key_folder_of_somebody_else_is_told(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    (site.keys / "issuer.pem").unlink()
    site.keys.rmdir()
    (tmp_path / "elsewhere").touch()
    site.keys.symlink_to(tmp_path / "elsewhere")
    with pytest.raises((KeyFileError, StorageError, FileExistsError)):
        make_site(tmp_path / "site", WANTED)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are the user's alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="nothing is forbidden to root, and only root can become somebody else")
def test_a_place_that_one_may_not_write_to_is_told(open_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_site(tmp_path / "site", WANTED)  # so that everything is imported while we may read it
    os.seteuid(65534)
    try:
        ran = init(capsys, str(open_folder / "site"), "--no-samples")
    finally:
        os.seteuid(0)
    assert_diagnosed(ran, str(open_folder / "site"), "permission denied", "write permission")
    assert list(open_folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_disk_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mounted("-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)):
        assert_diagnosed(init(capsys, str(tmp_path / "site")), str(tmp_path / "site"), "the file system is read-only", "Use a folder")
