"""What IPython and ipykernel work out again for every cell, worked out once where the answer is known.

Nothing here changes what a cell gives: `tests/autograder/test_shortcuts.py` compares with IPython's own answers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from ipykernel import ipkernel

_MAY_BE_ASSIGNED = re.compile(r"=[\s\\]*[%!]")
_BEGINS_A_COMMAND = frozenset("%!?,;/")


def may_hold_commands(lines: Sequence[str]) -> bool:
    """Whether a cell may hold what only IPython understands: a magic, a shell command, a question, a quoted or called line.

    Source: `IPython.core.inputtransformer2` (`MagicAssign`, `SystemAssign`, `EscapedCommand`, `HelpEnd`).
    """
    if not all(line.endswith("\n") for line in lines):  # lines end in other ways too: IPython has its own views on them
        return True
    begins = any(line.lstrip()[:1] in _BEGINS_A_COMMAND for line in lines if not line.isspace())
    text = "".join(lines)
    return begins or "?" in text or _MAY_BE_ASSIGNED.search(text) is not None


def take_shortcuts(shell: Any) -> None:
    """Let `shell` read only those cells word by word that may hold commands, and ask once what its own methods take."""
    manager = shell.input_transformer_manager
    thorough: Callable[[list[str]], list[str]] = manager.do_token_transforms
    stock = tuple(manager.token_transformers)

    def transform(lines: list[str]) -> list[str]:
        is_stock = tuple(manager.token_transformers) == stock
        return lines if is_stock and not may_hold_commands(lines) else thorough(lines)

    manager.do_token_transforms = transform
    module: Any = ipkernel
    if not hasattr(module._accepts_parameters, "__wrapped__"):
        module._accepts_parameters = _once_for_each_function(module._accepts_parameters)


def _once_for_each_function(ask: Callable[[Any, list[str]], dict[str, bool]]) -> Callable[[Any, list[str]], dict[str, bool]]:
    known: dict[tuple[object, ...], dict[str, bool]] = {}

    @functools.wraps(ask)
    def answer(method: Any, names: list[str]) -> dict[str, bool]:
        function = getattr(method, "__func__", None)
        if function is None:
            return ask(method, names)
        key = (function, *names)
        if key not in known:
            known[key] = ask(method, names)
        return dict(known[key])

    return answer
