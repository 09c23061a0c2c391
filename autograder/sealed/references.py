"""Objects of the other process: what they are, as far as is told, and classes that forward what is done with them.

A reference forwards calls, attributes, items and iteration. Comparing, doing arithmetic and asking for truth would let the object's own class decide, so
these go through `Party.own_semantics`, which may refuse them; functions, classes and modules are compared by identity here and never asked.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from autograder.sealed.codec import Remote, expect
from autograder.sealed.wire import Tree, WireError

_COMPARING = ("eq", "ne", "lt", "le", "gt", "ge", "contains", "bool")
_ARITHMETIC = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"),
    *("radd", "rsub", "rmul", "rtruediv", "rfloordiv", "rmod", "rdivmod", "rpow", "rmatmul", "rand", "ror", "rxor", "rlshift", "rrshift"),
    *(
        "iadd",
        "isub",
        "imul",
        "itruediv",
        "ior",
        "iand",
        "neg",
        "pos",
        "abs",
        "invert",
        "int",
        "float",
        "index",
        "complex",
        "round",
        "hash",
    ),
)
_NEUTRAL = ("call", "len", "getitem", "setitem", "delitem", "iter", "next", "enter", "exit", "reversed", "format")
OWN_SEMANTICS = frozenset(f"__{name}__" for name in _COMPARING + _ARITHMETIC)
"""Operations whose answer is the object's own word; asked only of classes that are expected."""
DECIDING = frozenset(f"__{name}__" for name in (*_COMPARING, "int", "float", "index", "complex", "hash"))
"""Those of them on whose answer a test branches: it compares, asks for truth or converts. The others give values, as a method's call does."""
FORWARDED = (*sorted(OWN_SEMANTICS), *(f"__{name}__" for name in _NEUTRAL))
_FORWARDED_SET = frozenset(FORWARDED)
_BY_IDENTITY = frozenset({"function", "class", "module"})


