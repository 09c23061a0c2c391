"""Reads Python text into its syntax tree, one at a time.

CPython 3.11 counts the depth of a tree that it hands out in one place for all threads: where a thread is interrupted in the middle (garbage is collected, and
a finalizer runs Python) and another reads a text meanwhile, the first fails with "SystemError: AST constructor recursion depth mismatch".
"""

from __future__ import annotations

import ast
import threading

_READING = threading.Lock()


def parse(text: str) -> ast.Module:
    """Return the syntax tree of `text`.

    Raises:
        SyntaxError: it is no Python.
        ValueError: it holds a null byte.
        RecursionError: it is nested too deeply.
    """
    with _READING:
        return ast.parse(text)
