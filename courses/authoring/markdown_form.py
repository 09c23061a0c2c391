"""A notebook as jupytext Markdown and back, for reviews: changes of a text show line by line, changes of a notebook's JSON do not. Pure.

Kept exactly: the cells' order, kinds, sources, ids, attachments and metadata (nbgrader's among it), and the kernel. Left out: outputs and execution counts.
What jupytext's Markdown cannot hold by itself is put into a cell's options: its id always, its source where jupytext would change it.
Every text is read back before it is given out, so that a notebook that would not come back is refused instead of changed.
"""

from __future__ import annotations

import copy
import json
import warnings
from typing import Any

import nbformat

from courses.authoring.source_files import parse_text
from courses.errors import NotebookError

_ID, _SOURCE, _ATTACHMENTS = "cell_id", "exact_source", "attachments_json"
_HEADER_KEPT = ("kernelspec", "language_info")


def to_markdown(node: Any, *, where: str) -> str:
    """Return a notebook as Markdown.

    Raises:
        NotebookError: it would not come back as it is.
    """
    text = _written(node, exact=frozenset())
    changed = _changed(node, text, where)
    if changed:
        text = _written(node, exact=changed)
        changed = _changed(node, text, where)
    if changed:
        numbers = ", ".join(str(index + 1) for index in sorted(changed)[:5])
        raise NotebookError(
            f"cell {numbers} would not come back from Markdown as it is",
            where=where,
            remedy="Look at its characters and its metadata; review the notebook itself.",
        )
    return text


def from_markdown(text: str, *, where: str) -> Any:
    """Return the notebook that Markdown of `to_markdown` holds, without outputs.

    Raises:
        NotebookError: it cannot be read.
    """
    node = parse_text(text, ".md", where=where)
    has_ids = any(_ID in cell.metadata for cell in node.cells)
    for number, cell in enumerate(node.cells, start=1):
        metadata = cell.metadata
        name = str(metadata.pop(_ID, "") or f"new-{number}")
        if has_ids:
            cell["id"] = name
        else:
            cell.pop("id", None)
        if _SOURCE in metadata:
            exact = str(_unpacked(metadata, _SOURCE, where))
            if _shown(exact).split() != cell.source.split():
                raise NotebookError(
                    "this cell was changed, and Markdown cannot hold it exactly",
                    where=f"{where}, cell {number}",
                    remedy="Change it in the notebook.",
                )
            cell["source"] = exact
        if _ATTACHMENTS in metadata:
            cell["attachments"] = nbformat.from_dict(_unpacked(metadata, _ATTACHMENTS, where))
    node.metadata.pop("jupytext", None)
    node["nbformat"], node["nbformat_minor"] = 4, 5 if has_ids else 4
    return node


def plain(node: Any) -> list[Any]:
    """Return what has to come back of a notebook: each cell's kind, source, id, metadata and attachments, and the kernel."""
    cells = [
        [
            cell.cell_type,
            cell.source,
            cell.get("id"),
            json.loads(json.dumps(cell.metadata)),
            json.loads(json.dumps(cell.get("attachments") or {})),
        ]
        for cell in node.cells
    ]
    return [*cells, json.loads(json.dumps(node.metadata.get("kernelspec") or {}))]


def _changed(node: Any, text: str, where: str) -> frozenset[int]:
    """Return the numbers of the cells that would come back otherwise; all of them if not even their number is kept."""
    before = plain(node)
    try:
        after = plain(from_markdown(text, where=where))
    except NotebookError:
        return frozenset(range(len(node.cells)))
    if len(before) != len(after):
        return frozenset(range(len(node.cells)))
    return frozenset(index for index, (one, other) in enumerate(zip(before, after, strict=True)) if one != other)


def _written(node: Any, *, exact: frozenset[int]) -> str:
    import jupytext

    node = copy.deepcopy(node)
    for index, cell in enumerate(node.cells):
        cell["metadata"] = nbformat.from_dict(
            json.loads(json.dumps(cell.metadata, sort_keys=True))
        )  # one order, so that nothing else shows
        if cell.get("id"):
            cell.metadata[_ID] = cell["id"]
        if index in exact:
            cell.metadata[_SOURCE] = json.dumps(cell.source, ensure_ascii=True)
            cell["source"] = _shown(cell.source)
        if cell.get("attachments"):
            cell.metadata[_ATTACHMENTS] = json.dumps(cell.pop("attachments"), ensure_ascii=True, sort_keys=True)
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    kept = {key: node.metadata[key] for key in _HEADER_KEPT if key in node.metadata}
    kept["jupytext"] = {"cell_metadata_filter": "all", "notebook_metadata_filter": ",".join(_HEADER_KEPT) + ",-all"}
    node["metadata"] = nbformat.from_dict(kept)
    with warnings.catch_warnings(action="ignore"):
        return str(jupytext.writes(node, fmt="md"))


def _shown(source: str) -> str:
    """Return a source that jupytext would change in a form to read: it stands in the options exactly."""
    lines = [line.replace("`", "'").replace("<!--", "<! --").replace("%", "o/o") for line in source.splitlines() if line.strip()]
    return "\n".join(lines).replace("'''", "''’").replace('"""', '""”')


def _unpacked(metadata: Any, key: str, where: str) -> Any:
    try:
        return json.loads(metadata.pop(key))
    except (TypeError, ValueError) as broken:
        raise NotebookError(
            f"{key} in a cell's options is no JSON", where=where, remedy="Make the Markdown anew with `patunay markdown`."
        ) from broken
