"""A batch: what one training step consumes, as NumPy arrays over the memory that the library filled.

A batch of the library's has a root: an array of bytes over all of its elements, which every other array is a view of.
When the root goes, with the last array that shows it, the batch goes back. That is a weak reference's callback, and
the callback is the library's function itself: no line of Python runs, so no signal can end it half-way, and no array
is collected by the cyclic collector before what else is in its cycle has gone, since NumPy's arrays are none of its
objects.
"""
from __future__ import annotations

import ctypes
import functools
import weakref
from typing import Any, NoReturn

import numpy as np

from . import _declarations as c
from . import _library
from ._errors import Closed, Error
from ._library import lib

_DTYPES = tuple(np.dtype(name) for name in c.TENSOR_TYPE)
_BYTES = np.dtype(np.uint8)
_TENSORS = ("input", "target", "mask", "documents", "positions", "cu_seqlens")


class _Lease(weakref.ref):  # type: ignore[type-arg]
    """A root, seen weakly, and the batch of which its end drops a reference."""
    __slots__ = ("_as_parameter_",)  # the callback's argument: how ctypes hands over an object that is none of its own
    _as_parameter_: int


_leases: dict[int, _Lease] = {}  # by the batch's address: while it is out, nobody else has that


class Seat:
    """A batch's place in memory: what stays as it is whenever the batch of this address comes again."""
    __slots__ = ("pointer", "struct", "memory", "bytes", "tensors")

    bytes: int
    memory: Any
    tensors: dict[str, tuple[tuple[int, ...], Any, int]]  # shape, type, place in memory

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer
        self.struct = c.Batch.from_address(pointer)  # headers lie in memory that the library never gives up
        present = {name: tensor for name in _TENSORS if (tensor := getattr(self.struct, name)).ndim > 0}
        size = ctypes.c_size_t()
        first = lib.batch_block(pointer, ctypes.byref(size))
        if not first:
            raise _library.error()
        self.bytes = size.value
        self.memory = _bytes(self.bytes).from_address(first)
        self.tensors = {name: (tuple(tensor.shape[:tensor.ndim]), _DTYPES[tensor.dtype], tensor.raw - first)
                        for name, tensor in present.items()}

    def root(self, keeper: Any) -> Any:
        """The root of the reference that the caller has; where it has been made already, that one.

        keeper.root has it before the lease begins: so whoever is interrupted in here, and keeps that, may call it
        again.
        """
        lease = _leases.get(self.pointer)
        root = lease() if lease else None
        if root is None:
            keeper.root = root = np.ndarray((self.bytes,), _BYTES, self.memory)
            lease = _Lease(root, lib.batch_release)
            lease._as_parameter_ = self.pointer
            _leases[self.pointer] = lease
        return root

    def is_out(self) -> bool:
        """Whether Python has the batch."""
        lease = _leases.get(self.pointer)
        return lease is not None and lease() is not None


