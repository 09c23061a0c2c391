"""What a learner sees of a test: whether it passed and, if not, its author's message and, where the learner's own code raised what went wrong. Never its
hidden part, nor a traceback that quotes it.

A preprocessor for nbgrader's `generate_feedback`; nbgrader's own ClearHiddenTests leaves the traceback, and a traceback prints the lines round the one that
failed (nbgrader #917, #1363).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.sealed.traceback_places import cells_by_number, trace_in_one_process
from courses.visible_text import visible

FOR_GRADERS = "patunay_for_graders"
"""Marks an output that is not the learner's to see, in its metadata."""
_HIDDEN = re.compile(r"^[^\n]*### BEGIN HIDDEN TESTS.*?(### END HIDDEN TESTS[^\n]*|\Z)", re.DOTALL | re.MULTILINE)
_LONGEST_MESSAGE = 2000
_BASE: Any = NbGraderPreprocessor


class HideTests(_BASE):  # type: ignore[misc]  # nbgrader has no types
    """Takes hidden tests out of test cells' text, and everything but the message and the learner's own lines out of their errors."""

    _own: Mapping[str, str] = MappingProxyType({})
    """The learner's cells by the number under which they ran."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Clean all test cells of a notebook."""
        self._own = cells_by_number(nb.cells)
        cleaned: tuple[Any, Any] = super().preprocess(nb, resources)
        return cleaned

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:  # noqa: ARG002 - nbconvert's signature
        """Clean one cell; only test cells are touched."""
        metadata = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and metadata.get("grade") and not metadata.get("solution"):
            cell.source = _HIDDEN.sub("# Hidden checks were run here.", cell.source)
            trace = trace_in_one_process(cell.outputs, self._own)
            cell.outputs = [_without_traceback(output) for output in cell.outputs if not output.get("metadata", {}).get(FOR_GRADERS)]
            if trace:
                cell.outputs.append(nbformat.v4.new_output("display_data", {"text/plain": trace}))
        return cell, resources


def _without_traceback(output: Any) -> Any:
    if output.output_type != "error":
        return output
    message = visible(f"{output.ename}: {output.evalue}"[:_LONGEST_MESSAGE])
    return nbformat.NotebookNode(output_type="error", ename=output.ename, evalue=output.evalue[:_LONGEST_MESSAGE], traceback=[message])
