"""Tells whether two texts are one program: trivial compiler equivalence (Papadakis et al., ICSE 2015). Pure."""

from __future__ import annotations

import ast
import hashlib
import marshal
import warnings

from autograder.mutation.edits import without_magics
from courses.python_syntax import parse

_WITHOUT_REFERENCES = 2
"""The form of marshal in which equal values are equal bytes, however often Python happens to share them."""


def program_of(text: str) -> str | None:
    """Return what stands for the program that `text` compiles to, wherever its lines stand; None if it does not compile."""
    try:
        tree = parse(without_magics(text))
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                place: ast.expr = node  # type: ignore[assignment]
                place.lineno = place.end_lineno = 1
                place.col_offset = place.end_col_offset = 0
        with warnings.catch_warnings(action="ignore"):  # `1 is 1` and its like are warned of
            code = compile(tree, "<cell>", "exec", dont_inherit=True, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError):
        return None
    return hashlib.sha256(marshal.dumps(code, _WITHOUT_REFERENCES)).hexdigest()
