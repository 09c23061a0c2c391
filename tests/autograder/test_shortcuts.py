"""The shortcuts that our kernels take give what IPython gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipykernel import ipkernel, kernelbase
from IPython.core.inputtransformer2 import TransformerManager

from autograder.execution.shortcuts import may_hold_commands

_MANAGER: Any = TransformerManager()  # type: ignore[no-untyped-call]
_PIECES = (
    "x", " ", "  ", "\n", "=", "%", "!", "?", "??", ",", ";", "/", "(", ")", "[", "]", "'", '"', '"""', "\\\n", "#", "\t", "\x0c", "\r\n", "\x0b", "\u2028", "\xa0",
    "def f():", "return", "%%time", "%time", "!ls", "ls?", "a = %time 1", "b = !ls", "a = \\\n  %time 1", ",f a", ";f a", "/f 1", "5 % 2", "x != 1", "'%d' % 3",
    ">>> 1", "...", "In [1]: x", "é", "@f", "lambda: 0", "if x:\n    !ls", "f'{x!r}'", "x //= 2", "a = b = %time 1",
)  # fmt: skip


@pytest.mark.slow
@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
@settings(max_examples=1500, deadline=None)
def test_a_cell_that_is_not_read_word_by_word_is_one_that_ipython_leaves_alone(cell: str) -> None:
    lines = f"{cell}\n".splitlines(keepends=True)
    if not may_hold_commands(lines):
        assert _MANAGER.do_token_transforms(list(lines)) == lines


@pytest.mark.parametrize(
    "cell", ["%time 1", "  !ls", "x = %time 1", "x = !ls", "x = \\\n !ls", "len?", "?len", ",f a", ";f a", "/f 1", "if x:\n    %time 1"]
)
def test_a_cell_with_a_command_is_read_word_by_word(cell: str) -> None:
    assert may_hold_commands(f"{cell}\n".splitlines(keepends=True))


def test_most_cells_of_a_course_are_not_read_word_by_word() -> None:
    cell = 'def f(n):\n    """Halve."""\n    return n % 2 != 0 or n / 2 > 1  # the rest\nassert f(3), "%s" % 3\n'
    assert not may_hold_commands(cell.splitlines(keepends=True))


def test_what_a_method_takes_is_answered_as_ipykernel_does() -> None:
    from autograder.execution.shortcuts import _once_for_each_function

    class Shell:
        def run(self, cell: str, *, cell_id: str | None = None) -> None: ...
        def run_any(self, **more: object) -> None: ...

    ask = getattr(ipkernel._accepts_parameters, "__wrapped__", kernelbase._accepts_parameters)  # type: ignore[attr-defined]
    answer = _once_for_each_function(ask)
    for method in (Shell().run, Shell().run, Shell().run_any, lambda cell_meta: None):
        assert answer(method, ["cell_id", "cell_meta"]) == ask(method, ["cell_id", "cell_meta"])
