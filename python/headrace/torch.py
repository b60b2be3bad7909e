"""Headrace's batches for PyTorch. Nothing else of the package imports torch.

    from headrace.torch import to_device

    with headrace.Loader("train.bin", batch_size=32, sequence_length=1024, id_type="uint16", pin=True) as loader:
        for batch in loader:
            ids = to_device(batch, "cuda")
            loss = model(ids["input"], ids["target"].long())

tensors(batch) shows a batch's memory as tensors of the CPU, to_device(batch, device) sends it to a GPU in one copy that
nobody waits for, Dataset(...) is for torch.utils.data.DataLoader, where a program has one already.

Tensors keep what they show: a batch goes back to its pool when the last array and the last tensor over it is gone. One
thing torch does not know: pinned memory that is not torch's. `torch.from_numpy(batch.input).to("cuda",
non_blocking=True)` returns while the copy is still to be made, torch's allocator does not hold what it reads, and once
the batch is dropped workers fill it again. So keep the batch until the stream has passed (an event, synchronize), or
take to_device, which does that.
"""
from __future__ import annotations

import ctypes
import inspect
from typing import TYPE_CHECKING, Any, Iterator

import numpy as np

from . import _cuda
from . import _declarations as c
from ._batch import Batch
from ._cuda import free_pinned
from ._errors import InvalidArgument
from ._library import error, lib
from ._loader import Loader
from ._options import integer
from ._ranks import find
from ._state import to_dict

if TYPE_CHECKING:
    torch: Any  # whose own hints change from version to version
else:
    import torch
    import torch.utils.data

__all__ = ["Dataset", "free_pinned", "tensors", "to_device", "widen"]

_NAMES = ("input", "target", "mask", "documents", "positions", "cu_seqlens")
_raw_stream = getattr(torch._C, "_cuda_getCurrentRawStream", None)  # a tenth of the time of torch.cuda.current_stream
_UINT16 = getattr(torch, "uint16", torch.int16)  # torch 2.3 is the first with the type
_TYPES = {"float32": torch.float32, "float64": torch.float64, "int32": torch.int32, "int64": torch.int64,
          "uint8": torch.uint8, "uint16": _UINT16}


def tensors(batch: Batch) -> dict[str, Any]:
    """The batch as tensors over its memory, nothing copied: input, target, mask and what else was asked for, with
    cu_seqlens the numbers num_sequences and max_seqlen.

    Ids of id_type="uint16" are torch.uint16 where torch has it (2.3 and later), before that torch.int16 of the same
    bits: widen() makes numbers of both. Tensors keep the batch: keep none for longer than is needed, or copy it.
    """
    found = {name: _over(array) for name in _NAMES if (array := getattr(batch, name)) is not None}
    return _with_numbers(found, batch)


def widen(tensor: Any, dtype: Any = torch.int32) -> Any:
    """Ids of 16 bits, torch.uint16 or their bits as torch.int16, as numbers of a type that torch computes with: int32
    for embeddings, int64 for cross_entropy's targets. Any other tensor is answered as it is."""
    _check_ids("widen: dtype", dtype)
    if tensor.dtype not in (_UINT16, torch.int16):
        return tensor
    return tensor.view(torch.int16).to(dtype).bitwise_and_(0xffff)


def _check_ids(what: str, dtype: Any) -> None:
    if dtype not in (torch.int32, torch.int64):
        raise InvalidArgument(f"{what} is {dtype}, expected torch.int32 or torch.int64, which hold every id")


def to_device(batch: Batch, device: Any, stream: Any = None, *, ids: Any = torch.int32) -> dict[str, Any]:
    """The batch as tensors on a device, as tensors() gives them, but for ids of 16 bits, which are widened there to
    `ids`.

    With Loader(pin=True) and a CUDA device it is one copy of all of the batch, which nobody waits for: it is put into
    the current stream, or `stream`. So the batch may be dropped at once. It goes back to its pool when the copy is done
    and the next to_device has seen that; where somebody waits for a batch meanwhile, the driver gives it back. With
    `stream` the copy runs beside what the current stream does, which waits for it from here on: the tensors are for the
    current stream in either case. In the current stream it comes after all steps asked for before, and the batch is out
    until then: a trainer that is ahead of its GPU waits for that in next(), which stats() counts as waiting for the
    loader.

    Batches that are small come together: a loader with K times the rows is one copy for K of them, and
    tensor.split(rows) is the tensors of each.

    Else it is an ordinary copy, done when this returns. Raises Unsupported with CUDA's words where the driver refuses,
    after waiting for the copy, and while a CUDA graph is captured. After an error that ends the CUDA context the driver
    gives nothing back.
    """
    _check_ids("to_device: ids", ids)
    device = torch.device(device)
    if device.type != "cuda":
        if stream is not None:
            raise InvalidArgument(f"to_device: stream is {stream}, expected None for the device {device}")
        return _shown(batch, _layout(batch), torch.from_numpy(batch.block).to(device, copy=True), ids)
    if stream is None:
        layout = _layout(batch)
        return _shown(batch, layout, _send(batch, layout, device, *_current(device)), ids)
    current = torch.cuda.current_stream(device)
    if stream == current:
        return to_device(batch, device, ids=ids)
    if stream.device != current.device:
        raise InvalidArgument(f"to_device: stream is of {stream.device}, expected one of {current.device}")
    layout = _layout(batch)
    if layout.pinned:
        _cuda.device(current.device.index).refuse_capture(current.cuda_stream)
    with torch.cuda.stream(stream):
        found = _shown(batch, layout, _send(batch, layout, stream.device, stream.device.index, stream.cuda_stream), ids)
    current.wait_stream(stream)
    for tensor in found.values():
        if isinstance(tensor, torch.Tensor):
            tensor.record_stream(current)  # torch's allocator: it is the current stream's to use, too
    return found


