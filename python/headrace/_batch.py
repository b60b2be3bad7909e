"""A batch: what one training step consumes, as NumPy arrays over the memory that the library filled."""
from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from . import _declarations as c
from ._library import lib

_FORMATS = ("<f4", "<f8", "<i4", "<i8", "|u1", "<u2", "<u4")  # of c.TENSOR_TYPE


class Lease:
    """A reference to a batch of the library's: dropped with the last array that shows its memory."""
    __slots__ = ("pointer",)

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer

    def __del__(self, release: Any = lib.batch_release) -> None:
        release(self.pointer)


class Elements:
    """Memory of a batch as NumPy takes it: an array's base, which keeps the lease."""
    __slots__ = ("__array_interface__", "lease")

    def __init__(self, lease: Lease, address: int, shape: tuple[int, ...], format: str) -> None:
        self.lease = lease
        self.__array_interface__ = {"version": 3, "data": (address, False), "shape": shape, "typestr": format}


class Batch:
    """Input, target and mask, [batch_size, sequence_length], and what else was asked for."""
    __slots__ = ("_lease", "_struct")

    def __init__(self, pointer: int) -> None:
        self._lease = Lease(pointer)
        self._struct = c.Batch.from_address(pointer)

    def _array(self, name: str) -> Any:
        tensor = getattr(self._struct, name)
        if tensor.ndim == 0:
            return None
        return np.asarray(Elements(self._lease, tensor.raw, tuple(tensor.shape[:tensor.ndim]), _FORMATS[tensor.dtype]))

    @property
    def input(self) -> Any:
        return self._array("input")

    @property
    def target(self) -> Any:
        return self._array("target")

    @property
    def mask(self) -> Any:
        return self._array("mask")

    @property
    def epoch(self) -> int:
        return int(self._struct.epoch_id)

    @property
    def step(self) -> int:
        return int(self._struct.batch_id)
