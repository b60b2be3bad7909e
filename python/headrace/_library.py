"""The C library: where it is, its functions, its errors, and who still needs what it made."""
from __future__ import annotations

import ctypes
import os
import types
from typing import Any, Callable, TypeVar

from . import _declarations as c
from . import _errors

Self = TypeVar("Self", bound="Owner")

SONAME = f"libheadrace.so.{c.VERSION[0]}.{c.VERSION[1]}"


def _place() -> str:
    """The file of the library: what HEADRACE_LIBRARY says, or the installation, or the system's linker."""
    named = os.environ.get("HEADRACE_LIBRARY")
    if named:
        return named
    try:
        from ._location import LIBRARY  # type: ignore[import]
    except ImportError:
        return SONAME
    path = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), LIBRARY))
    return path if os.path.exists(path) else SONAME


def _check_version(place: str, library: Any) -> None:
    """A program runs with the minor version that it was made for: before 1.0 each may change what functions take."""
    try:
        library.batch_version.restype = ctypes.c_char_p
        number, name = library.batch_version_number(), library.batch_version().decode()
    except AttributeError:
        raise ImportError(f"headrace: {place} is no libheadrace; name its file in HEADRACE_LIBRARY") from None
    if (number // 10000, number // 100 % 100) != c.VERSION:
        expected = f"{c.VERSION[0]}.{c.VERSION[1]}"
        raise ImportError(f"headrace: {place} is version {name}, and this package is for {expected}: install both of "
                          f"one version, or name the file of a libheadrace {expected} in HEADRACE_LIBRARY")


def _load() -> Any:
    place = _place()
    try:
        waiting, quick = ctypes.CDLL(place), ctypes.PyDLL(place)
    except OSError as error:
        raise ImportError(f"headrace: {error}; install libheadrace, or name its file in HEADRACE_LIBRARY") from None
    _check_version(place, quick)
    functions = types.SimpleNamespace()
    for name, (answer, arguments) in c.FUNCTIONS.items():
        try:
            function = getattr(quick if name in c.QUICK else waiting, name)
        except AttributeError:
            raise ImportError(f"headrace: {place} has no {name}: install the libheadrace that this package came with, "
                              "or name its file in HEADRACE_LIBRARY") from None
        function.restype, function.argtypes = answer, arguments
        setattr(functions, name, function)
    return functions


lib = _load()


def error(code: int | None = None) -> _errors.Error:
    """The exception for the calling thread's last error."""
    last = lib.batch_last_error().contents
    code = last.code if code is None else code
    message = last.message.decode("utf-8", "replace")
    return _errors.CLASSES.get(code, _errors.Error)(message, c.STATUS[code])


def features() -> list[str]:
    """The optional parts that the library was built with: "numa", "zstd", "zlib", "utf8proc", "pcre2", ..."""
    return str(lib.batch_features().decode()).split()


class Resource:
    """What the library made, and how many still need it: the last drop frees it.

    The cyclic collector runs the finalizers of a cycle in any order. So objects do not free what others of them may
    still use: a loader holds its datasets' resources, and drops them behind its own. Dropping takes no lock.

    Whoever calls the library with the pointer holds it meanwhile, since another thread may close its owner:

        with resource.hold():
            lib.batch_dataset_read(resource.pointer, ...)
    """
    __slots__ = ("pointer", "what", "_holds", "_free")

    def __init__(self, pointer: int, free: Callable[[int], None], what: str = "object") -> None:
        self.pointer = pointer
        self.what = what
        self._free = free
        self._holds = [True]  # one entry a hold; True is the first one, and taken last

    def hold(self) -> Resource:
        """One who needs it more, until drop(). Closed where it has been freed."""
        self._holds.append(False)
        if not self._holds[0]:
            raise closed(self.what)
        return self

    def drop(self) -> None:
        """One less."""
        if self._holds.pop():  # one step for the interpreter: one alone gets the last entry
            self._free(self.pointer)

    def __enter__(self) -> Resource:
        return self

    def __exit__(self, *reason: Any) -> None:
        self.drop()


def closed(what: str) -> _errors.Closed:
    """The exception for a call on what was closed."""
    return _errors.Closed(f"the {what} is closed")


class Owner:
    """An object with a resource of the library: it can be closed, is closed with its block and stays in its process."""
    _resource: Resource | None = None
    _what = "object"

    def _hold(self) -> Resource:
        """The resource, held: drop() it when the call is over."""
        resource = self._resource
        if resource is None:
            raise closed(self._what)
        return resource.hold()

    def close(self) -> None:
        """Gives back what it has, as soon as nobody needs it any more. Closing twice is fine."""
        resource, self._resource = self._resource, None
        if resource:
            resource.drop()

    def __del__(self) -> None:
        self.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *reason: Any) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled: it belongs to this process; "
                        "make another one there")
