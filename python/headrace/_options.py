"""Arguments of Python as C takes them: checked, since ctypes wraps a number that does not fit, without a word."""
from __future__ import annotations

import ctypes
import functools
import operator
import os
import reprlib
import sys
from typing import Any, Sequence, TypeVar, Union

import numpy as np

from . import _declarations as c
from . import _errors

Options = TypeVar("Options", bound=c.Options)

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 200
_repr.maxlong = 60


def shown(value: Any) -> str:
    """What was given, as an error names it: repr(), cut in the middle where that is long; a number of NumPy's as one of
    Python's, whichever NumPy it is."""
    try:
        return _repr.repr(value.item() if isinstance(value, np.generic) else value)
    except ValueError:  # more digits than Python writes
        return "a number of very many digits"


def one_of(words: Sequence[str]) -> str:
    """"'all', 'blocks' or 'none'"."""
    quoted = [repr(word) for word in words if word]
    return ", ".join(quoted[:-1]) + " or " + quoted[-1] if len(quoted) > 1 else quoted[0]


def word(name: str, value: Any, words: Sequence[str]) -> int:
    """The number of a word; - stands for _, as the command writes it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {shown(value)}, expected {one_of(words)}")
    try:
        return words.index(value.replace("-", "_") or "?")  # "" stands where no word is
    except ValueError:
        raise _errors.InvalidArgument(f"{name} is {shown(value)}, expected {one_of(words)}") from None


def flag(name: str, value: Any) -> bool:
    """True or False, NumPy's too."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError(f"{name} is {shown(value)}, expected True or False")


def integer(name: str, value: Any, lowest: int, highest: int) -> int:
    """A whole number in [lowest, highest], NumPy's too."""
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} is {shown(value)}, expected a whole number")
    if not lowest <= number <= highest:
        raise _errors.InvalidArgument(f"{name} is {shown(number)}, expected {lowest} to {highest}")
    return number


def real(name: str, value: Any) -> float:
    """A number."""
    if not isinstance(value, (str, bytes, bytearray, bool, np.bool_)):
        try:
            return float(value)
        except OverflowError:
            raise _errors.InvalidArgument(f"{name} is {shown(value)}, expected a number that a float holds") from None
        except (TypeError, ValueError):
            pass
    raise TypeError(f"{name} is {shown(value)}, expected a number")


def several(name: str, value: Any, expected: str) -> list[Any]:
    """What can be iterated, as a list."""
    try:
        items = iter(value)
    except TypeError:
        raise TypeError(f"{name} is {shown(value)}, expected {expected}") from None
    return list(items)


Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


def text(name: str, value: Any) -> bytes:
    """A string as UTF-8; bytes as they are."""
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"{name} is {shown(value)}, expected a string")
    return _c_string(name, value, "utf-8")


def path(name: str, value: Any) -> bytes:
    """The name of a file, as the system has it: of a str, bytes or os.PathLike."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"{name} is {shown(value)}, expected a path: str, bytes or os.PathLike")
    return _c_string(name, os.fspath(value), sys.getfilesystemencoding())


def paths(name: str, value: Any) -> list[bytes]:
    """One path or several of them."""
    if isinstance(value, (str, bytes, os.PathLike)):
        return [path(name, value)]
    items = several(name, value, "a path, or several of them")
    if not items:
        raise _errors.InvalidArgument(f"{name} has no path, expected at least one")
    return [path(f"{name}[{i}]", item) for i, item in enumerate(items)]


def encoded(name: str, value: str, encoding: str) -> bytes:
    """A string as bytes, those that Python could not decode as they were."""
    try:
        return value.encode(encoding, "surrogateescape")
    except UnicodeEncodeError as error:
        raise _errors.InvalidArgument(f"{name} is {shown(value)}, expected text that can be encoded: {error}") from None


def _c_string(name: str, value: str | bytes, encoding: str) -> bytes:
    found = value if isinstance(value, bytes) else encoded(name, value, encoding)
    if b"\0" in found:
        raise _errors.InvalidArgument(f"{name} is {shown(value)}, expected no NUL in it")
    return found


@functools.lru_cache(maxsize=256)
def _array_type(type_: Any, count: int) -> Any:
    return type_ * count  # a type of its own, and a cycle of objects


def array(type_: Any, items: Sequence[Any]) -> Any:
    """An array of C's; None of nothing."""
    return _array_type(type_, len(items))(*items) if items else None


@functools.lru_cache(maxsize=None)
def _bounds(type_: Any) -> tuple[int, int]:
    bits = 8 * ctypes.sizeof(type_)
    return (-2**(bits - 1), 2**(bits - 1) - 1) if type_(-1).value < 0 else (0, 2**bits - 1)


def _field(name: str, value: Any, type_: Any) -> Any:
    if type_ is ctypes.c_bool:
        return flag(name, value)
    if type_ in (ctypes.c_float, ctypes.c_double):
        return real(name, value)
    if type_ is ctypes.c_char_p:
        return text(name, value)
    if type_ is ctypes.c_void_p or issubclass(type_, ctypes.Structure):
        return value
    if hasattr(type_, "contents"):
        return ctypes.pointer(value) if isinstance(value, type_._type_) else value
    return integer(name, value, *_bounds(type_))


def fill(kind: type[Options], /, **given: Any) -> Options:
    """An option struct of keyword arguments; None leaves the default, and words stand for the values of enums.

    Fields that point take a struct or an array of ctypes, which the struct then keeps; what a c_void_p points at is the
    caller's to keep, in `keep`. Raises InvalidArgument or TypeError with the argument's name.
    """
    types, options = {name: type_ for name, type_, *_ in kind._fields_}, kind()
    for name, value in given.items():
        if value is not None:
            words = kind.NAMES.get(name)
            setattr(options, name, word(name, value, words) if words else _field(name, value, types[name]))
    return options


def values(struct: c.Options) -> dict[str, Any]:
    """The fields of a struct that was filled by the library, as Python's: words for enums, str for texts."""
    found: dict[str, Any] = {}
    for name, *_ in struct._fields_:
        value = getattr(struct, name)
        if name in struct.NAMES:
            value = struct.NAMES[name][value]
        found[name] = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    del found["size"]
    return found
