"""numpy's dtypes by value: the plain ones by their text, records field by field, texts of any length; none that holds objects, except the dtype `object` itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.sealed.codec import expect
from autograder.sealed.wire import Tree, WireError

PLAIN_KINDS = frozenset("biufcSUmM")
_MOST_FIELDS, _WIDEST = 1000, 1 << 24
_DEEPEST = 20


def dtype_tree(dtype: Any, *, depth: int = 0) -> Tree:
    """Return the tree of a dtype.

    Raises:
        TypeError: it does not cross.
    """
    if dtype.metadata or depth > _DEEPEST:
        raise TypeError("this dtype does not cross")
    if dtype.kind in PLAIN_KINDS:
        return dtype.str
    if dtype.kind == "T":
        missing = getattr(dtype, "na_object", "none")
        if not (missing == "none" or missing is None or (type(missing) is float and missing != missing)):
            raise TypeError("this dtype does not cross")
        return ["texts", "none" if missing == "none" else "None" if missing is None else "nan", bool(dtype.coerce)]
    if dtype.kind != "V" or not dtype.names or dtype.hasobject or any(len(field) > 2 for field in dtype.fields.values()):
        raise TypeError("this dtype does not cross")
    fields = [[name, *_field(dtype.fields[name][0], depth), dtype.fields[name][1]] for name in dtype.names]
    return ["record", fields, dtype.itemsize, bool(dtype.isalignedstruct), dtype.type is np.record]


def _field(dtype: Any, depth: int) -> list[Tree]:
    base, shape = dtype.subdtype or (dtype, ())
    return [dtype_tree(base, depth=depth + 1), list(shape)]


def dtype_of(node: Tree, *, depth: int = 0) -> Any:
    """Return the dtype of such a tree.

    Raises:
        WireError: it is none that crosses.
    """
    if depth > _DEEPEST:
        raise WireError("no plain dtype")
    if type(node) is not list:
        return plain_dtype(node)
    if node[0] == "texts":
        coerce = expect(node[2], bool)
        return np.dtypes.StringDType(coerce=coerce) if node[1] == "none" else _TEXTS[node[1]](coerce)
    if node[0] != "record" or len(expect(node[1], list)) > _MOST_FIELDS or not 0 <= expect(node[2], int) <= _WIDEST:
        raise WireError("no plain dtype")
    names, formats, offsets = [], [], []
    for name, tree, shape, offset in node[1]:
        names.append(expect(name, str))
        field = dtype_of(tree, depth=depth + 1)
        sides = tuple(expect(side, int) for side in expect(shape, list))
        if field.kind == "T" or any(not 0 <= side <= _WIDEST for side in sides) or not 0 <= expect(offset, int) <= _WIDEST:
            raise WireError("no plain dtype")
        formats.append((field, sides) if sides else field)
        offsets.append(offset)
    description: Any = {"names": names, "formats": formats, "offsets": offsets, "itemsize": node[2]}
    found = np.dtype(description, align=expect(node[3], bool))
    return np.dtype((np.record, found)) if expect(node[4], bool) else found


_TEXTS: dict[str, Any] = {
    "None": lambda coerce: np.dtypes.StringDType(na_object=None, coerce=coerce),
    "nan": lambda coerce: np.dtypes.StringDType(na_object=float("nan"), coerce=coerce),
}


def plain_dtype(name: object) -> Any:
    """Return a dtype of numbers, moments or texts of one length.

    Raises:
        WireError: it is none.
    """
    text = expect(name, str)
    if len(text) > 30 or text.lstrip("<>|=")[:1] not in PLAIN_KINDS:
        raise WireError("no plain dtype")
    dtype = np.dtype(text)
    if dtype.kind not in PLAIN_KINDS or dtype.names or dtype.subdtype:
        raise WireError("no plain dtype")
    return dtype
