"""JSON from strangers: one strict reading, so that we never see another document than the next verifier does.

Rules: at most 256 KiB of UTF-8 without a byte order mark; one object; no key twice; no NaN or infinity; at most 32 levels deep. Python's
own reader takes the last of two equal keys, reads NaN, and gives up with RecursionError: each of them is refused here with a sentence.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from issuer.errors import DocumentUnreadableError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

UNSIGNABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that canonicalisers do not write alike, so that a signature over them cannot be checked everywhere."""


def parse_document(data: bytes) -> dict[str, Any]:
    """Return the JSON object that `data` is.

    Raises:
        DocumentUnreadableError: it is too large, not UTF-8, not JSON, not one object, or ambiguous.
    """
    if len(data) > MAX_BYTES:
        raise DocumentUnreadableError(f"the document has {len(data):,} bytes; {MAX_BYTES:,} are allowed")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError as not_text:
        raise DocumentUnreadableError("the document is not text in UTF-8") from not_text
    except RecursionError as deep:
        raise DocumentUnreadableError(f"the document is nested more than {MAX_DEPTH} levels deep") from deep
    except ValueError as not_json:
        raise DocumentUnreadableError(f"the document is not JSON: {not_json}") from not_json
    if not isinstance(document, dict):
        raise DocumentUnreadableError("the document is JSON, but not an object")
    if depth(document) > MAX_DEPTH:
        raise DocumentUnreadableError(f"the document is nested more than {MAX_DEPTH} levels deep")
    return document


def depth(value: Any) -> int:
    """Return how many levels of objects and arrays `value` has; 0 for a plain value."""
    levels, layer = 0, [value] if isinstance(value, dict | list) else []
    while layer:
        levels += 1
        layer = [inner for each in layer for inner in (each.values() if isinstance(each, dict) else each) if isinstance(inner, dict | list)]
    return levels


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise DocumentUnreadableError(f"the key {twice[:60]!r} stands twice in one object: readers would not agree which one counts")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise DocumentUnreadableError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise DocumentUnreadableError(f"the number {text[:40]} is too large")
    return number
