"""Takes an nbgrader notebook as it is; metadata of older schemas (0, 1, 2) is brought to schema 3 by nbgrader's own rules."""

from __future__ import annotations

import copy
import logging
from typing import Any

from nbgrader.nbgraderformat.common import SchemaTooNewError, SchemaTooOldError, ValidationError
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

from courses.authoring.import_report import Converted, Notes
from courses.authoring.nbgrader_cells import with_stable_ids
from courses.errors import NotebookError

_SCHEMA = 3


def is_nbgrader_notebook(node: Any) -> bool:
    """Whether any cell has nbgrader's metadata."""
    return any(isinstance(cell.metadata.get("nbgrader"), dict) and cell.metadata["nbgrader"] for cell in node.cells)


def convert_nbgrader(node: Any, *, name: str) -> Converted:
    """Return an nbgrader notebook with metadata of schema 3 and without outputs; the cells stay as they are.

    Raises:
        NotebookError: the metadata is of a newer schema, or cannot be read.
    """
    notes, node = Notes(name), copy.deepcopy(node)
    schemas = {number: _schema(cell, f"{name}, cell {number}") for number, cell in enumerate(node.cells, start=1)}
    validator = MetadataValidatorV3()
    for each in (validator, validator.v1, validator.v2):
        each.log = logging.getLogger("patunay.silent")
        each.log.disabled = True
    for number, cell in enumerate(node.cells, start=1):
        _upgrade(validator, cell, number, schemas[number], notes)
    cleared = without_outputs(node)
    if cleared:
        notes.add("outputs", f"outputs of {cleared} cells", "left out: a source has none")
    if any("id" not in cell for cell in node.cells) or node.nbformat_minor < 5:
        with_stable_ids(node)
    return Converted(node, tuple(notes.entries))


def without_outputs(node: Any) -> int:
    """Clear what code cells put out, in place, and return how many had something."""
    cleared = 0
    for cell in node.cells:
        if cell.cell_type == "code":
            cleared += bool(cell.get("outputs"))
            cell["outputs"], cell["execution_count"] = [], None
    return cleared


def _schema(cell: Any, where: str) -> int | None:
    metadata = cell.metadata.get("nbgrader")
    if metadata is None:
        return None
    version = metadata.get("schema_version", 0) if isinstance(metadata, dict) else None
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise NotebookError(
            "its nbgrader metadata cannot be read", where=where, remedy="Mark the cell again in the Create Assignment sidebar."
        )
    if version > _SCHEMA:
        raise NotebookError(
            f"its nbgrader metadata has schema {version}, and {_SCHEMA} is the newest that is known",
            where=where,
            remedy="Update nbgrader and Patunay.",
        )
    return version


def _upgrade(validator: MetadataValidatorV3, cell: Any, number: int, schema: int | None, notes: Notes) -> None:
    if schema is None:
        return
    name = str(cell.metadata["nbgrader"].get("grade_id", ""))
    was = copy.deepcopy(cell.metadata["nbgrader"])
    try:
        validator.upgrade_cell_metadata(cell)
    except (ValidationError, SchemaTooNewError, SchemaTooOldError, ValueError, TypeError, KeyError) as broken:
        raise NotebookError(
            f"its nbgrader metadata cannot be read: {broken}",
            where=f"{notes.notebook}, cell {number}",
            remedy="Mark the cell again in the Create Assignment sidebar.",
        ) from broken
    now = cell.metadata.get("nbgrader")
    if now is None:
        notes.add(number, f"metadata of schema {schema} that marks nothing", "left out")
        return
    if schema < _SCHEMA:
        now.setdefault("task", False)
        notes.add(number, f"{name}: metadata of schema {schema}", f"schema {_SCHEMA}")
    lost = sorted(was.keys() - now.keys() - {"checksum"})
    if schema == _SCHEMA and lost:
        notes.add(number, f"{name}: {', '.join(lost)}", "left out: nbgrader does not know it")
    if cell.cell_type == "markdown" and now.get("solution") and not now.get("grade"):
        now["grade"], now["points"] = True, 0
        notes.add(
            number, f"{name}: a text to write without points", "marked by a person, 0 points: nbgrader has no other kind", "Give it points."
        )
