"""Finished sentences matched back to the templates that they were made of, and told in another language. Pure; knows no catalogue and no site.

What stands in a sentence may have been written by anybody (a file's name, a cell's id, what a program printed), so:
- A sentence is of a template only if it is, letter for letter, the template with something in each place. Then the translation has the same values, each whole.
- The places of a template are found from left to right, each as short as it can be, in one walk over the sentence: no value makes that slow.
- A value is told in the other language only where it is a sentence itself, or a word where the template has a word (`{state}`). What stands in quotes is a
  name: it stays as it is, unless `names` has it.
- A sentence that is too long, or has too many parts, stays as it is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_PLACE = re.compile(r"\{(\w+)\}")
_OWN_WORDS = re.compile(r"[A-Za-z’']{2,}")
_DEEPEST = 5
"""How often a value may be a sentence whose value is one."""
_LONGEST = 4_000
_MOST_PARTS = 100
_MOST_LOOKED_UP = 800
"""How many sentences, parts and values of one sentence are looked up."""
_START = 4
"""By how many of its first letters a template is found."""
_Marks = tuple[tuple[re.Pattern[str], str], ...]
_LISTS: _Marks = ((re.compile(r"\n"), "\n"), (re.compile(r"; "), "; "))
"""What stands between sentences of a list, and is put there again."""
_SENTENCES: _Marks = ((re.compile(r"(?<=[.!?]) (?=[A-Z“])"), " "),)
_ADDED = re.compile(r"; |, |: | \(| and ")
"""How what is only sometimes added to a sentence begins."""
_MOST_ADDED = 8
_FEW_WORDS = 2
_LEAD = re.compile(r"\s*(?:- )?")
"""What stands before a line of a list."""
_PATH = re.compile(r"(?:[^\s:]|(?<=,)[ ]|:(?! ))+")
"""A place in a course or a file before a colon: `course.toml:3, outcomes.LO1`."""
_QUOTES = {"“": "”", "`": "`", "'": "'", '"': '"'}
_WORD_PLACES = frozenset({"state", "status", "value", "what", "role", "reason", "why", "told", "fate", "layer"})
"""Places whose value may be a lone word of ours, such as a state; elsewhere a lone word is somebody's name for something."""
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    may_be_empty: bool
    """The ending of a plural, and what follows another place or a stop at once: it is only sometimes added."""
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with named places, and what it is in another language."""

    literals: tuple[str, ...]
    """What stands before, between and after the places."""
    places: tuple[_Place, ...]
    translated: str
    rank: int
    """Those that say most come first."""
    own_words: int

    def is_likely(self, values: list[str], is_sentence: Callable[[str], bool]) -> bool:
        """Whether these values are no other sentence that only looks so: a template that begins with a value and has few words needs more to go by."""
        if not self.is_open:
            return True
        if "\n" in values[0]:
            return False
        if self.own_words > _FEW_WORDS:
            return True
        if self.is_weak:
            return is_sentence(values[0])
        return not re.search(r"\s", values[0]) or any(is_sentence(value) for value in values)

    @property
    def is_open(self) -> bool:
        """Whether it begins with a value, which could be anything."""
        return not self.literals[0]

    @property
    def is_weak(self) -> bool:
        """Whether it begins with a value and has fewer words than places: only what follows on a sentence is of such a template."""
        return self.is_open and self.own_words < len(self.places)

    def values(self, sentence: str) -> list[str] | None:
        """Return what stands in each place, None if the sentence is not of this template."""
        if not self.places:
            return [] if sentence == self.literals[0] else None
        first, last = self.literals[0], self.literals[-1]
        here, end = len(first), len(sentence) - len(last)
        if not sentence.startswith(first) or not sentence.endswith(last):
            return None
        found = []
        for place, following in zip(self.places[:-1], self.literals[1:-1], strict=True):
            until = sentence.find(following, here if place.may_be_empty else here + 1, max(end, 0))
            if until < 0:
                return None
            found.append(sentence[here:until])
            here = until + len(following)
        if here + (not self.places[-1].may_be_empty) > end:
            return None
        return [*found, sentence[here:end]]


_Candidates = Callable[[str], Iterable[_Template]]


@dataclass(slots=True)
class _Search:
    """The search for one sentence: the names that are known, and how many look-ups are left."""

    names: Mapping[str, str]
    left: int = _MOST_LOOKED_UP


@dataclass(slots=True)
class SentenceTemplates:
    """The templates of a language."""

    texts: Mapping[str, str]
    """Template to its translation, both with places such as `{title}`."""
    _closed: dict[str, list[_Template]] = field(default_factory=dict)
    """By how they begin."""
    _open: list[tuple[str, _Template]] = field(default_factory=list)
    """Each with its longest literal."""
    _weak: list[tuple[str, _Template]] = field(default_factory=list)
    """The same, of those with few words."""

    def __post_init__(self) -> None:
        """Take the texts apart."""
        by_weight = sorted(self.texts.items(), key=lambda each: -len(_PLACE.sub("", each[0])))
        for rank, (text, translated) in enumerate(by_weight):
            template = _template(text, translated, rank)
            if template.is_open:
                (self._weak if template.is_weak else self._open).append((max(template.literals, key=len), template))
            else:
                self._closed.setdefault(template.literals[0][:_START], []).append(template)

    def told(self, sentence: str, names: Mapping[str, str] = _NOTHING) -> str | None:
        """Return the sentence in the other language, None if it is of no template.

        Args:
            names: titles of courses and assignments and texts of outcomes, in English, and what they are in the other language.
        """
        told = self._told(sentence, _Search(names), 0) if len(sentence) <= _LONGEST else None
        return _begun(sentence, told) if told else told

    def _told(self, sentence: str, search: _Search, depth: int) -> str | None:
        """First as something that is only added to a sentence; as a list, each entry by itself; as a template that begins with words; as several sentences; as what
        follows the place where it is; and last as a template that begins with a value, which could be anything.
        """
        search.left -= 1
        if depth > _DEEPEST or search.left < 0:
            return None
        return (
            self._as_whole(sentence, self._adding, search, depth)
            or self._in_parts(sentence, _LISTS, search, depth)
            or self._as_whole(sentence, self._beginning_like, search, depth)
            or self._in_parts(sentence, _SENTENCES, search, depth)
            or self._after_a_place(sentence, search, depth)
            or self._as_whole(sentence, self._having, search, depth)
        )

    def _as_whole(self, sentence: str, candidates: _Candidates, search: _Search, depth: int) -> str | None:
        """The template that says most goes first, whether the sentence was begun with a capital and given a stop or not."""
        lower = sentence[:1].lower() + sentence[1:]
        forms = [form for whole in dict.fromkeys((sentence, lower)) for form in (whole, whole.removesuffix("."))]
        found = dict.fromkeys(template for form in dict.fromkeys(forms) for template in candidates(form))
        for template in sorted(found, key=lambda each: each.rank):
            for form in dict.fromkeys(forms):
                values = template.values(form)
                told = None if values is None else self._filled(template, values, search, depth)
                if told is not None:
                    begun = told if form[:1] == sentence[:1] else told[:1].upper() + told[1:]
                    return begun + sentence[len(form) :]
        return None

    def _beginning_like(self, sentence: str) -> Iterable[_Template]:
        starts = dict.fromkeys(sentence[:length] for length in range(1, _START + 1))
        return sorted((each for start in starts for each in self._closed.get(start, ())), key=lambda each: each.rank)

    def _adding(self, sentence: str) -> Iterator[_Template]:
        return (template for sure, template in self._weak if sure in sentence)

    def _having(self, sentence: str) -> Iterator[_Template]:
        return (template for sure, template in self._open if sure in sentence)

    def _filled(self, template: _Template, values: list[str], search: _Search, depth: int) -> str | None:
        if not template.is_likely(values, lambda value: self._told(value, search, depth + 1) is not None):
            return None
        if any(place.name.startswith("fate") and value not in self.texts for place, value in zip(template.places, values, strict=True)):
            return None  # what becomes of a thing is one of a few words
        for number, between in enumerate(template.literals[1:-1]):
            if not between:
                values[number : number + 2] = self._parted(values[number] + values[number + 1], search, depth)
        told = {place.name: self._value(place, value, search, depth) for place, value in zip(template.places, values, strict=True)}
        return _PLACE.sub(lambda place: told[place[1]], template.translated)

    def _parted(self, values: str, search: _Search, depth: int) -> tuple[str, str]:
        """Return the values of two places side by side: the second is what is sometimes added, and begins as a sentence of ours."""
        for found in itertools.islice(_ADDED.finditer(values, 1), _MOST_ADDED):
            if self._told(values[found.start() :], search, depth + 1) is not None:
                return values[: found.start()], values[found.start() :]
        return values, ""

    def _value(self, place: _Place, value: str, search: _Search, depth: int) -> str:
        named = [search.names.get(each) for each in (value.split(", ") if search.names else ())]
        if value in search.names or (named and None not in named):
            return search.names.get(value) or ", ".join(each for each in named if each)
        if place.is_quoted or not value:
            return value
        if " " not in value.strip() and place.name.rstrip("0123456789") not in _WORD_PLACES:
            return value
        return self._told(value, search, depth + 1) or value

    def _in_parts(self, sentence: str, marks: _Marks, search: _Search, depth: int) -> str | None:
        for mark, between in marks:
            parts = mark.split(sentence, maxsplit=_MOST_PARTS)
            if 1 < len(parts) <= _MOST_PARTS:
                told = self._all_told(parts, between, search, depth)
                if told is not None:
                    return between.join(told)
        return None

    def _after_a_place(self, sentence: str, search: _Search, depth: int) -> str | None:
        where, colon, rest = sentence.partition(": ")
        told = self._told(rest, search, depth + 1) if colon and rest and _PATH.fullmatch(where) else None
        return None if told is None else f"{where}: {told}"

    def _all_told(self, parts: list[str], between: str, search: _Search, depth: int) -> list[str] | None:
        found: list[str] = []
        for part in parts:
            lead = _LEAD.match(part)[0]  # type: ignore[index]  # it matches the empty text, too
            told = self._told(part[len(lead) :], search, depth + 1) if part[len(lead) :] else ""
            if told is None and found:  # what counts those that are left out begins with the mark: `; and 3 more`
                told = (self._told(f"{between}{part}", search, depth + 1) or "").removeprefix(between) or None
            if told is None:
                return None
            found.append(lead + told)
        return found


def _begun(sentence: str, told: str) -> str:
    """Return what is told of a whole sentence beginning with a capital, also where the sentence begins with a name and the translation does not."""
    first = sentence.partition(" ")[0]
    is_name = not first.isalpha() or first[:1].isupper()
    is_whole = sentence.endswith((".", "!", "?"))
    return told[:1].upper() + told[1:] if is_whole and is_name and told.partition(" ")[0] not in sentence else told


def _may_be_empty(name: str, before: str, after: str, number: int) -> bool:
    is_added = (number > 0 and not before) or (not after and before.endswith((".", ")", "`", "”")))
    return is_added or "plural" in name


def _template(text: str, translated: str, rank: int) -> _Template:
    pieces = _PLACE.split(text)
    literals, names = pieces[::2], pieces[1::2]
    places = tuple(
        _Place(name, _may_be_empty(name, before, after, number), _QUOTES.get(before[-1:]) == after[:1] != "")
        for number, (name, before, after) in enumerate(zip(names, literals, literals[1:], strict=False))
    )
    return _Template(tuple(literals), places, translated, rank, len(_OWN_WORDS.findall(" ".join(literals))))
