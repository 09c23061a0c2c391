"""The JSON Canonicalization Scheme (RFC 8785): one text for one JSON value, which the cryptosuite `eddsa-jcs-2022` hashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rfc8785

from issuer.errors import CanonicalisationError


def canonical_json(value: Mapping[str, Any]) -> str:
    """Return `value` as canonical JSON: keys sorted by UTF-16 code units, numbers as ECMAScript writes them, no white space.

    Raises:
        CanonicalisationError: a number that a double cannot hold, or half a character.
    """
    try:
        return rfc8785.dumps(dict(value)).decode("utf-8")
    except (rfc8785.CanonicalizationError, UnicodeError) as misfit:
        raise CanonicalisationError(f"something in the document has no canonical form as JSON: {misfit}") from misfit
