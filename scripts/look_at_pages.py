"""Looks at every page of the portal as the people it is for: in both languages, light and dark, wide and narrow.

`python scripts/look_at_pages.py SITE OUT` runs the portal of SITE (a copy: pages may write), follows every person's links, and of each route looks at the addresses that say most
that is new. OUT gets `sheet-*.png` to go through with the eyes, and `found.txt`: what is wider than its window (320 and 600 pixels too: a page zoomed in), what axe-core
finds, text that is cut off, errors of the browser, English on Filipino pages, the heaviest pages, routes that no link leads to.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page
from playwright.sync_api import Error as BrowserError

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
from contact_sheets import write_sheets  # noqa: E402  # the project is beside the script, not above it

from courses.settings import load_site  # noqa: E402
from portal.web.routes import ROUTES  # noqa: E402
from portal.web.trying_out import people_of  # noqa: E402
from tests.portal.web.browser import barriers, overflow, running_browser  # noqa: E402
from tests.portal.web.running import RunningPortal, running_portal  # noqa: E402

MOST_ASKED, MOST_SHOWN = 12, 4
"""Addresses of a route that one person asks for, and those of all people's that are looked at."""
_PATIENCE_MS = 120_000
WIDE, NARROW, ZOOMED = 1200, 360, (600, 320)
FIRST, SECOND = (("en", "light"), ("fil", "dark")), (("en", "dark"), ("fil", "light"))
"""What is looked at on a narrow window, and on a wide one; with --all both on both."""
LEFT_ALONE = re.compile(r"sign-out|[?&](?:lang|examine|anew|verify)=|/files?[/.]|\.(?:csv|xlsx|json|png)|download|/events")
ROUTE = [(path, re.compile(path)) for path, _ in ROUTES]
CUT = """() => [...document.querySelectorAll("body *")].filter(each => !each.childElementCount && each.textContent.trim()
  && ["hidden", "clip"].includes(getComputedStyle(each).overflowX) && getComputedStyle(each).clipPath === "none" && each.scrollWidth > each.clientWidth + 1).map(each => each.textContent.trim().slice(0, 80))"""
TEXTS = """() => { const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const at = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
    if (/[a-z]{3}/.test(text) && at.closest("[lang]").lang === document.documentElement.lang && !at.closest("code, pre, .mono, .cell, .notebook, footer")) found.push(text); }
  return found; }"""
WEIGHT = """() => ["navigation", "resource"].flatMap(each => performance.getEntriesByType(each)).reduce((sum, each) => sum + each.encodedBodySize, 0)"""


@dataclass(frozen=True)
class Stop:
    """A page to look at."""

    person: str
    address: str
    route: str


@dataclass
class Found:
    """What was found, and the pictures by page, language, scheme and width."""

    lines: list[str] = field(default_factory=list)
    weights: list[tuple[int, str]] = field(default_factory=list)
    english: dict[str, str] = field(default_factory=dict)
    pictures: dict[tuple[Stop, str, str, int], Path] = field(default_factory=dict)
    kinds: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=lambda: {NARROW: FIRST, WIDE: SECOND})
    """Languages and schemes by width."""


def route_of(address: str) -> str:
    """Return the kind of an address."""
    path = address.partition("?")[0]
    return next((name for name, pattern in ROUTE if pattern.fullmatch(path)), "elsewhere")


def pages_of(client: httpx.Client, begin: list[str]) -> dict[str, frozenset[str]]:
    """Return the addresses that one person comes to from where they begin by links alone, with the texts of each."""
    waiting, seen, asked, found = list(begin), set(begin), dict[str, int](), dict[str, frozenset[str]]()
    while waiting:
        address = waiting.pop(0)
        asked[route_of(address)] = asked.get(route_of(address), 0) + 1
        answer = client.get(address) if asked[route_of(address)] <= MOST_ASKED else None
        if answer is None or not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
        found[address] = frozenset(re.sub(r"\d+", "#", text.strip()) for text in re.findall(r">([^<>]+)<", main[0] if main else ""))
        for link in re.findall(r'href="([^"#]+)', answer.text):
            whole = urldefrag(urljoin(str(answer.url), link.replace("&amp;", "&")))[0]
            path = whole.removeprefix(str(client.base_url))
            if path != whole and path not in seen and not LEFT_ALONE.search(path):
                seen.add(path)
                waiting.append(path)
    return found


