"""The canonical form of many credentials of one shape, worked out once: a template is canonicalised with marks, and each credential's values are filled in.

Sound because RDFC-1.0 writes a dataset's quads, one a line, sorted by code point: documents that differ only in texts and identifiers at known places
differ only there in their lines. What it rests on is checked here by code; where a condition fails there is no template, or it does not match, and the
caller goes the slow way (`canonical.canonicalise`). The conditions:

1. Blank nodes: none or one (its label is `c14n0`), or several whose first-degree hashes all differ: then their labels are the rank of the hash (RDFC-1.0, 4.4.3,
   step 4). On a tie the template does not match.
2. What varies is text and identifiers only: never a key, a type, a context, a number. Everything else must be the same to the letter and in type; only the order of
   members may differ within an object that does not vary: JSON-LD reads it as the same.
3. Lines that become equal are one line: a dataset is a set. Identifiers must differ from each other and from all that the template names.
4. Texts hold no character that canonicalisers write differently; identifiers are `urn:uuid:` and a UUID, which no context rewrites.
5. Arrays keep their length: another number of results is another template.
6. (That the proof's options are hashed once belongs to `template_signing`.)
7. Nothing of the template was dropped or is relative (`canonicalise` refuses it), every mark came out as a whole term of its kind, and the sample that the
   template was made from comes out as `canonicalise` writes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from issuer.canonical import ContextLoader, canonicalise
from issuer.context_documents import load_context
from issuer.documents import MAX_BYTES, UNSIGNABLE
from issuer.errors import CanonicalisationError

Values = list[str]
"""What varies in one document, in the order of the template's slots."""
Matcher = Callable[[Any, Values], bool]

_IRI, _TEXT = "iri", "text"
_VARYING: dict[str, Any] = {
    "id": _IRI,
    "issuer": {"address": {}},
    "validFrom": _TEXT,
    "awardedDate": _TEXT,
    "validUntil": _TEXT,
    "credentialSubject": {
        "id": _IRI,
        "name": _TEXT,
        "identifier": [{"salt": _TEXT, "identityHash": _TEXT}],
        "result": [{"id": _IRI, "value": _TEXT}],
    },
    "evidence": [{"id": _IRI, "narrative": _TEXT, "digestMultibase": _TEXT}],
    "credentialStatus": {"id": _IRI, "statusListIndex": _TEXT},
}
"""Where credentials of one course version differ from learner to learner."""
_URN = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LINE = re.compile(
    r'(?P<subject><[^<>\s]*>|_:c14n\d+) <[^<>\s]*> (?P<object><[^<>\s]*>|_:c14n\d+|"(?:[^"\\]|\\.)*"(?:\^\^<[^<>\s]*>|@[A-Za-z0-9-]+)?) \.'
)
_MAX_SLOTS = 400


class NoTemplateError(Exception):
    """No template can be made of this document: it is canonicalised the slow way. Never leaves the issuer."""


