"""Which form of a thing is asked for, and how machine-readable files are answered: with their own type, for everybody's scripts, for caches to keep."""

from __future__ import annotations

from tornado.web import RequestHandler

_JSON = (
    "application/json",
    "application/ld+json",
    "application/vc+ld+json",
    "application/vc",
    "application/did+json",
    "application/did+ld+json",
)
_HTML = ("text/html", "application/xhtml+xml")
_LONGEST = 1000


def prefers_json(accept: str) -> bool:
    """Whether an Accept header (RFC 9110, 12.5.1), of any form, asks for JSON rather than for a page; one that wants anything gets the page."""
    weights = {"json": 0.0, "html": 0.0}
    for part in accept[:_LONGEST].split(","):
        kind, _, parameters = part.strip().partition(";")
        name = "json" if kind.strip().lower() in _JSON else "html" if kind.strip().lower() in _HTML else ""
        if name:
            weights[name] = max(weights[name], _weight(parameters))
    return weights["json"] > weights["html"]


def chosen_type(accept: str, offered: tuple[str, ...]) -> str:
    """Return the first of the `offered` media types that an Accept header names, else the first of all."""
    named = {part.partition(";")[0].strip().lower() for part in accept[:_LONGEST].split(",")}
    return next((each for each in offered if each in named), offered[0])


def answer_public_file(handler: RequestHandler, content: bytes, content_type: str, *, max_age_s: int) -> None:
    """Answer with something that is meant for machines anywhere: scripts of other sites may read it, caches may keep it, and an ETag saves sending it again."""
    handler.set_header("Content-Type", content_type)
    handler.set_header("Access-Control-Allow-Origin", "*")
    handler.set_header("Cross-Origin-Resource-Policy", "cross-origin")
    handler.set_header("Cache-Control", f"public, max-age={max_age_s}")
    handler.set_header("Vary", "Accept")
    handler.finish(content)


def _weight(parameters: str) -> float:
    for each in parameters.split(";"):
        name, _, value = each.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
