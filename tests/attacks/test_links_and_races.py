"""Links, pipes and devices in what is handed in, and files that change while they are copied. Without its defence: an ordinary copy."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from pathlib import Path

import pytest

from courses.content_hash import folder_sha256
from courses.errors import StorageError
from courses.safe_copy import CopyRefusedError, copy_untrusted
from tests.attacks.arena import Record

pytestmark = pytest.mark.xdist_group("attacks")

SECRET = "hidden tests"


@pytest.fixture
def handed(tmp_path: Path) -> Path:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "gradebook.db").write_text(SECRET, encoding="utf-8")
    (tmp_path / "handed").mkdir()
    (tmp_path / "handed" / "p1.ipynb").write_text("{}", encoding="utf-8")
    return tmp_path / "handed"


def _holds_secret(folder: Path) -> bool:
    return any(path.is_file() and not path.is_symlink() and path.read_text(encoding="utf-8") == SECRET for path in folder.rglob("*"))


def _copied(handed: Path) -> Path:
    target = handed.parent / "ours"
    shutil.rmtree(target, ignore_errors=True)
    with contextlib.suppress(CopyRefusedError, OSError):
        copy_untrusted(handed, target, ignored=())
    return target


LINKS: dict[str, dict[str, str]] = {
    "a link to a file": {"data.csv": "{secret}/gradebook.db"},
    "a link by a relative path": {"data.csv": "../secret/gradebook.db"},
    "a link to a folder": {"data": "{secret}"},
    "a link to a link": {"a": "b", "b": "../secret/gradebook.db"},
    "a link in the notebook's place": {"p1.ipynb": "../secret/gradebook.db"},
    "a link deep in folders": {"a/b/c": "{secret}"},
}
"""By name: which links lie in the submission, and where they lead."""


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_not_followed(handed: Path, name: str, record: Record) -> None:
    for place, target in LINKS[name].items():
        (handed / place).parent.mkdir(parents=True, exist_ok=True)
        (handed / place).unlink(missing_ok=True)
        (handed / place).symlink_to(target.format(secret=handed.parent / "secret"))
    shutil.copytree(handed, handed.parent / "plain")
    record(name, "safe copying", without=_holds_secret(handed.parent / "plain"), behind=_holds_secret(_copied(handed)))
    with pytest.raises(StorageError, match="never followed"):
        folder_sha256(handed)


def test_the_submission_itself_is_no_link(handed: Path, record: Record) -> None:
    link = handed.parent / "link"
    link.symlink_to(handed.parent / "secret")
    shutil.copytree(link, handed.parent / "plain")
    with pytest.raises(OSError, match=r"directory|symbolic"):
        copy_untrusted(link, handed.parent / "ours", ignored=())
    record(
        "the submission is a link",
        "safe copying",
        without=_holds_secret(handed.parent / "plain"),
        behind=_holds_secret(handed.parent / "ours"),
    )


def test_a_pipe_is_not_waited_for(handed: Path, record: Record) -> None:
    os.mkfifo(handed / "helper.py")
    waiting = threading.Thread(target=lambda: (handed / "helper.py").read_bytes(), daemon=True)
    waiting.start()
    waiting.join(0.3)
    waits = waiting.is_alive()
    with pytest.raises(CopyRefusedError, match="no regular file"):
        copy_untrusted(handed, handed.parent / "ours", ignored=())
    (handed / "helper.py").write_bytes(b"")  # lets the thread go
    waiting.join(60)
    record("a pipe that nobody writes to", "safe copying", without=waits, behind=waiting.is_alive())


def test_a_socket_and_a_device_are_refused(handed: Path, record: Record) -> None:
    import socket
    import stat

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(handed / "s"))
        with pytest.raises(CopyRefusedError):
            copy_untrusted(handed, handed.parent / "ours", ignored=())
    (handed / "s").unlink()
    if os.geteuid() != 0:
        pytest.skip("only root makes devices")
    os.mknod(handed / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    with (handed / "zero").open("rb") as endless:
        without = len(endless.read(2**22)) == 2**22
    with pytest.raises(CopyRefusedError, match="no regular file"):
        copy_untrusted(handed, handed.parent / "ours2", ignored=())
    record("a device that never ends", "safe copying", without=without, behind=(handed.parent / "ours2" / "zero").exists())


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_takes_a_places_while_it_is_copied_is_not_followed(handed: Path, kind: str, record: Record) -> None:
    good, link, place = handed.parent / "good", handed.parent / "lnk", handed / "data"
    if kind == "file":
        good.write_text("mine", encoding="utf-8")
    else:
        good.mkdir()
        (good / "gradebook.db").write_text("mine", encoding="utf-8")
    secret = handed.parent / "secret" / ("gradebook.db" if kind == "file" else "")
    link.symlink_to(secret)
    os.rename(good, place)
    looked = not place.is_symlink()  # a copy that looks first ...
    _exchange(place, link)
    read = (place if kind == "file" else place / "gradebook.db").read_text(encoding="utf-8")  # ... and opens then
    _exchange(place, link)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            _exchange(place, link)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        seen = any(_holds_secret(_copied(handed)) for _ in range(150))
    finally:
        over.set()
        swapper.join()
    record(f"a {kind} exchanged for a link meanwhile", "safe copying", without=looked and read == SECRET, behind=seen)


def _exchange(one: Path, other: Path) -> None:
    """Exchange two names in one step (renameat2 with RENAME_EXCHANGE)."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0, os.strerror(ctypes.get_errno())


def test_a_file_that_grows_while_it_is_copied_ends_at_the_limit(handed: Path, record: Record) -> None:
    path, over, small = handed / "grows", threading.Event(), 2**21  # a copy that asks for the size first believes this
    path.write_bytes(bytes(small))

    def grow() -> None:
        with path.open("ab") as file:
            while not over.is_set() and file.tell() < 2**26:
                file.write(bytes(2**16))

    grower = threading.Thread(target=grow)
    grower.start()
    try:
        with pytest.raises(CopyRefusedError, match="larger"):
            copy_untrusted(handed, handed.parent / "ours", ignored=(), maximum_bytes=2**20)
        while path.stat().st_size == small:
            pass
    finally:
        over.set()
        grower.join()
    taken = (handed.parent / "ours" / "grows").stat().st_size
    record("a file that grows meanwhile", "safe copying", without=path.stat().st_size > small, behind=taken > 2**20 + 2**20)
