"""Keeps an executed notebook within its size, and within what a person wants to read, without changing what any cell scores.

A score is read from the kinds of outputs and from the first result's text (`autograder.scoring`); so outputs are shortened, never taken away.
Pictures that lie in a learner's own texts go first.
"""

from __future__ import annotations

import json
from typing import Any

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.preprocessors import LimitOutput

from autograder.jobs import Limits

_KEPT_CHARACTERS = 2000
_NOTE = "\n… shortened: the notebook's outputs are larger than allowed (output_bytes)"


def shorten_outputs(node: Any, limits: Limits) -> None:
    """Shorten the outputs in place: to so many lines each, as nbgrader does, and all of them if the notebook is still too large."""
    LimitOutput(max_lines=limits.maximum_output_lines, max_traceback=limits.maximum_traceback_lines).preprocess(node, ResourcesDict())
    cells = [cell for cell in node.cells if cell.cell_type == "code"]
    if len(document_of(node).encode()) <= limits.output_bytes:
        return
    _drop_pictures(node)
    for cell in sorted(cells, key=lambda cell: len(str(cell.outputs)), reverse=True):
        for output in cell.outputs:
            _shorten(output)
        if len(document_of(node).encode()) <= limits.output_bytes:
            return


def _drop_pictures(node: Any) -> None:
    """Take the pictures out of texts that nobody grades; those in answers are part of the answer."""
    for cell in node.cells:
        if cell.get("attachments") and not cell.metadata.get("nbgrader", {}).get("grade"):
            del cell["attachments"]


def _shorten(output: Any) -> None:
    if output.output_type == "stream":
        output.text = _cut(output.text)
    elif output.output_type == "error":
        output.evalue, output.traceback = _cut(output.evalue), [_cut("\n".join(output.traceback))]
    else:
        output.data = nbformat.from_dict(
            {"text/plain": _cut(str(output.data.get("text/plain", "")))} if output.data.get("text/plain") else {}
        )
        output.metadata = nbformat.NotebookNode()


def _cut(text: str) -> str:
    return text if len(text) <= _KEPT_CHARACTERS else text[:_KEPT_CHARACTERS] + _NOTE


def document_of(node: Any) -> str:
    """Return the notebook as compact JSON that is UTF-8: half characters (lone surrogates), which any program may print, stand there as escapes.

    It was built here from checked parts, so nbformat's validation, which takes longer than a short notebook's run, would find nothing.
    """
    return json.dumps(node, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace").decode()
