"""Signs many credentials of a few shapes at once: the same letters as `proof.add_proof` and `json.dumps` give, at the cost of little more than a signature.

A shape is what is the same for all learners of a course version. The first credential of each shape is signed the slow way and compared with what its
template gives; where there is no template, or they differ, that shape is signed the slow way throughout. The rules that make it sound stand in
`canonical_template`. A signer belongs to one batch: `created` is one moment, so the proof's options are canonicalised once (condition 6).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from issuer.canonical import ContextLoader
from issuer.canonical_template import NoTemplateError, Template, Values, build_template
from issuer.context_documents import load_context
from issuer.errors import CredentialRefusedError
from issuer.keys import Signer
from issuer.multibase import encode_base58btc
from issuer.proof import add_proof, canonical_configuration, proof_options

_MAX_TEMPLATES = 32
_PROOF_VALUE = "proofValue"


class TemplateSigner:
    """Signs the credentials of one batch with one key and one time."""

    def __init__(self, signer: Signer, created: datetime, *, load: ContextLoader = load_context) -> None:
        self._signer, self._created, self._load = signer, created, load
        self._templates: list[_SigningTemplate] = []
        self.slow = 0
        """How many credentials were signed the slow way; one of each shape always is."""

    def sign(self, document: Mapping[str, Any]) -> str:
        """Return `document` with its proof, as JSON: what `signed_json(add_proof(...))` is.

        Raises:
            CredentialRefusedError: it has a proof already.
            CanonicalisationError: something in it would not be covered by the signature.
        """
        for template in self._templates:
            values = template.match(document)
            if values is not None and (signed := template.sign(values)) is not None:
                return signed
        return self._sign_slowly(document)

    def _sign_slowly(self, document: Mapping[str, Any]) -> str:
        self.slow += 1
        signed = add_proof(document, self._signer, self._created, load=self._load)
        text = signed_json(signed)
        if len(self._templates) < _MAX_TEMPLATES:
            try:
                template = _SigningTemplate(document, self._signer, self._created, self._load)
            except NoTemplateError:
                return text
            if template.gives(document, signed["proof"][0][_PROOF_VALUE], text):
                self._templates.append(template)
        return text


def signed_json(document: Mapping[str, Any]) -> str:
    """Return a signed document as it is kept and published, character by character."""
    return json.dumps(document, ensure_ascii=False, indent=2)


class _SigningTemplate:
    """A template of canonical lines and of JSON, for one key and one time."""

    def __init__(self, document: Mapping[str, Any], signer: Signer, created: datetime, load: ContextLoader) -> None:
        if "proof" in document:
            raise CredentialRefusedError("the document is signed already", where="proof")
        self._lines: Template = build_template(document, load=load)
        self.match: Callable[[Mapping[str, Any]], Values | None] = self._lines.match
        self._signer = signer
        options = proof_options(signer, created)
        self._configuration = hashlib.sha256(canonical_configuration(document, options, load=load).encode()).digest()
        marks = self._lines.marks
        value_mark = marks.of("text", 10**12 - 1)
        text = signed_json({**self._lines.skeleton, "proof": [{**options, _PROOF_VALUE: value_mark}]})
        slots: list[int] = []
        pieces, end = [], 0
        for mark in marks.pattern.finditer(text):
            pieces += [text[end : mark.start()].replace("%", "%%"), "%s"]
            end = mark.end()
            slots.append(int(mark["slot"]))
        if marks.stand_in("".join(pieces)) or marks.stand_in(text[end:]) or slots.count(10**12 - 1) != 1 or slots[-1] != 10**12 - 1:
            raise NoTemplateError("the JSON does not show every value once")
        self._format = "".join(pieces) + text[end:].replace("%", "%%")
        self._pick = itemgetter(*slots[:-1], 0)

    def sign(self, values: Values) -> str | None:
        """Return the signed JSON; None if the template does not fit after all."""
        digest = self._lines.digest(values)
        if digest is None:
            return None
        return self._written(values, encode_base58btc(self._signer.sign(self._configuration + digest)))

    def gives(self, document: Mapping[str, Any], proof_value: str, text: str) -> bool:
        """Tell whether the template writes `document` as the slow way wrote it. (`build_template` compared what is signed.)"""
        values = self.match(document)
        return values is not None and self._written(values, proof_value) == text

    def _written(self, values: Values, proof_value: str) -> str:
        written = list(map(encode_basestring, values))
        return self._format % (*self._pick(written)[:-1], f'"{proof_value}"')