def _current(device: Any) -> tuple[int, int]:
    """The ordinal of a CUDA device, and its current stream as CUDA knows it."""
    if _raw_stream is None:
        stream = torch.cuda.current_stream(device)
        return stream.device.index, stream.cuda_stream
    ordinal = torch.cuda.current_device()  # which begins CUDA, if need be
    if device.index is not None:
        ordinal = device.index
    return ordinal, _raw_stream(ordinal)


def _send(batch: Batch, layout: _Layout, device: Any, ordinal: int, stream: int) -> Any:
    """All of the batch on the device, in order with the stream's work."""
    there = _empty(layout.size, device)
    if layout.pinned:
        _cuda.device(ordinal).send(batch._pointer, batch.block, layout.address, layout.size, there.data_ptr(), stream)
        return there
    return there.copy_(torch.from_numpy(batch.block))


def _empty(size: int, device: Any) -> Any:
    return torch.empty(size, dtype=torch.uint8, device=device)


def _over(array: Any) -> Any:
    if array.dtype != np.uint16:
        return torch.from_numpy(array)
    return torch.from_numpy(array.view(np.int16)).view(_UINT16)


def _with_numbers(found: dict[str, Any], batch: Batch) -> dict[str, Any]:
    if "cu_seqlens" in found:
        found["num_sequences"], found["max_seqlen"] = batch.num_sequences, batch.max_seqlen
    return found


class _Layout:
    """Where a batch's elements lie: of its block in memory, and of its tensors in the block."""
    __slots__ = ("of", "address", "size", "pinned", "places")

    def __init__(self, batch: Batch) -> None:
        self.of = batch._seat.tensors
        self.address: int = batch.block.__array_interface__["data"][0]
        self.size = batch.block.nbytes
        self.pinned = _cuda.is_pinned(self.address, self.size)
        self.places = [(name, _TYPES[dtype.name], at // dtype.itemsize, shape,
                        (shape[1], 1) if len(shape) == 2 else (1,)) for name, (shape, dtype, at) in self.of.items()]


_layouts: dict[int, _Layout] = {}  # by the address of the batch, which comes again and again


def _layout(batch: Batch) -> _Layout:
    layout = _layouts.get(batch._pointer)
    if layout is None or layout.of is not batch._seat.tensors:
        layout = _layouts[batch._pointer] = _Layout(batch)
    return layout


def _shown(batch: Batch, layout: _Layout, block: Any, ids: Any = None) -> dict[str, Any]:
    """The tensors of a batch in its block, or in a copy of that; those of 16 bits as `ids`, if that is given."""
    typed: dict[Any, Any] = {}
    found = {}
    for name, type_, at, shape, steps in layout.places:
        whole = typed.get(type_)
        if whole is None:
            whole = typed[type_] = block.view(type_)  # a block has a multiple of 64 bytes
        tensor = whole.as_strided(shape, steps, at)
        found[name] = widen(tensor, ids) if ids is not None and type_ is _UINT16 else tensor
    return _with_numbers(found, batch)


