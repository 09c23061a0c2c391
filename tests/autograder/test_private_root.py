"""The private root of a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.sandbox.private_root import build_root


def test_no_root_is_built_where_it_would_be_the_whole_machines(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in a mount name space of one's own only"):
        build_root(str(tmp_path), ("/usr",), None, size_bytes=1 << 20)
    assert list(tmp_path.iterdir()) == []
