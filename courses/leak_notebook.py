"""A released notebook as passages of text, each with its place, and what stands in it that has no business in a release.

Read as plain JSON, not through nbformat: a notebook of an old form, or one with fields that nbformat would drop, is looked through as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from courses.findings import Finding, blocking, warning
from courses.leak_secrets import Secrets, cell_name, decoded_base64, outputs_of, picture_digests

_OF_CELLS = "nbgrader patunay tags collapsed scrolled deletable editable format name slideshow jupyter trusted execution"
_OF_NOTEBOOKS = "kernelspec language_info celltoolbar orig_nbformat title authors nbgrader patunay"
_CELL_METADATA, _NOTEBOOK_METADATA = frozenset(_OF_CELLS.split()), frozenset(_OF_NOTEBOOKS.split())
_TELLING_KEY = re.compile(r"solution|answer|hidden|secret|rubric|mark.?scheme", re.IGNORECASE)
_ABSOLUTE_PATH = re.compile(r"(?<![\w.:/])/(?:home|Users|root|mnt|media|srv)/\S+|\b[A-Za-z]:\\\\?\w[^\s\"']*")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a release's text."""

    where: str
    text: str


def parse_as_notebook(text: str) -> dict[str, Any] | None:
    """Return the JSON of a notebook (form 4), None if `text` is none."""
    try:
        node = json.loads(text)
    except (ValueError, RecursionError):
        return None
    cells = node.get("cells") if isinstance(node, dict) else None
    return node if isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells) else None


def passages_of(node: dict[str, Any], where: str) -> Iterator[Passage]:
    """Yield all the text of a notebook: sources, outputs, metadata, names and text of attachments, and whatever else it holds."""
    for number, cell in enumerate(node["cells"], start=1):
        place = f"{where}, {cell_name(number, cell)}"
        yield Passage(place, _joined(cell.get("source")))
        yield Passage(f"{place}, outputs", "\n".join(strings_of(cell.get("outputs"))))
        yield Passage(f"{place}, metadata", "\n".join(strings_of(cell.get("metadata"))))
        attachments = cell.get("attachments")
        for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
            yield Passage(f"{place}, attachment", f"{name}\n" + "\n".join(_attached_text(bundle)))
        rest = {key: value for key, value in cell.items() if key not in {"source", "outputs", "metadata", "attachments"}}
        yield Passage(f"{place}, other fields", "\n".join(strings_of(rest)))
    yield Passage(f"{where}, metadata", "\n".join(strings_of({key: value for key, value in node.items() if key != "cells"})))


def strings_of(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, the keys too; lists of lines come as one."""
    pending = [value]
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, list):
            if here and all(isinstance(each, str) for each in here):
                yield "".join(here)
            else:
                pending += here
        elif isinstance(here, dict):
            pending += [part for item in here.items() for part in item]


def check_stored_results(node: dict[str, Any], where: str) -> list[Finding]:
    """Return a finding for each cell with outputs or an execution count (L04)."""
    return [
        blocking(
            "L04",
            "the release holds outputs or an execution count: what the author's own run gave",
            f"{where}, {cell_name(number, cell)}",
            "Let nbgrader make the release anew; its ClearOutput step takes them out.",
        )
        for number, cell in enumerate(node["cells"], start=1)
        if cell.get("outputs") or cell.get("execution_count") is not None
    ]


def check_attachments(node: dict[str, Any], secrets: Secrets, where: str) -> list[Finding]:
    """Return a finding for each attachment, or pictured output, that comes from an answer (L05)."""
    found = []
    for number, cell in enumerate(node["cells"], start=1):
        attachments = cell.get("attachments")
        named = attachments if isinstance(attachments, dict) else {}
        origins = [secrets.attachments[name] for name in named if name in secrets.attachments]
        bundles = [*named.values(), *(output.get("data") for output in outputs_of(cell))]
        origins += [secrets.pictures[digest] for bundle in bundles for digest in picture_digests(bundle) if digest in secrets.pictures]
        found += [picture_finding(origin, f"{where}, {cell_name(number, cell)}") for origin in dict.fromkeys(origins)]
    return found


def picture_finding(origin: str, where: str) -> Finding:
    """Return the finding that a picture of an answer is released."""
    return blocking(
        "L05",
        f"a picture of the answer in {origin} is released: nbgrader clears the text of an answer, not its attachments",
        where,
        "Take the attachment out of the answer cell: describe it in words inside the solution region.",
    )


def check_metadata(node: dict[str, Any], where: str) -> list[Finding]:
    """Return findings of metadata beyond nbgrader's and Jupyter's own (L06)."""
    found = _metadata_findings(node.get("metadata"), _NOTEBOOK_METADATA, f"{where}, metadata")
    for number, cell in enumerate(node["cells"], start=1):
        found += _metadata_findings(cell.get("metadata"), _CELL_METADATA, f"{where}, {cell_name(number, cell)}, metadata")
    return found


def _metadata_findings(metadata: Any, known: frozenset[str], where: str) -> list[Finding]:
    if not isinstance(metadata, dict):
        return []
    extra = {key: value for key, value in metadata.items() if key not in known}
    telling = [key for key in extra if _TELLING_KEY.search(key)]
    found = [
        blocking("L06", f"the metadata has {key!r}, which seems to tell an answer", where, "Delete that entry in the source notebook.")
        for key in telling
    ]
    if others := sorted(set(extra) - set(telling)):
        found.append(
            warning(
                "L06",
                f"the metadata has what programs of the author's left: {', '.join(others)}",
                where,
                "Delete it in the source notebook.",
            )
        )
    if path := _ABSOLUTE_PATH.search("\n".join(strings_of(metadata))):
        found.append(
            warning(
                "L06", f"the metadata names a place on the author's machine: {path[0][:80]}", where, "Delete it in the source notebook."
            )
        )
    return found


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(strings_of(source))


def _attached_text(bundle: Any) -> Iterator[str]:
    for mime, content in bundle.items() if isinstance(bundle, dict) else ():
        if str(mime).startswith("text/") or "xml" in str(mime) or "json" in str(mime):
            yield decoded_base64(content).decode("utf-8", errors="replace")
        yield from strings_of(content if len(str(content)) < 10_000 else "")
