"""RDF Dataset Canonicalization (RDFC-1.0) of a JSON-LD document: the text that is hashed and signed.

Rules:
- Offline: contexts come from `context_documents`, as addresses only; a document that brings its own context is refused.
- Nothing is lost: what JSON-LD would drop in silence (undefined terms and types, relative identifiers, nulls) is refused, which is what
  JSON-LD's safe mode does. Keywords and whole addresses as keys are refused too: they say the same to the signature but hide from whoever
  reads the JSON (`credentialStatus` under another name would be signed and never looked at).
- Bounded: size, depth, number of values, contexts and blank nodes, and the work that look-alike blank nodes cost (RDFC-1.0, 4.8 is factorial).
- Control characters, lone surrogates and U+FFFE/U+FFFF are refused: pyld does not escape them as the standard says. With them gone, its
  `URDNA2015` gives what RDFC-1.0 prescribes.
- pyld keeps global caches that are not thread-safe: one document at a time.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from pyld.canon import URDNA2015
from pyld.jsonld import JsonLdError, JsonLdProcessor

from issuer.context_documents import load_context
from issuer.documents import MAX_BYTES, MAX_DEPTH, UNSIGNABLE, depth
from issuer.errors import CanonicalisationError, ContextError, DocumentTooComplexError

ContextLoader = Callable[[str], Any]
"""Gives the context document at an address, always the same one (pyld remembers it), or raises ContextError."""

MAX_VALUES = 3_000
"""Objects, arrays and plain values together; a credential of ours has about 400."""
MAX_ARRAY = 500
"""Entries of one array: what JSON-LD does with them is quadratic."""
MAX_CONTEXTS = 20
MAX_BLANK_NODES = 200
MAX_ORDERINGS = 10_000
"""Orders of look-alike blank nodes that are tried before we give up: under a second of work."""

_RELATIVE = "https://relative.invalid/"
"""The base address we give to JSON-LD: an identifier that begins with it was relative."""
_IRI = re.compile(r"(_:[A-Za-z0-9_-]+)|([A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20<>\"{}|^`\\]*)")
_PYLD_LOCK = threading.Lock()


def canonicalise(document: Mapping[str, Any], *, load: ContextLoader = load_context) -> str:
    """Return the canonical N-Quads of `document`, sorted, one to a line, ending in a newline.

    Raises:
        ContextError: it uses a context that `load` does not know.
        DocumentTooComplexError: it is larger, deeper or more entangled than we work through.
        CanonicalisationError: something in it would not be covered by a signature, or it is no JSON-LD.
    """
    _check_size(document)
    for address in _check_json(document):
        load(address)  # here, for pyld asks only for what it does not remember from another document
    processor = JsonLdProcessor(on_property_dropped=_refuse_dropped)
    options = {"base": _RELATIVE, "documentLoader": _pyld_loader(load)}
    with _PYLD_LOCK:
        try:
            expanded = processor.expand(document, options)
            _check_expanded(expanded)
            dataset = processor.to_rdf(expanded, options)
        except JsonLdError as misfit:
            raise _diagnosed(misfit) from misfit
    _check_blank_nodes(dataset)
    lines: str = _MeteredCanonicaliser().main(dataset, {"format": "application/n-quads"})
    if not lines:
        raise CanonicalisationError("the document says nothing that could be signed")
    return lines


class _MeteredCanonicaliser(URDNA2015):  # type: ignore[misc]  # pyld has no type information
    """pyld's canonicaliser, which counts the orderings that it is going to try and stops in time."""

    def __init__(self) -> None:
        super().__init__()
        self._orderings = 0

    def create_hash_to_related(self, id_: str, issuer: Any) -> Any:
        """Return what the original returns; each group of look-alikes is charged with its factorial."""
        related = super().create_hash_to_related(id_, issuer)
        self._orderings += 1 + sum(math.factorial(min(len(group), 20)) for group in related.values())
        if self._orderings > MAX_ORDERINGS:
            raise DocumentTooComplexError("the document holds too many nodes without identifiers that look alike")
        return related


def _check_size(document: Mapping[str, Any]) -> None:
    if depth(document) > MAX_DEPTH:
        raise DocumentTooComplexError(f"the document is nested more than {MAX_DEPTH} levels deep")
    try:
        size = len(json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError) as not_json:
        raise CanonicalisationError(f"the document is not JSON: {not_json}") from not_json
    if size > MAX_BYTES:
        raise DocumentTooComplexError(f"the document has {size:,} bytes; {MAX_BYTES:,} are allowed")