class Owner(Protocol):
    """The side that holds a reference."""

    def request(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Have the other side do something."""

    def own_semantics(self, reference: Reference, operation: str) -> bool:
        """Note that an answer would be the object's own; return whether it is asked at all."""

    def answered(self, reference: Reference, operation: str, arguments: tuple[Any, ...], answer: object) -> None:
        """Take note of what an object's own operator said."""

    def class_of(self, reference: Reference) -> type | None:
        """Return the class of this process that the object says it is of, None if there is none."""


@dataclass(frozen=True, slots=True)
class About:
    """What the other process says of an object."""

    number: int
    name: str
    module: str
    ancestors: tuple[str, ...]
    """`module:name` of its class and the classes above it; of itself, if it is a class."""
    operations: tuple[str, ...]
    kind: str
    """`object`, `function`, `class` or `module`."""
    class_number: int
    """The number of its class, 0 if that has none."""
    ancestor_numbers: tuple[Tree, ...]
    """What `ancestor_numbers` tells of the `ancestors`; for exception classes only."""


def describe(thing: Any, number: int, export: Callable[[object], int]) -> list[Tree]:
    """Return the tree of what is told of an object.

    Args:
        export: gives the numbers of its class and of the classes above it.
    """
    kind = type(thing)
    family = (
        type.mro(thing)
        if isinstance(thing, type) and kind is not type
        else (type.mro(thing) if thing is not type else [type])
        if isinstance(thing, type)
        else type.mro(kind)
    )
    operations = [name for name in FORWARDED if _is_own(kind, name)]
    ancestors = [f"{_text(getattr(each, '__module__', ''))}:{_text(each.__qualname__)}" for each in family]
    class_number = export(kind) if kind.__module__ == "__main__" else 0
    above = ancestor_numbers(family, export) if isinstance(thing, type) and issubclass(thing, BaseException) else []
    return [
        "r",
        number,
        _text(kind.__name__),
        _text(getattr(kind, "__module__", "")),
        ancestors,
        operations,
        _kind(thing),
        class_number,
        above,
    ]


def ancestor_numbers(family: Sequence[type], export: Callable[[object], int]) -> list[Tree]:
    """Return for each of some classes 0, or if it is of the notebook's own its number and the places of the classes that it is derived from."""
    places = {each: place for place, each in enumerate(family)}
    return [
        [export(each), *(places[base] for base in each.__bases__ if base in places)] if each.__module__ == "__main__" else 0
        for each in family
    ]


def _is_own(kind: type, name: str) -> bool:
    for each in type.mro(kind)[:-1]:
        if name in vars(each):
            return vars(each)[name] is not None
    return False


def _kind(thing: object) -> str:
    if isinstance(thing, type):
        return "class"
    if isinstance(thing, types.ModuleType):
        return "module"
    functions = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
    return "function" if isinstance(thing, functions) else "object"


def _text(name: object) -> str:
    return str(name).encode("utf-8", "replace").decode()[:200]


def about(node: list[Tree]) -> About:
    """Return what such a tree says.

    Raises:
        WireError: it is malformed.
    """
    if len(node) != 9 or node[6] not in {"object", "function", "class", "module"}:
        raise WireError("a reference is malformed")
    number, class_number = expect(node[1], int), expect(node[7], int)
    ancestors = tuple(expect(each, str) for each in expect(node[4], list)[:200])
    operations = tuple(name for name in dict.fromkeys(expect(node[5], list)) if name in _FORWARDED_SET)
    above = tuple(expect(node[8], list)[:200])
    return About(number, expect(node[2], str), expect(node[3], str), ancestors, operations, node[6], class_number, above)


def _await(self: Any) -> Any:
    yield from ()  # what `await` wants is an iterator
    return self._sealed_owner.request("await", self)


def _send(self: Any, _value: object) -> Any:
    raise StopIteration(self._sealed_owner.request("await", self))


def _close(self: Any, *_: object) -> None:
    self._sealed_owner.request("operation", self, "close")


_COROUTINE = {"__await__": _await, "send": _send, "close": _close}


class _Kind(type):
    """The class of the classes of references: what is asked of a reference's class is asked of the learner's."""

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        if "_sealed_class_owner" not in vars(cls):
            return super().__call__(*arguments, **named)
        return cls._sealed_class_owner.request("construct", cls._sealed_class_number, *arguments, **named)

    def __getattr__(cls, name: str) -> Any:
        if name == "__dataclass_fields__" and vars(cls).get("_sealed_class_number"):
            return _fields(cls._sealed_class_owner.request("class", cls._sealed_class_number))
        raise AttributeError(name)


class Reference(Remote, metaclass=_Kind):
    """An object of the other process."""

    __slots__ = ("__weakref__", "_sealed_about", "_sealed_owner")
    if TYPE_CHECKING:  # annotations of its own would answer for the learner's
        _sealed_about: About
        _sealed_owner: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_sealed_", "__array_", "_repr_", "_ipython_")) or name == "__array__":
            raise AttributeError(name)
        if name == "__dataclass_fields__":
            return _fields(self)
        if name == "__code__":
            return self._sealed_owner.code_of(self)
        return self._sealed_owner.request("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._sealed_owner.request("set attribute", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._sealed_owner.request("delete attribute", self, name)

    def __repr__(self) -> str:
        return str(self._sealed_owner.request("repr", self))

    def __str__(self) -> str:
        return str(self._sealed_owner.request("str", self))

    def __dir__(self) -> list[str]:
        return [str(name) for name in self._sealed_owner.request("dir", self)]

    def __instancecheck__(self, thing: object) -> bool:
        return bool(self._sealed_owner.request("is instance", thing, self)) if is_reference(thing) else False

    def __subclasscheck__(self, kind: object) -> bool:
        return bool(self._sealed_owner.request("is subclass", kind, self)) if is_reference(kind) else False

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (DerivedHere,)

    def __copy__(self) -> Any:
        return self._sealed_owner.request("copy", self)

    def __deepcopy__(self, _memo: object) -> Any:
        return self._sealed_owner.request("deep copy", self)

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("an object of the learner's is not pickled")

    def __eq__(self, other: object) -> Any:
        number = self._sealed_about.number
        if isinstance(other, type) and issubclass(other, Reference):  # type(student_object) == StudentClass
            return getattr(other, "_sealed_class_number", 0) == number
        return True if self is other else NotImplemented

    def __hash__(self) -> int:
        return object.__hash__(self)

    @property  # type: ignore[misc]  # isinstance asks it
    def __class__(self) -> Any:
        return self._sealed_owner.class_of(self) or type(self)

    __init__ = property(lambda self: self._sealed_owner.request("attribute", self, "__init__"))

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self._sealed_owner.request("attribute", self, "__doc__")

    @property
    def __annotations__(self) -> Any:  # type: ignore[override]
        return self._sealed_owner.request("attribute", self, "__annotations__")

    @property
    def __name__(self) -> Any:
        return self._sealed_owner.request("attribute", self, "__name__")


def _fields(reference: Reference) -> dict[str, Any]:
    """Return the fields of a data class, made here from their names."""
    names = reference._sealed_owner.request("fields", reference)
    if type(names) is not list or not all(type(name) is str for name in names) or len(names) > 1000:
        raise AttributeError("__dataclass_fields__")
    found: dict[str, Any] = vars(dataclasses.make_dataclass("Fields", names))["__dataclass_fields__"]
    return found


class _Deriving(type):
    """Makes a class that a test derives from the learner's: there, with methods that are run here."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        originals = body.get("__orig_bases__")
        if originals is None:
            return super().__new__(cls, name, bases, body)
        owner = next(each for each in originals if is_reference(each))._sealed_owner
        members = {key: value for key, value in body.items() if key not in {"__module__", "__qualname__", "__orig_bases__", "__doc__"}}
        strange = [
            key for key, value in members.items() if isinstance(value, (staticmethod, classmethod, property)) or key == "__classcell__"
        ]
        if strange:
            raise TypeError(
                f"the class {name} of this test derives from the learner's and cannot be sealed because of {', '.join(strange)}: "
                "only plain methods and values can be added, and super() must be called without arguments in a method of its own"
            )
        return owner.request("derive", name, list(originals), members)


class DerivedHere(metaclass=_Deriving):
    """Stands among the bases of a class that a test derives from the learner's, while that is made."""


def is_reference(thing: object) -> bool:
    """Whether `thing` is a reference; its `__class__` is not believed."""
    return issubclass(type(thing), Reference)


def _forward(name: str) -> Callable[..., Any]:
    if name in OWN_SEMANTICS:

        def guarded(self: Reference, *arguments: Any) -> Any:
            if name in {"__eq__", "__ne__"} and isinstance(arguments[0], type) and issubclass(arguments[0], Reference):
                return Reference.__eq__(self, arguments[0]) is (name == "__eq__")
            if not self._sealed_owner.own_semantics(self, name):
                return _UNASKED[name](self, *arguments) if name in _UNASKED else NotImplemented
            answer = self._sealed_owner.request("operation", self, name, *arguments)
            self._sealed_owner.answered(self, name, arguments, answer)
            return answer

        return guarded

    def forwarded(self: Reference, *arguments: Any, **named: Any) -> Any:
        if name == "__exit__":
            arguments = (*arguments[:2], None)  # a traceback stays here
        operation = ("call", self) if name == "__call__" else ("operation", self, name)
        return self._sealed_owner.request(*operation, *arguments, **named)

    return forwarded


def _refuse_number(self: Reference, *_arguments: Any) -> Any:
    raise TypeError(f"an object of the learner's class {self._sealed_about.name} is no number here")


_UNASKED: dict[str, Callable[..., Any]] = {
    "__hash__": lambda self: object.__hash__(self),
    "__bool__": lambda _self: True,
    "__contains__": lambda _self, _part: False,
}
_UNASKED.update({f"__{name}__": _refuse_number for name in ("int", "float", "index", "complex", "round", "abs", "neg", "pos", "invert")})

_FORWARDERS: dict[str, Callable[..., Any]] = {name: _forward(name) for name in FORWARDED}


class ReferenceClasses:
    """Makes a class for each kind of remote object, with the operations that it has and no others."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], type[Reference]] = {}

    def reference(self, told: About, owner: Owner) -> Reference:
        """Return a new reference."""
        operations = told.operations
        if told.kind in _BY_IDENTITY:
            operations = tuple(name for name in operations if name not in OWN_SEMANTICS)
        key = (told.name, told.module, operations, told.class_number)
        if key not in self._made:
            if len(self._made) > 10_000:
                raise WireError("too many classes")
            body: dict[str, Any] = {name: _FORWARDERS[name] for name in operations}
            if "__eq__" in body:
                body.setdefault("__hash__", Reference.__hash__)
            body |= {
                "__slots__": (),
                "__doc__": vars(Reference)["__doc__"],
                "__module__": told.module,
                "_sealed_class_number": told.class_number,
            }
            if told.ancestors[:1] == ("builtins:coroutine",):
                body |= _COROUTINE
            if told.class_number:
                body["_sealed_class_owner"] = owner
            made_class: Any = _Kind(told.name, (Reference,), body)
            self._made[key] = made_class
        made = object.__new__(self._made[key])
        object.__setattr__(made, "_sealed_about", told)
        object.__setattr__(made, "_sealed_owner", owner)
        return made


def operate(thing: Any, name: str, *arguments: Any) -> Any:
    """Apply an operator or protocol method, as its syntax would."""
    if name == "__next__":
        return next(thing)
    if name == "__iter__":
        return iter(thing)
    return getattr(type(thing), name)(thing, *arguments)
