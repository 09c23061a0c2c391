"""Canonical forms for whoever checks many credentials: those of a shape that was seen before come from its template, at a fraction of the cost.

What it returns is what `canonical.canonicalise` returns, or it asks that: a template is made only of a document that the slow way accepted, and fills in
nothing that the slow way could refuse (`canonical_template`). Bounded: the shapes used last are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any

from issuer.canonical import canonicalise
from issuer.canonical_template import NoTemplateError, Template, build_template

MAX_SHAPES = 32


class KnownShapes:
    """Canonicalises credentials, and remembers their shapes. Several threads may use it."""

    def __init__(self) -> None:
        self._templates: OrderedDict[Hashable, Template] = OrderedDict()
        self._lock = threading.Lock()

    def canonicalise(self, document: Mapping[str, Any]) -> str:
        """Return the canonical N-Quads of `document`, which has no proof.

        Raises:
            ContextError, DocumentTooComplexError, CanonicalisationError: as `canonical.canonicalise`.
        """
        key = _rough_shape(document)
        with self._lock:
            template = self._templates.get(key)
            if template is not None:
                self._templates.move_to_end(key)
        if template is not None and (values := template.match(document)) is not None and (filled := template.canonical(values)) is not None:
            return filled
        canonical = canonicalise(document)
        if key is not None:
            self._remember(key, document)
        return canonical

    def _remember(self, key: Hashable, document: Mapping[str, Any]) -> None:
        try:
            template = build_template(document)
        except NoTemplateError:
            return
        with self._lock:
            self._templates[key] = template
            while len(self._templates) > MAX_SHAPES:
                self._templates.popitem(last=False)


def _rough_shape(document: Mapping[str, Any]) -> Hashable:
    """Return what tells most shapes apart at little cost; None of what is no badge."""
    subject, status = document.get("credentialSubject"), document.get("credentialStatus")
    if not isinstance(subject, dict) or not isinstance(subject.get("achievement"), dict):
        return None
    achievement, named = subject["achievement"].get("id"), status.get("statusListCredential") if isinstance(status, dict) else None
    if not isinstance(achievement, str) or not isinstance(named, str | None):
        return None
    return achievement, named, tuple(document), tuple(subject)