class Template:
    """The canonical form of every document of one shape. Make it with `build_template`."""

    def __init__(self, skeleton: dict[str, Any], kinds: Sequence[str], marks: _Marks, canonical: str) -> None:
        self.skeleton = skeleton
        """The sample with a mark at each slot."""
        self.marks = marks
        self._iris = [place for place, kind in enumerate(kinds) if kind == _IRI]
        self._texts = [place for place, kind in enumerate(kinds) if kind == _TEXT]
        self._count = len(kinds)
        self._matcher = _matcher(skeleton, _VARYING)
        text = json.dumps(skeleton, ensure_ascii=False)
        self._size = len(text.encode())
        self._named = frozenset(each for each in _URN.findall(canonical) if not marks.is_mark(each))
        self._lay_out(canonical.split("\n")[:-1])

    def _lay_out(self, lines: list[str]) -> None:
        """Part the lines into those that are always first (hashed once), other constant ones, and formats to be filled."""
        formats = [_LineFormat(line, self.marks, self._count) for line in lines]
        varying = [each for each in formats if each.slots]
        if {slot for each in varying for slot in each.slots if slot < self._count} != set(range(self._count)):
            raise NoTemplateError("a value that varies is not in the canonical form")
        first = min(each.prefix for each in varying)
        constant = [each.line for each in formats if not each.slots]
        self._head = "".join(f"{line}\n" for line in constant if line < first)
        self._head_hash = hashlib.sha256(self._head.encode())
        self._rest = [line for line in constant if line >= first]
        self._format = "\n".join(each.format for each in varying)
        self._pick = itemgetter(*[slot for each in varying for slot in each.slots], 0)
        blanks = sorted({label for each in formats for label in each.blanks})
        self._nodes = [_NodeFormat(label, formats, self._count) for label in blanks] if len(blanks) > 1 else []
        self._labels = ["c14n0"] if len(blanks) == 1 else []

    def match(self, document: Mapping[str, Any]) -> Values | None:
        """Return what varies in `document`; None if it is of another shape, or holds what is not filled in."""
        values: Values = []
        if not self._matcher(document, values):
            return None
        iris = [values[place] for place in self._iris]
        if len(set(iris)) != len(iris) or not self._named.isdisjoint(iris) or not all(map(_URN.fullmatch, iris)):
            return None
        text = " ".join([values[place] for place in self._texts])
        if not text.isprintable() and UNSIGNABLE.search(text):
            return None
        return values if self._size + 4 * len(text) + 64 * len(iris) <= MAX_BYTES else None

    def canonical(self, values: Values) -> str | None:
        """Return the canonical N-Quads of the document with these values (of `match`); None if two blank nodes look alike."""
        tail = self._tail(values)
        return None if tail is None else self._head + tail

    def digest(self, values: Values) -> bytes | None:
        """Return the SHA-256 digest of `canonical`."""
        tail = self._tail(values)
        if tail is None:
            return None
        state = self._head_hash.copy()
        state.update(tail.encode())
        return state.digest()

    def _tail(self, values: Values) -> str | None:
        terms = list(values)
        for place in self._texts:
            terms[place] = _escaped(values[place])
        labels = self._labels
        if self._nodes:
            hashes = [node.hash(terms) for node in self._nodes]
            ranked = sorted(hashes)
            if len(set(ranked)) != len(ranked):
                return None
            labels = [f"c14n{ranked.index(each)}" for each in hashes]
        lines = set((self._format % self._pick(terms + labels)[:-1]).split("\n"))
        lines.update(self._rest)
        return "\n".join(sorted(lines)) + "\n"


def build_template(document: Mapping[str, Any], *, load: ContextLoader = load_context) -> Template:
    """Return the template of the shape of `document`, which has no proof.

    Raises:
        NoTemplateError: one of the conditions above does not hold.
        CanonicalisationError, ContextError, DocumentTooComplexError: the document itself cannot be signed.
    """
    wanted = canonicalise(document, load=load)
    marks = _Marks(json.dumps(document, sort_keys=True))
    kinds: list[str] = []
    skeleton = _marked(document, _VARYING, marks, kinds)
    if not 0 < len(kinds) <= _MAX_SLOTS or _IRI not in kinds:
        raise NoTemplateError("nothing varies, or too much")
    try:
        template = Template(skeleton, kinds, marks, canonicalise(skeleton, load=load))
    except CanonicalisationError as misfit:
        raise NoTemplateError("the document cannot be canonicalised with marks in it") from misfit
    values = template.match(document)
    if values is None or template.canonical(values) != wanted:
        raise NoTemplateError("filling in gives another canonical form")
    return template


