"""What the portal writes to its log: that something was asked and what became of it, never who asked, for whom, or by which secret address.

Addresses name learners (`teach/COURSE/learners/ana`), hold tokens that whoever has them may use (`c/TOKEN`, `wallet/TOKEN`), and what people searched for; what an
error says may hold what somebody typed. So a line has the address's shape (`/teach/*/learners/*`), a fault its kind and where in the code it happened. Network
addresses are left to the proxy in front, whose log has its own rules.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from types import TracebackType

from tornado.web import RequestHandler

_access = logging.getLogger("tornado.access")
_log = logging.getLogger("patunay.portal")
Shapes = tuple[tuple[re.Pattern[str], str], ...]
"""Each address of the portal, relative to its prefix, with what is written of it."""
_GROUP = re.compile(r"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)")


def log_answer(handler: RequestHandler) -> None:
    """Write one line about an answer; for `log_function` of a tornado application."""
    status = handler.get_status()
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    if _access.isEnabledFor(level):
        shape = _shape(handler)
        milliseconds = 1000.0 * handler.request.request_time()
        _access.log(level, "%d %s %s %.1f ms", status, _method(handler.request.method), shape, milliseconds)


def log_fault(handler: RequestHandler, kind: type[BaseException] | None, where: TracebackType | None) -> None:
    """Write down what broke on our side: the kind of the error and the lines of code, not its words."""
    shape = _shape(handler)
    name = kind.__name__ if kind is not None else "a fault"
    frames = "".join(traceback.format_tb(where)) if where is not None else ""
    _log.error("%s %s failed: %s\n%s", _method(handler.request.method), shape, name, frames)


def address_shapes(paths: Iterable[str]) -> Shapes:
    """Return each route's pattern with its shape; an application has them as its setting `address_shapes`."""
    own = [*paths, "sign-in", "sign-out", "oauth_callback"]
    return tuple((re.compile(path), _GROUP.sub("*", path).replace("\\", "")) for path in own)


def address_shape(path: str, prefix: str, shapes: Shapes) -> str:
    """Return the address with `*` for all that is not the portal's own word; of an address that is none of the portal's, `*`.

    Args:
        prefix: of the portal, with a slash at both ends.
    """
    if not path.startswith(prefix):
        return "*"
    asked = path.removeprefix(prefix)
    if asked.startswith("static/"):
        return f"{prefix}static/*"
    return next((prefix + shape for pattern, shape in shapes if pattern.fullmatch(asked)), f"{prefix}*")


def _shape(handler: RequestHandler) -> str:
    prefix = str(getattr(getattr(handler, "portal", None), "prefix", "/"))
    return address_shape(handler.request.path, prefix, handler.settings.get("address_shapes", ()))


def _method(method: str | None) -> str:
    return method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} else "?"