def stops(portal: RunningPortal, people: list[str], begin: list[str]) -> list[Stop]:
    """Return what to look at: of each route the addresses that say most that is new."""
    every = [(person, address, texts) for person in people for address, texts in pages_of(portal.visitor(person), begin).items()]
    chosen: list[Stop] = []
    for route in dict.fromkeys(route_of(address) for _, address, _ in every):
        left, known = [each for each in every if route_of(each[1]) == route], frozenset[str]()
        for _ in range(MOST_SHOWN):
            person, address, texts = max(left, key=lambda each: len(each[2] - known))
            if texts - known:
                chosen.append(Stop(person, address, route))
            known |= texts
    return sorted(chosen, key=lambda stop: (people.index(stop.person), stop.address))


def look(page: Page, stop: Stop, language: str, path: str, found: Found) -> None:
    """Look at the page that is open, in both widths."""
    where = f"{stop.person or 'nobody'} /{stop.address} {language}"
    for width in (*ZOOMED, WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        if overflow(page):
            found.lines.append(f"WIDE {where} {width}: by {overflow(page)} pixels")
        for scheme in (scheme for told, scheme in found.kinds.get(width, ()) if told == language):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            found.lines += [f"AXE {where} {scheme} {width}: {each}" for each in barriers(page)]
            found.pictures[stop, language, scheme, width] = Path(f"{path}-{language}-{scheme}-{width}.png")
            page.screenshot(path=found.pictures[stop, language, scheme, width], full_page=True)
        found.lines += [f"CUT {where} {width}: {each}" for each in page.evaluate(CUT)]
    found.weights.append((page.evaluate(WEIGHT), where))


def page_of(portal: RunningPortal, browser: Browser, person: str, language: str, found: Found) -> Page:
    """Return a page of the browser in which `person` is signed in and whose errors are written down."""
    cookies = portal.visitor(person, language=language).cookies
    context = browser.new_context(extra_http_headers={"Accept-Language": language}, timezone_id="Asia/Manila", reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": portal.address} for name, value in cookies.items()])
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)

    def told(what: ConsoleMessage | BrowserError) -> None:
        if isinstance(what, BrowserError) or what.type == "error":
            found.lines.append(f"ERROR {page.url} {what}")

    page.on("console", told)
    page.on("pageerror", told)
    return page


def walk(portal: RunningPortal, browser: Browser, every: list[Stop], out: Path, found: Found) -> None:
    """Look at all pages."""
    for person in dict.fromkeys(stop.person for stop in every):
        pages = {language: page_of(portal, browser, person, language, found) for language in ("en", "fil")}
        for number, stop in ((number, stop) for number, stop in enumerate(every) if stop.person == person):
            texts = []
            for language, page in pages.items():
                page.goto(portal.address + stop.address)
                page.evaluate("() => { for (const each of document.querySelectorAll('details')) each.open = true; }")
                texts.append(set(page.evaluate(TEXTS)))
                look(page, stop, language, str(out / f"{number:03}"), found)
            found.english = dict.fromkeys(texts[0] & texts[1], f"{person} /{stop.address}") | found.english
            sys.stdout.write(f"{number + 1} of {len(every)}: {person} /{stop.address}\n")
        for page in pages.values():
            page.context.close()


def main(site: Path, out: Path, chosen: list[str], also: list[str], *, thorough: bool) -> None:
    """Walk, look, and write down what was found."""
    found = Found(kinds=dict.fromkeys((NARROW, WIDE), FIRST + SECOND)) if thorough else Found()
    out.mkdir(parents=True, exist_ok=True)
    people = people_of(load_site(site))
    with running_portal(load_site(site), people=people) as portal, running_browser() as browser:
        begin = ["", "nosuch", "office", "sign-in", *also]
        every = stops(portal, chosen or ["", *(person.name for person in people)], begin)
        walk(portal, browser, every, out, found)
    told = [*dict.fromkeys(found.lines), *(f"ENGLISH {where}: {text}" for text, where in found.english.items())]
    told += [f"HEAVY {weight} {where}" for weight, where in sorted(found.weights, reverse=True)[:20]]
    told += [f"NOT REACHED {path}" for path in sorted({path for path, _ in ROUTES} - {stop.route for stop in every})]
    (out / "found.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    for width, scale, columns in ((NARROW, 1.0, 5), (WIDE, 0.5, 3)):
        shown = [
            (f"{number} {stop.person} /{stop.address} {kind}"[:90], found.pictures[stop, *kind, width])
            for number, stop in enumerate(every)
            for kind in found.kinds[width]
        ]
        write_sheets(shown, str(out / f"sheet-{width}"), scale=scale, columns=columns)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--person", action="append", default=[], help="only as these people (empty: nobody)")
    parser.add_argument("--all", action="store_true", help="every page in all eight ways, not in four")
    parser.add_argument("--also", action="append", default=[], help="an address that no link leads to, such as a shared page")
    asked = parser.parse_args()
    main(asked.site, asked.out, asked.person, asked.also, thorough=asked.all)
