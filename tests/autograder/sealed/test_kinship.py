"""Abstract classes that know the learner's classes answer for all others as Python does; each in a process of its own, for they are taught for good."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROTOCOL = """
import collections.abc, functools, typing
from autograder.sealed.kinship import teach_issubclass
teach_issubclass()
class Unchecked(collections.abc.Iterable, typing.Protocol):
    def other(self): ...
class Plain: pass
"""
"""What libraries do that describe their arguments by protocols: whoever loads one has such a class below `Iterable`."""


def _run(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _PROTOCOL + text], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "check",
    [
        "not isinstance(Plain(), collections.abc.Iterable)",
        "not issubclass(Plain, collections.abc.Iterable)",
        "isinstance([], collections.abc.Iterable)",
        "issubclass(Unchecked, collections.abc.Iterable)",
    ],
)
def test_a_protocol_that_a_library_brought_changes_no_answer_of_an_abstract_class(check: str) -> None:
    done = _run(f"assert {check}")
    assert done.returncode == 0, done.stderr


def test_a_protocol_that_cannot_be_checked_still_says_so() -> None:
    done = _run("isinstance(Plain(), Unchecked)")
    assert "TypeError: Instance and class checks can only be used with @runtime_checkable protocols" in done.stderr