class Dataset(torch.utils.data.IterableDataset):  # type: ignore[misc]
    """Batches for torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=n), as dicts that tensors()
    describes.

    It takes Loader's arguments. rank and world are found when it is made (Loader says how). The batches are those of
    one Loader, in its order, for any number of workers: worker k of n hands on the k-th of every n. To know which those
    are each worker runs the whole loader: filling a batch takes about an eightieth of bringing it from one process to
    another (32 x 1024 ids, two processors). So a Loader of its own, or num_workers=0, is faster than any number of
    workers.

    Sources that are paths can be spawned to workers; a headrace.Dataset can only be forked. Text is tokenized by each
    worker: tokenize it before.

    Each iteration begins at the beginning, or where `resume` says, as that of a dataset does: set_epoch(e) says with
    which epoch, epochs=None goes on for ever in one. The memory that a batch had in a worker is copied from there: pin
    is not for it, but DataLoader's pin_memory is.

    state_dict() and load_state_dict() are what torchdata's StatefulDataLoader asks of a dataset, in each worker; with
    num_workers=0 call them yourself. A state of num_workers=0 goes on with any number of them.
    """

    def __init__(self, sources: Any, **options: Any) -> None:
        super().__init__()
        inspect.signature(Loader).bind(sources, **options)  # TypeError here, not in a worker
        if options.pop("pin", False):
            raise InvalidArgument("headrace.torch.Dataset: pin is True, expected False: "
                                  "ask for pin_memory of the DataLoader, or take a Loader")
        if options.get("epochs") is not None:
            integer("epochs", options["epochs"], 1, c.ENDLESS)
        options["rank"], options["world"] = find(options.get("rank"), options.get("world"))
        self._sources, self._options = sources, options
        self._epoch = 0
        self._state: dict[str, Any] | None = None  # where the next iteration begins
        self._run: _Run | None = None

    def set_epoch(self, epoch: int) -> None:
        """The next iterations begin with this epoch; 0: at the beginning, or where `resume` says. (Workers that
        persist do not hear of it.)"""
        self._epoch = epoch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker = torch.utils.data.get_worker_info()
        turn, turns = (worker.id, worker.num_workers) if worker else (0, 1)
        if turns > 1 and self._options.get("as_they_come"):
            raise InvalidArgument("headrace.torch.Dataset: as_they_come is True, expected False with several workers")
        state, self._state = self._state, None
        self._run = _Run(self._sources, self._options, self._epoch, state, turn, turns, whole=worker is not None)
        return self._run

    def state_dict(self) -> dict[str, Any]:
        """The place behind the last batch that this process handed on."""
        if self._run is None:
            raise InvalidArgument("headrace.torch.Dataset.state_dict: nothing has been iterated in this process; "
                                  "with workers ask a torchdata.StatefulDataLoader")
        return self._run.state()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next iteration begins there."""
        self._state = state

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_run": None}  # for a worker that is spawned


def _arguments() -> inspect.Signature:
    """What help() shows of a Dataset: Loader's arguments, but for pin."""
    signature = inspect.signature(Loader)
    return signature.replace(parameters=[one for one in signature.parameters.values() if one.name != "pin"])


Dataset.__signature__ = _arguments()


def _beginning(loader: Loader, epoch: int) -> dict[str, Any]:
    """The state of a run that is about to begin an epoch."""
    state = c.State()
    if not lib.batch_loader_state_at(loader._live(), epoch, 0, ctypes.byref(state)):
        raise error()
    return to_dict(state)


class _Run:
    """One iteration, in a worker or without one. Its loader is endless: so it can begin with any epoch."""

    def __init__(self, sources: Any, options: dict[str, Any], epoch: int, state: dict[str, Any] | None, turn: int,
                 turns: int, whole: bool) -> None:
        if state and state["workers"] not in (1, turns):
            raise InvalidArgument(f"headrace.torch.Dataset: the state is of {state['workers']} workers, "
                                  f"expected {turns}")
        endless: dict[str, Any] = {**options, "epochs": None}
        self._loader = Loader(sources, **endless)
        if state or epoch:
            self._loader.load_state_dict(state["loader"] if state else _beginning(self._loader, epoch))
        self._first = state["first"] if state else self._loader.epoch
        epochs = options.get("epochs", 1)
        self._end = None if epochs is None else self._first + epochs
        self._turn, self._turns, self._whole = turn, turns, whole
        self._taken = state["taken"] if state and state["workers"] == turns else 0
        self._ended: dict[str, Any] | None = None  # the loader's state, when that is closed

    def __iter__(self) -> "_Run":
        return self

    def __next__(self) -> dict[str, Any]:
        while self._ended is None:
            batch = next(self._loader, None)
            if batch is None or (self._end is not None and batch.epoch >= self._end):
                self._finish(batch)
                break
            self._taken += 1
            if (self._taken - 1) % self._turns == self._turn:
                return self._show(batch)
        raise StopIteration

    def _finish(self, beyond: Batch | None) -> None:
        """Ends the loader, and remembers the place before a batch that is beyond the last epoch."""
        self._ended = _beginning(self._loader, beyond.epoch) if beyond else self._loader.state_dict()
        self._loader.close()

    def _show(self, batch: Batch) -> dict[str, Any]:
        """As one piece, where it goes to another process: torch moves that into shared memory once."""
        return _shown(batch, _layout(batch), torch.from_numpy(batch.block)) if self._whole else tensors(batch)

    def state(self) -> dict[str, Any]:
        return {"loader": self._ended or self._loader.state_dict(), "first": self._first, "taken": self._taken,
                "workers": self._turns}