class _Marks:
    """Texts and identifiers that stand nowhere else in a document; one for each slot."""

    def __init__(self, text: str) -> None:
        salt = 0
        while (
            tag := hashlib.sha256(f"{salt}{text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
        ) in text or f"{tag[:8]}-{tag[8:12]}" in text:
            salt += 1
        self._text = f"mark{tag}"
        self._iri = f"urn:uuid:{tag[:8]}-{tag[8:12]}-4{tag[12:15]}-8{tag[15:18]}-"
        self.pattern = re.compile(rf'(?P<open>[<"])(?:{self._text}|{self._iri})(?P<slot>\d{{12}})(?P<close>[>"])')

    def of(self, kind: str, slot: int) -> str:
        return f"{self._iri if kind == _IRI else self._text}{slot:012d}"

    def is_mark(self, iri: str) -> bool:
        return iri.startswith(self._iri)

    def stand_in(self, text: str) -> bool:
        return self._text in text or self._iri in text


class _LineFormat:
    """A line of N-Quads as a `%` format, with the slots that fill it. Blank nodes are slots behind those of the values."""

    def __init__(self, line: str, marks: _Marks, count: int) -> None:
        read = _LINE.fullmatch(line)
        if read is None:
            raise NoTemplateError("a line has other terms than three")
        self.line = line
        terms = [(read["subject"], True), (line[len(read["subject"]) : -len(read["object"]) - 2], False), (read["object"], True)]
        self.blanks = [int(term[6:]) for term, may_vary in terms if may_vary and term.startswith("_:")]
        self.slots: list[int] = []
        self._terms = [self._term(term, marks, count) for term, _ in terms]
        self.format = "".join(self._terms) + " ."
        self.prefix = (
            "<urn:uuid:"
            if marks.pattern.match(read["subject"])
            else "_:"
            if read["subject"].startswith("_:")
            else self.format.split("%")[0]
        )
        if not self.slots and marks.stand_in(line):
            raise NoTemplateError("a value that varies is only part of a term")

    def seen_from(self, label: int) -> str:
        """Return the format with the blank node `label` as `_:a` and others as `_:z`."""
        blanks = iter(self.blanks)
        return "".join(("_:a" if next(blanks) == label else "_:z") if term == "_:%s" else term for term in self._terms) + " ."

    def _term(self, term: str, marks: _Marks, count: int) -> str:
        if term.startswith("_:c14n"):
            self.slots.append(count + int(term[6:]))
            return "_:%s"
        mark = marks.pattern.match(term)
        if mark is None:
            if marks.stand_in(term):
                raise NoTemplateError("a value that varies is only part of a term")
            return term.replace("%", "%%")
        self.slots.append(int(mark["slot"]))
        rest = term[mark.end() :]
        if mark["open"] + mark["close"] not in ("<>", '""') or marks.stand_in(rest) or (mark["open"] == '"') == marks.is_mark(term[1:]):
            raise NoTemplateError("a value that varies came out as another kind of term")
        return f"{mark['open']}%s{mark['close']}" + rest.replace("%", "%%")


class _NodeFormat:
    """The lines that name one blank node, for its first-degree hash (RDFC-1.0, 4.6): the node itself is `_:a`, others are `_:z`."""

    def __init__(self, label: int, formats: Sequence[_LineFormat], count: int) -> None:
        lines, slots = [], list[int]()
        for each in formats:
            if label not in each.blanks:
                continue
            lines.append(each.seen_from(label))
            slots += [slot for slot in each.slots if slot < count]
        self._format, self._pick = "\n".join(lines), itemgetter(*slots, 0, 0)

    def hash(self, terms: Values) -> str:
        lines = sorted((self._format % self._pick(terms)[:-2]).split("\n"))
        return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()


def _escaped(text: str) -> str:
    """Return `text` as it stands between the quotes of canonical N-Quads; control characters are not in it."""
    if "\\" in text or '"' in text or not text.isprintable():
        for character, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            text = text.replace(character, written)
    return text


def _marked(node: Any, varying: Any, marks: _Marks, kinds: list[str]) -> Any:
    """Return a copy of `node` with marks where it varies; `kinds` gets one entry for each, in the order of `_matcher`."""
    if varying in (_IRI, _TEXT):
        if not isinstance(node, str):
            raise NoTemplateError("a value that varies is no text")
        kinds.append(varying)
        return marks.of(varying, len(kinds) - 1)
    if isinstance(varying, dict) and type(node) is dict:
        return {key: _marked(inner, varying.get(key), marks, kinds) for key, inner in node.items()}
    if isinstance(varying, list) and type(node) is list:
        return [_marked(inner, varying[0], marks, kinds) for inner in node]
    return node


def _matcher(node: Any, varying: Any) -> Matcher:
    """Return what tells whether a value is like `node`, and collects what varies in it."""
    if varying in (_IRI, _TEXT):
        return _take
    if isinstance(varying, dict) and type(node) is dict:
        return _object_matcher(node, varying)
    if isinstance(varying, list) and type(node) is list:
        inner = [_matcher(each, varying[0]) for each in node]
        return lambda value, out: (
            type(value) is list and len(value) == len(inner) and all(m(v, out) for m, v in zip(inner, value, strict=True))
        )
    if isinstance(node, str):
        return lambda value, _: type(value) is str and value == node
    if _has_texts_only(node):
        return lambda value, _: type(value) is type(node) and value == node  # nothing but a text equals a text
    written = json.dumps(node)
    return lambda value, _: value is node or (type(value) is type(node) and json.dumps(value) == written)


def _has_texts_only(node: Any) -> bool:
    """Whether a constant is made of objects, arrays and texts: then what equals it is the same (numbers and truth values equal each other: 1, 1.0 and true)."""
    if isinstance(node, dict):
        return all(map(_has_texts_only, node.values()))
    if isinstance(node, list):
        return all(map(_has_texts_only, node))
    return isinstance(node, str)


def _object_matcher(node: dict[str, Any], varying: dict[str, Any]) -> Matcher:
    keys = list(node)
    matchers = [_matcher(inner, varying.get(key)) for key, inner in node.items()]

    def match(value: Any, out: Values) -> bool:
        if type(value) is not dict or list(value) != keys:
            return False
        for matcher, inner in zip(matchers, value.values(), strict=True):  # noqa: SIM110  # this is the hot loop
            if not matcher(inner, out):
                return False
        return True

    return match


def _take(value: Any, out: Values) -> bool:
    if type(value) is not str:
        return False
    out.append(value)
    return True
