"""The words of *Hand in* and *My courses* in JupyterLab: the same ones in both languages, and none of the button's is left out."""

from __future__ import annotations

import re
from pathlib import Path

import portal.hub

SCRIPT = Path(portal.hub.__file__).parent / "servers/learner/labextensions/patunay-hand-in/static/remoteEntry.js"


def keys_of(language: str) -> list[str]:
    """Return the names of the words of a language, in their order."""
    block = re.search(rf"^    {language}: \{{\n(.*?)^    \}},\n", SCRIPT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert block is not None
    return re.findall(r"^      (\w+): ", block[1], re.MULTILINE)


def test_both_languages_have_every_word_that_is_said() -> None:
    said = set(re.findall(r"told\(\)\.(\w+)", SCRIPT.read_text(encoding="utf-8")))
    assert len(said) > 8
    assert keys_of("en") == keys_of("fil")
    assert set(keys_of("en")) == said
