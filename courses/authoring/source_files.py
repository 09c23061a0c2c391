"""Opens what an author brings: notebooks, and jupytext's texts (Markdown, MyST, Python in percent or light form). Untrusted: sized, parsed, never run."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import Any

from courses.errors import NotebookError
from courses.notebook import MAXIMUM_BYTES, read_notebook_json

FORMS = (".ipynb", ".md", ".py")
_MAXIMUM_TEXT_BYTES = 8 * 2**20
"""Of a jupytext file: it has no outputs."""


def read_source(path: Path) -> Any:
    """Return the notebook at `path`, whatever form it has.

    Raises:
        NotebookError: it is no file, too large, of no known form, or cannot be read.
    """
    if path.suffix.lower() not in FORMS:
        raise NotebookError(
            f"files that end in {path.suffix or 'nothing'} are not read",
            where=str(path),
            remedy=f"Give a file that ends in {', '.join(FORMS)}.",
        )
    is_notebook = path.suffix.lower() == ".ipynb"
    text = read_text(path, MAXIMUM_BYTES if is_notebook else _MAXIMUM_TEXT_BYTES)
    return read_notebook_json(text, where=str(path)) if is_notebook else parse_text(text, path.suffix.lower(), where=str(path))


def read_text(path: Path, maximum_bytes: int) -> str:
    """Return the text of a regular file.

    Raises:
        NotebookError: it is something else, too large, or no UTF-8.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as refusal:
        raise NotebookError(f"the file cannot be read: {refusal.strerror}", where=str(path), remedy="Give the path of a file.") from refusal
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotebookError("this is no regular file", where=str(path), remedy="Give the path of a file.")
        content = stream.read(maximum_bytes + 1)
    if len(content) > maximum_bytes:
        raise NotebookError(
            f"the file is larger than {maximum_bytes // 2**20} MiB", where=str(path), remedy="Clear its outputs, and take out pictures."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as foreign:
        raise NotebookError(f"the file is no UTF-8: {foreign.reason}", where=str(path), remedy="Save it as UTF-8.") from foreign


def parse_text(text: str, extension: str, *, where: str) -> Any:
    """Return jupytext's `text` as a notebook.

    Raises:
        NotebookError: jupytext cannot read it.
    """
    import jupytext
    import nbformat

    try:
        with warnings.catch_warnings(action="ignore"):
            node = jupytext.reads(text, fmt=extension)
            return read_notebook_json(nbformat.writes(node), where=where)
    except NotebookError:
        raise
    except Exception as unreadable:  # jupytext raises whatever its parsers raise
        told = (str(unreadable).strip().splitlines() or [type(unreadable).__name__])[0][:200]
        raise NotebookError(
            f"jupytext cannot read it: {told}", where=where, remedy="Open it with jupytext, and see what it says."
        ) from unreadable
