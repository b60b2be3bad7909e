"""The loader: worker threads that turn datasets into batches, shuffled, in a known order."""
from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from typing import Any, AsyncIterator, Iterator, NoReturn, Sequence

import numpy as np

from . import _declarations as c
from . import _cuda, _making, _options, _ranks, _sources, _state, _stats
from ._batch import Batch
from ._errors import Closed, InvalidArgument
from ._handle import Handle, closed, take_now
from ._library import lib
from ._waiting import wait, wait_async
from .transforms import chain


class Loader:
    """Iterates over the batches of datasets, which worker threads of the library's fill.

        with headrace.Loader("train.bin", batch_size=32, sequence_length=1024, workers=2, seed=1) as loader:
            for batch in loader:
                train(batch.input, batch.target)

    What is in a batch depends on the tokens, the options that say what rows are and in which order they come, the
    epoch and the step alone: not on workers, timing, restarts, nor on how the tokens are stored. docs/loader.md
    says what the options mean; here they have the names and values of C.

    It is its own iterator. A `for` ends after `epochs` epochs, or after `steps` batches where that is sooner; the next
    one goes on from there, and one after a break where that stopped (behind the last batch: it ends at once).
    epochs=None never ends. Begun amid epochs, by steps or resumed, a `for` ends with the last of those `epochs`; steps
    are counted anew.

    What is read:
        sources: a path, a Dataset, or a list of paths: one stream of all files. A list with Datasets: every row of
            each once an epoch. A mapping of source to weight, or a list of (source, weight): a mix.
        resident_bytes: of mapped files that may stay mapped in; 0: 1 GiB.

    What a batch has:
        batch_size, sequence_length: rows, on each rank, and positions of a row.
        vocab_size: ids are below it; 0: any that id_type holds.
        id_type: of input and target: "int32", "int64", "uint16" or "float32". mask_type: "float32" or "uint8".
        with_documents: documents and positions too. with_cu_seqlens: cu_seqlens, num_sequences and max_seqlen too, for
            at most max_sequences; 0: as many as there are positions.
        pad_id: what padding is filled with. ignore_masked: target is -100 where mask is 0. no_loss_across: mask is 0
            where the target is another document's first token.
        context_rank, context_world: which part of each row, of so many. context_documents: each document is cut for
            them, not the row.
        transforms: of headrace.transforms, applied to each row in this order.

    In which order:
        seed: chooses the order and every random stream.
        shuffle: "all"; "blocks" of block_rows (0: 4096) rows that follow each other, for data larger than memory; or
            "none": as they lie in the files.
        packing: what a row is: "windows" of tokens, "documents", or documents that fit together, "best_fit" or
            "bos_aligned", from pack_window of them at a time; 0: 65536.
        epochs, steps: where a `for` ends; steps 0: by epochs alone; epochs None: never.
        drop_last: leaves out the last step of an epoch where rows are missing.
        skips: (epoch, first, count) triples: places of rows that are left out.
        rank, world: which rank of how many this is; neither: what torch.distributed says where it is initialized,
            else the environment of torchrun, Open MPI or Slurm, else 0 of 1; in a worker of a torch DataLoader then
            its share.
        resume: a state_dict(), or the file of a state, to begin at.
        as_they_come: batches are given when they are ready, not in order.

    How:
        workers: threads; 0: 1. pool_size: batches there are; 0: 2 workers + 2.
        faults: what a batch with a fault does: "stop" raises it, then and ever after; "skip" makes the bad rows
            padding; "hand_on" delivers it, with batch.status and batch.error.
        huge_pages, numa_node, pin: where the batches lie; pin: in memory that CUDA copies from asynchronously.

    Waiting gives up the interpreter's lock. In the main thread Ctrl-C, and every other signal that Python handles,
    ends a wait within a twentieth of a second; the batch that comes with it is the next one's, and state_dict() knows.
    (Python 3.9 and 3.10 may raise it between any two instructions: there the last ones of next() may lose a batch.)
    A wait while all batches are held by this process starts the cyclic collector, once, and warns after two seconds.

    Threads: any may call anything at any time; several that iterate get distinct batches, and each holds one while it
    waits for the next, so pool_size is to be larger than their number. (A `for` that begins after another has come to
    its end begins the next round.) Signal handlers of Python's may call it too: they run between instructions of the
    main thread. Interpreters beside the main one were not tried.

    Processes: the workers stay where the Loader was made. In a fork every call raises ForkError, but close() and what
    is known without them, and batches that are out can be read. It cannot be pickled.
    """

    def __init__(self, sources: _sources.Sources, *, batch_size: int, sequence_length: int, vocab_size: int = 0,
                 id_type: str = "int32", mask_type: str = "float32", with_documents: bool = False,
                 with_cu_seqlens: bool = False, max_sequences: int = 0, workers: int = 0, pool_size: int = 0,
                 seed: int = 0, shuffle: str = "all", block_rows: int = 0, packing: str = "windows",
                 pack_window: int = 0, pad_id: int = 0, epochs: int | None = 1, steps: int = 0,
                 drop_last: bool = False, rank: int | None = None, world: int | None = None,
                 as_they_come: bool = False, faults: str = "stop", transforms: Any = (), resident_bytes: int = 0,
                 resume: _state.State | None = None, ignore_masked: bool = False, no_loss_across: bool = False,
                 context_documents: bool = False, context_rank: int = 0, context_world: int = 0,
                 skips: Sequence[tuple[int, int, int]] = (), huge_pages: bool = False, numa_node: int | None = None,
                 pin: bool = False) -> None:
        self._handle: Handle | None = None
        self._datasets: _sources.Datasets | None = None
        self._changing = threading.RLock()  # the change from one loader of the library's to the next
        self._process = os.getpid()
        self._before: _stats.Stats | None = None
        self._ended = False
        self._epochs = None if epochs is None else _options.integer("epochs", epochs, 1, c.ENDLESS)
        self._steps = _options.integer("steps", steps, 0, 2**64 - 1)
        self._rank, self._world = _ranks.share(rank, world)
        array, count, kept = chain(transforms)
        skipped = _making.skips_of(skips)
        self._pool = _making.pool_options(huge_pages, numa_node, pin)
        self._pin = pin
        self._options = _options.fill(
            c.LoaderOptions, batch_size=batch_size, sequence_length=sequence_length, vocab_size=vocab_size,
            id_type=id_type, mask_type=mask_type, with_documents=with_documents, with_cu_seqlens=with_cu_seqlens,
            max_sequences=max_sequences, workers=workers, pool_size=pool_size, seed=seed, shuffle=shuffle,
            block_rows=block_rows, packing=packing, pack_window=pack_window, pad_id=pad_id, steps=steps,
            drop_last=drop_last, rank=self._rank, world=self._world, as_they_come=as_they_come, faults=faults,
            transforms=array, num_transforms=count, resident_bytes=resident_bytes, ignore_masked=ignore_masked,
            no_loss_across=no_loss_across, context_documents=context_documents, context_rank=context_rank,
            context_world=context_world, skips=skipped, num_skips=len(skipped) if skipped else 0)
        self._options.keep = kept
        self._datasets = _sources.Datasets(sources)
        self._begin(None if resume is None else _state.of("resume", resume))

    def __iter__(self) -> Iterator[Batch]:
        self._go_on()
        return self

    def __next__(self) -> Batch:
        return self._take(c.FOREVER)

    def next(self, timeout: float | None = None) -> Batch:
        """The next batch, waiting for at most so many seconds, 0: not at all; None: as next(loader).

        Raises TimedOut, and StopIteration at the end.
        """
        return self._take(c.FOREVER if timeout is None else time.monotonic_ns() + _nanoseconds(timeout))

    def _take(self, until: int) -> Batch:
        while True:
            handle = self._handle
            if handle is None:
                raise closed()
            try:
                return handle.take(take_now, c.NO_WAIT) or wait(handle, until)
            except StopIteration:
                self._end(handle)
                raise
            except Closed:
                if handle is self._handle:
                    raise  # else another thread goes on elsewhere, and so does this one

    def __aiter__(self) -> AsyncIterator[Batch]:
        """For `async for`: waits by a descriptor that the event loop polls. Tasks, and threads' loops, share it.

        As with asyncio's queues, a batch that is there is given without a turn of the event loop.
        """
        self._go_on()
        return self

    async def __anext__(self) -> Batch:
        while True:
            handle = self._live()
            try:
                return await wait_async(handle)
            except StopAsyncIteration:
                self._end(handle)
                raise
            except Closed:
                if handle is self._handle:
                    raise

    def fileno(self) -> int:
        """The descriptor to poll for the next batch; the loader's own, which closes it. See arm().

        It is another one after load_state_dict(), and in the next `for`.
        """
        handle = self._live()
        descriptor = int(lib.batch_loader_fd(handle))
        if descriptor < 0:
            raise handle.failure()
        return descriptor

    def arm(self) -> bool:
        """Arms the descriptor, after next(timeout=0) has found nothing. True: wait for it; False: look at once."""
        handle = self._live()
        _cuda.hand_over()
        status = lib.batch_loader_arm(handle)
        if status >= c.INVALID_ARGUMENT:
            raise handle.failure(status)
        return bool(status == c.OK)

    def state_dict(self) -> dict[str, Any]:
        """The place after the last batch that was given, for load_state_dict or resume=, of a Loader with the same
        data, seed, sequence_length and order; batch_size, world and workers may differ. With as_they_come: the place
        before the first batch that was not given; those behind it that were come again.

        A dict of an int and a str: pickle, torch.save and json.dump write it.
        """
        return _state.to_dict(self._live().state())

    def load_state_dict(self, state_dict: _state.State) -> None:
        """Goes on at the place of a state_dict(). One that is refused changes nothing."""
        self._change(_state.of("state_dict", state_dict))

    def replay(self, epoch: int, step: int) -> Batch:
        """Makes one step again, as this rank got it or will get it; in memory of its own."""
        handle = self._live()
        most = 2**64 - 1
        return handle.replay(_options.integer("epoch", epoch, 0, most), _options.integer("step", step, 0, most))

    def places(self, batch: Batch) -> np.ndarray[Any, Any]:
        """The places in their epoch of a batch's rows, in the order without skips, of all ranks; -1 for padding.

        A batch of this `for`, or one that replay() made: not from before load_state_dict(), nor of an earlier `for`.
        """
        if not isinstance(batch, Batch):
            raise TypeError(f"batch is {_options.shown(batch)}, expected a headrace.Batch")
        handle = self._live()
        found = np.empty(batch.batch_size, np.int64)  # NO_PLACE, 2^64 - 1, is -1
        if not lib.batch_loader_places(handle, batch._pointer, found.ctypes.data_as(ctypes.POINTER(ctypes.c_uint64))):
            raise handle.failure()
        return found

    def stats(self) -> _stats.Stats:
        """What it has done, and who waits for whom."""
        return _stats.of(self._live().stats(), self._before)

    @property
    def epoch(self) -> int:
        """The epoch of the next batch: where `for epoch in range(loader.epoch, epochs)` goes on after a resume."""
        return int(self._live().state().epoch)

    @property
    def rank(self) -> int:
        """This rank."""
        return self._rank

    @property
    def world(self) -> int:
        """Of so many."""
        return self._world

    @property
    def epoch_rows(self) -> int:
        """The rows of an epoch, over all ranks, without skips; an estimate while documents are packed."""
        return int(lib.batch_loader_epoch_rows(self._live()))

    @property
    def epoch_steps(self) -> int:
        """The steps of an epoch, as epoch_rows."""
        return int(lib.batch_loader_epoch_steps(self._live()))

    def __len__(self) -> int:
        """The batches of one `for` from its beginning, without skips. TypeError where it is endless."""
        if self._epochs is None and not self._steps:
            raise TypeError("the loader is endless: epochs is None and steps 0")
        whole = self._steps if self._epochs is None else self._epochs * self.epoch_steps
        return min(whole, self._steps) if self._steps else whole

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        """Ends the loader: who waits gets Closed, threads are joined, files closed. Batches that are out stay."""
        lock: Any = self._changing if self._process == os.getpid() else contextlib.nullcontext()  # in a fork: locked
        with lock:
            handle, self._handle = self._handle, None
            datasets, self._datasets = self._datasets, None
        if handle is not None:
            lib.batch_loader_close(handle)
        if datasets is not None:
            datasets.close()

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *reason: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        if getattr(self, "_handle", None) is None:
            return "<headrace.Loader closed>"
        options = self._options
        return (f"<headrace.Loader: {options.batch_size} rows of {options.sequence_length} a step, rank {self._rank} of "
                f"{self._world}>")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Loader has threads and cannot be copied or pickled: make it in the process that uses it "
                        "(for a DataLoader: headrace.torch.Dataset)")

    def _live(self) -> Handle:
        """The library's loader: there as long as the caller has this reference."""
        handle = self._handle
        if handle is None:
            raise closed()
        return handle

    def _end(self, handle: Handle) -> None:
        if self._handle is handle:
            self._ended = True

    def _go_on(self) -> None:
        """At the beginning of a `for`: the next round, if one has ended."""
        if self._ended or self._handle is None:
            self._change(None)

    def _change(self, state: c.State | None) -> None:
        """Goes on at a state with another loader of the library's; None: where this one has ended."""
        handle = self._live()
        if self._process != os.getpid():
            raise handle.failure()
        with self._changing:
            handle = self._live()
            if state is None and not self._ended:  # another thread was first
                return
            stats = _stats.of(handle.stats(), self._before)
            self._begin(state or handle.state())
            self._before = stats
        lib.batch_loader_close(handle)

    def _begin(self, state: c.State | None) -> None:
        options = self._options
        if self._epochs is not None:
            rounds = (state.epoch if state else 0) // self._epochs + 1
        options.epochs = c.ENDLESS if self._epochs is None else min(rounds * self._epochs, c.ENDLESS)
        options.resume = ctypes.pointer(state) if state else None
        assert self._datasets
        self._handle = _making.make(self._datasets, options, self._pool, self._pin)
        self._ended = False


def _nanoseconds(seconds: Any) -> int:
    number = _options.real("timeout", seconds)
    if not number >= 0:
        raise InvalidArgument(f"timeout is {number}, expected seconds from 0 on, or None")
    return int(min(number, 1e9) * 1e9)
