"""Verifying takes a credential from wherever people keep it, and asks only whom it was told to ask."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from courses.settings import Site
from issuer.credential_files import file_name
from issuer.errors import DocumentUnreadableError
from issuer.issuing import issue_batch
from issuer.ledger import credentials_of
from issuer.publishing import publish_site
from issuer.verification import Verdict
from portal.verifying import Verified, make_resolver, read_credential, verify_source
from tests.issuer.governed import approved, governed_site, identity_of, ledger_of, standing_of
from tests.portal.commands import patunay
from tests.small_site import NOW


@dataclass(frozen=True)
class Issued:
    """A site with one published credential."""

    site: Site
    base: Path
    """The credential's files, without their endings."""

    def file(self, ending: str) -> str:
        return f"{self.base}.{ending}"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    site = governed_site(tmp_path_factory.mktemp("verifying") / "site")
    standing = standing_of(site, 1)
    with ledger_of(site) as session:
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        publish_site(site, identity_of(site), session, now=NOW)
        (credential,) = credentials_of(session)
        yield Issued(site, site.root / "credentials" / file_name(credential.id))


def verified(source: str, here: Path, *, published: tuple[Path, ...] = ()) -> Verified:
    return verify_source(source, resolver=make_resolver(here, published=published, offline=True), now=NOW, offline=True)


def verdict(result: Verified) -> Verdict:
    assert result.report is not None, result.problem
    return result.report.verdict


@pytest.mark.parametrize("ending", ["json", "png", "pdf"])
def test_all_three_files_carry_the_same_credential(ending: str, issued: Issued) -> None:
    assert read_credential(issued.file(ending)) == read_credential(issued.file("json"))
    assert verdict(verified(issued.file(ending), issued.site.root)) is Verdict.VALID


def test_the_kind_of_a_file_is_told_by_its_content_not_by_its_name(issued: Issued, tmp_path: Path) -> None:
    (tmp_path / "badge.txt").write_bytes(Path(issued.file("png")).read_bytes())
    assert verdict(verified(str(tmp_path / "badge.txt"), issued.site.root)) is Verdict.VALID


def test_outside_of_the_site_without_a_copy_nobody_is_asked_and_nothing_is_relied_on(issued: Issued, tmp_path: Path) -> None:
    result = verified(issued.file("json"), tmp_path)
    assert verdict(result) is Verdict.CANNOT_CHECK
    assert not result.is_good


def test_outside_of_the_site_a_copy_of_what_it_publishes_is_enough(issued: Issued, tmp_path: Path) -> None:
    result = verified(issued.file("json"), tmp_path, published=(issued.site.root,))
    assert result.is_good


@pytest.mark.parametrize("field", ["name", "validFrom", "id"])
def test_a_changed_letter_is_never_good(field: str, issued: Issued, tmp_path: Path) -> None:
    document = json.loads(Path(issued.file("json")).read_text(encoding="utf-8"))
    document[field] = {"name": "A huge course", "validFrom": "2020-01-01T00:00:00Z", "id": "urn:uuid:00000000-0000-4000-8000-000000000000"}[
        field
    ]
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    result = verified(str(path), issued.site.root)
    assert verdict(result) is Verdict.ALTERED
    assert not result.is_good


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<svg/>", "not an SVG picture"),
        (b"  \n<html>", "not an SVG picture"),
        (b"", "there is nothing in it"),
        (b" \n", "there is nothing in it"),
        (b"\xff\xfe", ""),
        (b"[1, 2]", ""),
        (b'{"a": 1, "a": 2}', ""),
        (b"\x89PNG\r\n\x1a\n", ""),
        (b"%PDF-1.7", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_what_cannot_be_read_is_told_and_never_raised(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    result = verified(str(path), tmp_path)
    assert (result.report, result.is_good) == (None, False)
    assert told in result.problem
    assert result.problem


def test_a_jwt_of_another_algorithm_is_told_and_not_relied_on(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"eyJhbGciOiJFZERTQSJ9.e30.x")
    result = verified(str(path), tmp_path)
    assert verdict(result) is Verdict.CANNOT_CHECK
    assert not result.is_good


def test_pipes_and_devices_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for source in (tmp_path / "pipe.json", Path("/dev/zero")):
        with pytest.raises(DocumentUnreadableError, match="a pipe or a device"):
            read_credential(str(source))


def _write_empty(path: Path) -> None:
    path.touch()


def _write_huge(path: Path) -> None:
    with path.open("wb") as stream:
        os.ftruncate(stream.fileno(), 2**30)


def _write_plain_picture(path: Path) -> None:
    Image.new("RGB", (8, 8)).save(path, "PNG")


def _write_long_narrative(path: Path) -> None:
    path.write_text(json.dumps({"narrative": "x" * 2_000_000}), encoding="utf-8")


def _write_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "told"),
    [
        (_write_empty, "there is nothing in it"),
        (_write_huge, "larger than 16 MiB"),
        (_write_plain_picture, "there is no credential in this picture"),
        (_write_long_narrative, "262,144 are allowed"),
        (_write_pipe, "a pipe or a device"),
    ],
)
def test_the_command_answers_odd_files_in_plain_words(write: Callable[[Path], None], told: str, tmp_path: Path) -> None:
    write(tmp_path / "file")
    ran = patunay("verify", "file", "--offline", cwd=tmp_path)
    assert ran.code == 1
    assert told in ran.out
    assert "Traceback" not in ran.out + ran.err
    (listed,) = patunay("verify", "file", "--offline", "--json", cwd=tmp_path).json()
    assert listed["verdict"] == "unreadable"
    assert told in listed["problem"]


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        os.ftruncate(stream.fileno(), 2**40)
    with pytest.raises(DocumentUnreadableError, match="larger than 16 MiB"):
        read_credential(str(path))


def test_an_address_is_not_fetched_offline() -> None:
    with pytest.raises(DocumentUnreadableError, match="cannot be fetched with --offline"):
        read_credential("https://badges.uni.example/c.json", offline=True)
