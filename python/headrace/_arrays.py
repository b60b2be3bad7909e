"""Arrays of NumPy as C takes them: checked, and copied only where their elements do not lie as C expects."""
from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from . import _errors

Array = Any  # numpy.ndarray; what is in it says the function's text


def row(name: str, value: Any) -> Array:
    """An array of whole numbers with one dimension; an empty list is one."""
    array = np.asarray(value)
    if array.size == 0 and array.ndim == 1 and not isinstance(value, np.ndarray):
        array = array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has elements of type {array.dtype}, expected whole numbers")
    if array.ndim != 1:
        raise _errors.InvalidArgument(f"{name} has {array.ndim} dimensions, expected one")
    return array


def converted(name: str, value: Any, dtype: Any) -> Array:
    """A row whose numbers fit `dtype`, as one: `value` itself where it is one already, and contiguous."""
    array, bounds = row(name, value), np.iinfo(dtype)
    if array.dtype != dtype and array.size:
        wrong = (array < bounds.min) | (array > bounds.max) if array.dtype.kind == "i" else array > bounds.max
        if wrong.any():
            place = int(wrong.argmax())
            raise _errors.OutOfRange(f"{name}[{place}] is {array[place]}, expected {bounds.min} to {bounds.max}")
    return np.ascontiguousarray(array, dtype)


def truths(name: str, value: Any, length: int, of: str) -> Array:
    """One bool or number for each of something, as bytes."""
    array = np.asarray(value)
    if array.dtype.kind not in "biu" and array.size:
        raise TypeError(f"{name} has elements of type {array.dtype}, expected bools")
    if array.shape != (length,):
        raise _errors.InvalidArgument(f"{name} has the shape {array.shape}, expected ({length},): one for each {of}")
    if array.dtype == np.bool_ or array.dtype == np.uint8:
        return np.ascontiguousarray(array).view(np.uint8)
    return np.ascontiguousarray(array != 0).view(np.uint8)


def pointer(array: Array, type_: Any) -> Any:
    """Where the elements are, for the time of a call or as long as the array is kept."""
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(type_))
