"""Answers as tokens that stay the same when a copy is disguised. Pure.

Names that a learner may choose are one token (which of them are the same is kept), numbers another, texts a third; comments, docstrings, blank space, line ends and magics go. Keywords, operators,
Python's built-in names and what follows a dot (methods, columns, module members) stay: renaming those changes what the program does.
Code that Python's tokeniser refuses, or that is not Python, is read leniently; where both can read it they give the same tokens, so that a spoilt
line does not hide a copy. A text is its words, small letters, without accents and punctuation.
"""

from __future__ import annotations

import builtins
import io
import keyword
import re
import tokenize
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

NAME, NUMBER, TEXT = "name", "0", "''"
"""What chosen names, numbers and texts become."""
_KEPT = frozenset(keyword.kwlist) | frozenset(each for each in dir(builtins) if not each.startswith("_"))
_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
_SKIPPED = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
)
_F_START, _F_END = getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "FSTRING_END", -1)
"""Python 3.12 and later take an f-string apart; we do not."""
_PREFIX = r"(?:[rbuf]|br|rb|fr|rf)?"
_LENIENT = re.compile(
    rf"""(?P<comment>\#[^\n]*)
    |(?P<text>(?i:{_PREFIX})(?:\"\"\"(?s:\\.|(?!\"\"\").)*(?:\"\"\"|\Z)|'''(?s:\\.|(?!''').)*(?:'''|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))
    |(?P<number>(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)[jJ]?)
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>\*\*=|//=|>>=|<<=|\.\.\.|!=|->|:=|\+=|-=|\*=|/=|%=|&=|\|=|\^=|@=|==|<=|>=|<<|>>|\*\*|//|[^\s\\])""",
    re.VERBOSE,
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A normalised answer. Four lists of one length."""

    words: tuple[str, ...]
    back: tuple[int, ...]
    """How many tokens before this one the same chosen name stood last, 0 for the first time and for what is no chosen name: which names are the same is
    kept, what they are called is not (B. S. Baker, "Parameterized Pattern Matching", 1996: her prev-encoding)."""
    starts: tuple[int, ...]
    """Where each token begins in the text that was read, in characters."""
    ends: tuple[int, ...]


_Raw = tuple[str, int, int]
"""A token as it stands there (`TEXT` and `NUMBER` already folded), and from where to where."""


def code_tokens(text: str, *, is_python: bool = True) -> Tokens:
    """Return the tokens of a code cell, whatever is in it."""
    shown = _MAGIC.sub(lambda found: " " * len(found.group()), text)
    if is_python:
        try:
            return _folded(shown, list(_python(shown)))
        except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):  # ValueError: a null byte
            pass
    return _folded(shown, list(_lenient(shown)))


def text_tokens(text: str) -> Tokens:
    """Return the words of a text answer."""
    found = list(_WORD.finditer(text))
    words = tuple(_plain(each.group()) for each in found)
    return Tokens(words, (0,) * len(words), tuple(each.start() for each in found), tuple(each.end() for each in found))


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each)) or word


def _python(text: str) -> Iterator[_Raw]:
    lines = [0]
    for line in io.StringIO(text, newline="\n"):
        lines.append(lines[-1] + len(line))
    inside = 0
    began = 0
    for each in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        if each.type == tokenize.ERRORTOKEN and not each.string.isspace():
            raise SyntaxError(each.string)
        start, end = lines[each.start[0] - 1] + each.start[1], lines[min(each.end[0], len(lines)) - 1] + each.end[1]
        if each.type == _F_START:
            began, inside = (start, 1) if inside == 0 else (began, inside + 1)
        elif each.type == _F_END:
            inside -= 1
            if inside == 0:
                yield TEXT, began, end
        elif inside == 0 and each.type not in _SKIPPED and each.string.strip():
            yield _raw(each.type, each.string), start, end


def _raw(kind: int, found: str) -> str:
    return TEXT if kind == tokenize.STRING else NUMBER if kind == tokenize.NUMBER else found


def _lenient(text: str) -> Iterator[_Raw]:
    for found in _LENIENT.finditer(text):
        kind = found.lastgroup
        if kind != "comment":
            yield (TEXT if kind == "text" else NUMBER if kind == "number" else found.group()), found.start(), found.end()


def _folded(text: str, raw: list[_Raw]) -> Tokens:
    words, back, starts, ends = list[str](), list[int](), list[int](), list[int]()
    seen: dict[str, int] = {}
    for index, (found, start, end) in enumerate(raw):
        if _is_docstring(text, raw, index):
            continue
        word, before = _word(raw, index), 0
        if word is NAME:
            before = len(words) - seen.get(found, len(words))
            seen[found] = len(words)
        words.append(word)
        back.append(before)
        starts.append(start)
        ends.append(end)
    return Tokens(tuple(words), tuple(back), tuple(starts), tuple(ends))


def _word(raw: list[_Raw], index: int) -> str:
    found = raw[index][0]
    if not (found[0].isalpha() or found[0] == "_"):
        return found
    follows_dot = index > 0 and raw[index - 1][0] == "."
    return found if follows_dot or found in _KEPT else NAME


def _is_docstring(text: str, raw: list[_Raw], index: int) -> bool:
    """Whether a text has its lines for itself, after none or a finished line: it says nothing to the program."""
    found, start, end = raw[index]
    if found != TEXT:
        return False
    before = text[text.rfind("\n", 0, start) + 1 : start]
    line_end = text.find("\n", end)
    after = text[end : len(text) if line_end < 0 else line_end]
    is_alone = not before.strip() and not after.split("#")[0].strip()
    return is_alone and (index == 0 or raw[index - 1][0] in {":", ")", "]", "}"} or _is_word(raw[index - 1][0]))


def _is_word(found: str) -> bool:
    return found[0].isalnum() or found[0] in "_'."
