"""Gathers the texts of the pages and their Filipino translations into portal/web/locale/fil/LC_MESSAGES/portal.po.

Texts come from the templates, the code, and the sentences of the core (`scripts/core_sentences.py`); translations from the catalogue as it is, and from `locale/parts/*.po`, where those who write pages put theirs.
Texts that are no longer anywhere are dropped. Run it with `make translations`; the tests say which texts have no translation.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).resolve().parent))
from core_sentences import sentences

WEB = Path(__file__).resolve().parents[1] / "portal" / "web"
CATALOGUE = WEB / "locale" / "fil" / "LC_MESSAGES" / "portal.po"
METHODS = [("**.html", "jinja2"), ("**.xml", "jinja2"), ("**.py", "python")]
OPTIONS = {
    "**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"},
    "**.xml": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"},
}
CORE = "core"
"""The context of the core's sentences, as `portal.web.language` reads them."""
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def texts() -> Catalog:
    """Return every text of the pages, without translations."""
    catalogue = Catalog(locale="fil", project="Patunay", fuzzy=False)
    for file, _line, message, _comments, context in extract_from_dir(str(WEB), METHODS, OPTIONS, keywords=KEYWORDS):
        catalogue.add(message, None, [(f"portal/web/{file}", 1)], context=context)
    for template, modules in sentences().items():
        catalogue.add(template, None, [(module, 1) for module in modules], context=CORE)
    return catalogue


def known() -> list[Catalog]:
    """Return the catalogues with translations, the later ones going before."""
    places = [CATALOGUE, *sorted((WEB / "locale" / "parts").glob("*.po"))]
    found = []
    for place in places:
        if place.is_file():
            with place.open("rb") as stream:
                found.append(read_po(stream, locale="fil"))
    return found


def merged() -> Catalog:
    """Return every text with the translation that is known."""
    catalogue = texts()
    for translated in known():
        for message in translated:
            if not message.id or not message.string:
                continue
            own = catalogue.get(message.id, context=message.context)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if own is not None and all(strings):
                is_plural = isinstance(own.id, tuple)
                own.string = (strings + (strings[-1],) * 2)[: catalogue.num_plurals] if is_plural else strings[0]
    return catalogue


def missing(catalogue: Catalog) -> list[str]:
    """Return the texts without a translation."""
    return [str(each.id) for each in catalogue if each.id and not (all(each.string) if isinstance(each.string, tuple) else each.string)]


if __name__ == "__main__":
    made = merged()
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as stream:
        write_po(stream, made, width=120, omit_header=False, sort_output=True, no_location=True)
    left = missing(made)
    sys.stdout.write(f"{len(made) - len(left)} of {len(made)} texts are translated.\n" + "".join(f"  {text}\n" for text in left))