def _check_json(document: Mapping[str, Any]) -> list[str]:
    """Return the addresses of all contexts in `document`.

    Refuses what JSON-LD takes but a reader of the JSON would miss, what JSON-LD drops without a word, and what costs too much.
    """
    pending: list[tuple[str, Any]] = [("", document)]
    values, addresses = 0, list[str]()
    while pending:
        path, value = pending.pop()
        values += 1
        if value is None:
            raise CanonicalisationError("null stands here, and no signature covers a null", where=path)
        if isinstance(value, str) and UNSIGNABLE.search(value):
            raise CanonicalisationError("a control character or half a character stands in this text", where=path)
        if isinstance(value, Mapping):
            pending += [(f"{path}.{key}" if path else key, _checked_member(key, inner, path)) for key, inner in value.items()]
            addresses += _contexts(value)
        elif isinstance(value, list):
            if len(value) > MAX_ARRAY:
                raise DocumentTooComplexError(f"an array has {len(value):,} entries; {MAX_ARRAY} are allowed", where=path)
            pending += [(f"{path}[{place}]", inner) for place, inner in enumerate(value)]
        if values > MAX_VALUES or len(addresses) > MAX_CONTEXTS:
            raise DocumentTooComplexError(f"the document has more than {MAX_VALUES:,} values or {MAX_CONTEXTS} contexts")
    return addresses


def _contexts(node: Mapping[str, Any]) -> list[str]:
    found = node.get("@context", [])
    return found if isinstance(found, list) else [found]


def _checked_member(key: str, value: Any, path: str) -> Any:
    if key == "@context":
        addresses = value if isinstance(value, list) else [value]
        if not addresses or not all(isinstance(each, str) for each in addresses):
            raise CanonicalisationError("@context must be a list of addresses: a document may not define terms itself", where=path)
    elif "@" in key or ":" in key or UNSIGNABLE.search(key):
        raise CanonicalisationError(f"{key[:80]!r} is not a plain term", where=path)
    return value


def _check_expanded(expanded: list[Any]) -> None:
    """Refuse every identifier that pyld would drop with its statements, or write so that it breaks out of its brackets in N-Quads."""
    pending: list[Any] = list(expanded)
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, Mapping):
            types = value.get("@type", [])
            for iri in [value.get("@id"), *(types if isinstance(types, list) else [types])]:
                if iri is not None and iri != "@json":
                    _check_iri(iri)
            pending += [inner for key, inner in value.items() if key not in ("@id", "@type", "@value", "@language")]


def _check_blank_nodes(dataset: Mapping[str, list[Mapping[str, Mapping[str, str]]]]) -> None:
    terms = [term for triples in dataset.values() for triple in triples for term in triple.values()]
    blanks = {term["value"] for term in terms if term["type"] == "blank node"} | {graph for graph in dataset if graph.startswith("_:")}
    if len(blanks) > MAX_BLANK_NODES:
        raise DocumentTooComplexError(f"the document has {len(blanks):,} nodes without identifiers; {MAX_BLANK_NODES} are allowed")


def _check_iri(iri: str) -> None:
    if iri.startswith(_RELATIVE):
        shown = iri.removeprefix(_RELATIVE)[:80]
        raise CanonicalisationError(f"{shown!r} is neither a whole address nor a type that the contexts define")
    if not _IRI.fullmatch(iri):
        raise CanonicalisationError(f"{iri[:80]!r} is no address, or holds characters that an address may not have")


def _refuse_dropped(term: str | None) -> NoReturn:
    raise CanonicalisationError(f"{(term or '')[:80]!r} is defined by none of the document's contexts, so no signature would cover it")


def _pyld_loader(load: ContextLoader) -> Callable[[str, Any], dict[str, Any]]:
    def fetch(url: str, _: Any) -> dict[str, Any]:
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": load(url)}

    return fetch


def _diagnosed(misfit: JsonLdError) -> CanonicalisationError | ContextError:
    """Return our own error if it lies under pyld's wrapping, otherwise what pyld found."""
    cause: BaseException | None = misfit
    deepest: BaseException = misfit
    while cause is not None:
        if isinstance(cause, (ContextError, CanonicalisationError)):
            return cause
        deepest, cause = cause, cause.__cause__
    return CanonicalisationError(f"the document is not JSON-LD: {str(deepest).splitlines()[0][:200]}")
