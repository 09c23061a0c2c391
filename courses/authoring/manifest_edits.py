"""Changes the text of a `course.toml` and leaves the author's comments, order and spacing as they are (by tomlkit). Pure: text in, text out.

Every change is read back as a manifest before it is returned, so that a file that was right stays right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from courses.authoring.placeholder_checks import PLACEHOLDER_HOURS
from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.manifest_file import FILE_NAME
from courses.typed_toml import parse_typed

Items = Sequence[tuple[str, Sequence[str]]]
"""The graded cells, each with the outcomes that it gives evidence of."""


def with_assessment(text: str, assignment: str, *, title: str, weight: float, items: Items) -> str:
    """Return manifest `text` with an assessment more, which takes `weight` percent; the others are scaled to what is left.

    Raises:
        ManifestError: the text is no manifest, has the assignment already, or there is no way to share the weight.
    """
    before = _parsed(text)
    if before.assessment(assignment) is not None:
        raise ManifestError(
            f"there is an assessment {assignment!r} already", where=FILE_NAME, remedy="Give the new assignment another name."
        )
    if not 0 < weight < 100:
        raise ManifestError(f"{weight:g} percent leave nothing to the others", where="--weight", remedy="Give a number between 0 and 100.")
    document = _document(text)
    shares = scaled_weights([each.weight for each in before.assessments], 100 - weight)
    for table, share in zip(document["assessments"], shares, strict=True):
        table["weight"] = share
    _append(document["assessments"], assignment, title, weight, items)
    _add_module(document, before, assignment)
    return _checked(document)


def with_items(text: str, assignment: str, items: Items, *, without: Collection[str] = ()) -> str:
    """Return manifest `text` with those of `items` that the assessment of `assignment` does not name yet.

    Args:
        without: cells whose items are taken out, if any item is left then.

    Raises:
        ManifestError: the text is no manifest, or has no such assessment.
    """
    assessment = _parsed(text).assessment(assignment)
    if assessment is None:
        raise ManifestError(f"there is no assessment {assignment!r}", where=FILE_NAME, remedy="Add one with `patunay new assignment`.")
    known = {item.cell for item in assessment.items}
    document = _document(text)
    table = next(each for each in document["assessments"] if each["id"] == assignment)
    for cell, outcomes in items:
        if cell not in known:
            table["items"].add_line(_parsed_value(_item(cell, outcomes)), indent="  ")
    wanted = {cell for cell, _ in items}
    gone = [index for index, item in enumerate(table["items"]) if item["cell"] in without and item["cell"] not in wanted]
    for index in reversed(gone if len(gone) < len(table["items"]) else []):
        del table["items"][index]
    return _checked(document)


def scaled_weights(weights: Sequence[float], total: float) -> list[float]:
    """Return `weights` in the same proportions, each with two decimals, with exactly the sum `total`; the largest takes what rounding leaves."""
    exact = [Decimal(str(each)) for each in weights]
    wanted, have = Decimal(str(total)), sum(exact, Decimal(0))
    scaled = [(each * wanted / have).quantize(Decimal("0.01")) for each in exact]
    largest = max(range(len(scaled)), key=scaled.__getitem__)
    scaled[largest] += wanted - sum(scaled, Decimal(0))
    return [float(each) for each in scaled]


def items_text(items: Items) -> str:
    """Return `items` as TOML, one a line."""
    lines = [f"  {_item(cell, outcomes)},\n" for cell, outcomes in items]
    return f"[\n{''.join(lines)}]"


def quoted(value: str) -> str:
    """Return `value` as a TOML string."""
    return str(tomlkit.item(value).as_string())


def _item(cell: str, outcomes: Sequence[str]) -> str:
    return f"{{ cell = {quoted(cell)}, outcomes = [{', '.join(map(quoted, outcomes))}] }}"


def _append(tables: Any, assignment: str, title: str, weight: float, items: Items) -> None:
    """Append an assessment to `tables`, whether they are written as [[assessments]] or as a list of inline tables."""
    said = {"id": quoted(assignment), "title": f"{{ en = {quoted(title)} }}", "weight": repr(float(weight)), "type": '"performance"'}
    if isinstance(tables, AoT):
        lines = [f"{key} = {value}\n" for key, value in said.items()]
        table = _document(f"[[assessments]]\n{''.join(lines)}items = {items_text(items)}\n\n")["assessments"][0]
        table.trivia.indent = "" if tables[-1].as_string().endswith("\n\n") else "\n"
        tables.append(table)
    else:
        listed = ", ".join(_item(cell, outcomes) for cell, outcomes in items)
        inline = ", ".join(f"{key} = {value}" for key, value in said.items())
        tables.add_line(_parsed_value(f"{{ {inline}, items = [{listed}] }}"), indent="  ")


def _parsed_value(text: str) -> Any:
    return _document(f"value = {text}")["value"]


def _add_module(document: Any, before: CourseManifest, assignment: str) -> None:
    """Give the new assignment hours that have to be filled in, where the modules are the assignments."""
    modules: Mapping[str, float] = before.notional_hours.modules
    if set(modules) <= {each.id for each in before.assessments} and assignment not in modules:
        document["notional_hours"]["modules"][assignment] = PLACEHOLDER_HOURS


def _document(text: str) -> Any:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as not_toml:
        raise ManifestError(f"this is not TOML: {not_toml}", where=FILE_NAME, remedy="See https://toml.io for the syntax.") from not_toml


def _parsed(text: str) -> CourseManifest:
    return parse_typed(text, CourseManifest, ManifestError, where=FILE_NAME)


def _checked(document: Any) -> str:
    text = str(tomlkit.dumps(document)).rstrip("\n") + "\n"
    _parsed(text)
    return text
