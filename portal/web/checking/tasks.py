"""Does what a process is asked: takes a credential out of a file, fetches one, examines one, sorts out what a learner sent. Runs in a process of its own, under `confining`."""

from __future__ import annotations

import json
from pathlib import Path

from courses.errors import DiagnosedError
from issuer.baking import KEYWORD
from issuer.errors import DocumentUnreadableError, ResolutionError
from issuer.resolvers import WebResolver
from portal.uploads import Upload, Wanted, sort_out
from portal.verifying import MAXIMUM_BYTES, credential_in, examine
from portal.web.checking.errors import CheckTooMuchError
from portal.web.checking.orders import Answer, Order, Refusal, RefusalKind, Task
from portal.web.checking.packed_files import pack_files, unpack_files
from portal.web.checking.picture_codes import is_picture, read_codes
from portal.web.public.own_site_resolver import site_resolver


def carry_out(order: Order) -> Answer:
    """Return what was found; what is wrong with what the stranger sent is a refusal."""
    try:
        if order.task is Task.TAKE_OUT:
            return take_out(order.data)
        if order.task is Task.FETCH:
            return Answer(WebResolver().fetch(order.data.decode("utf-8")))
        if order.task is Task.SORT_OUT:
            return _sorted_out(order)
        return _examined(order)
    except CheckTooMuchError:
        return Answer(refusal=Refusal(RefusalKind.TOO_MUCH))
    except ResolutionError as unreachable:
        return Answer(refusal=Refusal(RefusalKind.UNREACHABLE, unreachable.problem, unreachable.remedy))
    except DiagnosedError as unreadable:
        return Answer(refusal=Refusal(RefusalKind.UNREADABLE, unreadable.problem, unreadable.remedy))


def take_out(data: bytes) -> Answer:
    """Return the credential that a file is or carries; of a picture without one what its QR codes say.

    A picture that has the keyword of a credential is taken for nothing else: two readers shall not see two things.

    Raises:
        DocumentUnreadableError, BakingError, CertificateError: there is none, or too much, or the file is damaged.
        CheckTooMuchError: a picture with too many pixels.
    """
    if len(data) <= MAXIMUM_BYTES and is_picture(data) and KEYWORD.encode("ascii") not in data:
        codes = read_codes(data)
        if codes:
            return Answer(codes=codes)
        raise DocumentUnreadableError(
            "the picture has neither a credential nor a QR code that can be read",
            remedy="Take the file as its holder got it, or a picture with the whole QR code, sharp and straight from above.",
        )
    return Answer(credential_in(data))


def _examined(order: Order) -> Answer:
    examined = examine(order.data, resolver=site_resolver(Path(order.site), ask_others=True), now=order.now)
    if examined.document is None:
        return Answer(report=examined.report)
    text = json.dumps(examined.document, ensure_ascii=False, separators=(",", ":"))  # no longer than it came: its reader has a limit
    return Answer(text.encode("utf-8", "replace"), examined.report)


def _sorted_out(order: Order) -> Answer:
    uploads = [Upload(name, content) for name, content in unpack_files(order.data)]
    return Answer(pack_files(sort_out(uploads, Wanted(order.names, order.most_bytes)).items()))