class CopiedSeat(Seat):
    """Of a batch of no pool, whose tensors lie here and there: its elements, put together in memory of Python's."""
    __slots__ = ()

    def __init__(self, pointer: int) -> None:
        self.pointer, self.struct = pointer, c.Batch.from_address(pointer)
        self.bytes, self.tensors = 0, {}
        sources: list[tuple[int, int, int]] = []
        for name in _TENSORS:
            tensor = getattr(self.struct, name)
            if tensor.ndim > 0:
                shape, dtype = tuple(tensor.shape[:tensor.ndim]), _DTYPES[tensor.dtype]
                self.tensors[name] = shape, dtype, self.bytes
                sources.append((self.bytes, tensor.raw, _size(tensor)))
                self.bytes += -(-_size(tensor) // 64) * 64
        self.memory = _bytes(self.bytes)()
        for offset, raw, size in sources:
            ctypes.memmove(ctypes.addressof(self.memory) + offset, raw, size)


@functools.lru_cache(maxsize=64)
def _bytes(size: int) -> Any:
    return ctypes.c_uint8 * size  # a type of its own, and a cycle of objects


def _size(tensor: c.Tensor) -> int:
    return int(tensor.total_size * _DTYPES[tensor.dtype].itemsize)


def _array(name: str, what: str) -> Any:
    """A property: the array of a tensor, made when it is first asked for."""
    kept = "_" + name

    def get(self: "Batch") -> Any:
        array = getattr(self, kept, None)
        if array is None:
            array = self._view(name)
            setattr(self, kept, array)
        return array
    return property(get, doc=what)


class Batch:
    """One step's rows: `input`, `target` and `mask`, [batch_size, sequence_length], and what else was asked for.

    They are NumPy arrays over the loader's own memory, writable, made without a copy (torch.from_numpy,
    torch.from_dlpack and memoryview make none either). That memory goes back to the loader, to be filled again, when
    the last of them has been dropped, with every view, tensor and capsule made from them, and the batch itself (or
    batch.release()). Copy what is to be kept: a loader has pool_size batches, and waits when all of them are held.

    Threads: any may read it and drop it.
    """
    __slots__ = ("_seat", "_root", "_error", "__weakref__") + tuple("_" + name for name in _TENSORS)
    _error: Error | None

    def __init__(self, seat: Seat, root: Any, error: Error | None = None) -> None:
        self._seat = seat
        self._root = root
        self._error = error

    input = _array("input", "Token ids of the rows, or features.")
    target = _array("target", "The ids that follow those of input.")
    mask = _array("mask", "1 where the target counts, 0 on padding and where nothing is to be learnt.")
    documents = _array("documents", "Which document of its row each token is of, -1 on padding; None unless "
                                    "with_documents.")
    positions = _array("positions", "The place of each token in its document; None unless with_documents.")
    cu_seqlens = _array("cu_seqlens", "Where sequences start and the last one ends, for attention kernels; None unless "
                                      "with_cu_seqlens.")

    @property
    def block(self) -> Any:
        """All elements, tensor behind tensor, as one array of uint8: for one copy to a device."""
        return self._root if self._root is not None else self._gone()

    @property
    def num_sequences(self) -> int:
        """How many sequences cu_seqlens has; 0 without."""
        return int(self._struct.num_sequences)

    @property
    def max_seqlen(self) -> int:
        """The longest sequence of cu_seqlens; 0 without."""
        return int(self._struct.max_seqlen)

    @property
    def epoch(self) -> int:
        """The epoch that the rows are of, from 0 on."""
        return int(self._struct.epoch_id)

    @property
    def step(self) -> int:
        """The step of that epoch, from 0 on."""
        return int(self._struct.batch_id)

    @property
    def batch_size(self) -> int:
        """Rows."""
        return int(self._struct.batch_size)

    @property
    def sequence_length(self) -> int:
        """Columns."""
        return int(self._struct.sequence_length)

    @property
    def status(self) -> str:
        """"ok", or with faults="hand_on" the name of what is wrong with the batch, as "error_io"."""
        return c.STATUS[self._struct.status]

    @property
    def error(self) -> Error | None:
        """What is wrong with the batch, an exception to look at or to raise; None where nothing is."""
        return self._error

    def release(self) -> None:
        """Lets go of the batch before the object itself goes. Arrays that are elsewhere keep their memory."""
        self._root = None
        for name in _TENSORS:
            if hasattr(self, "_" + name):
                delattr(self, "_" + name)

    @property
    def _struct(self) -> Any:
        return self._seat.struct if self._root is not None else self._gone()

    @property
    def _pointer(self) -> int:
        """The library's batch, which is there while this object holds it."""
        return int(self._seat.pointer) if self._root is not None else self._gone()

    def _gone(self) -> NoReturn:
        raise Closed("the batch has been released, expected one that is held", "closed")

    def _view(self, name: str) -> Any:
        root = self.block
        place = self._seat.tensors.get(name)
        return np.ndarray(place[0], place[1], root, place[2]) if place else None

    def __repr__(self) -> str:
        if self._root is None:
            return "<headrace.Batch, released>"
        parts = [f"{name} {dtype}{list(shape)}" for name, (shape, dtype, _) in self._seat.tensors.items()]
        fault = "" if self.status == "ok" else f", {self.status}"
        return f"<headrace.Batch: epoch {self.epoch}, step {self.step}: {', '.join(parts)}{fault}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Batch is memory of a loader's and cannot be copied or pickled: take copies of its arrays, "
                        "as batch.input.copy()")
