"""Waiting for a batch: in a thread, where signals must get through, and in an event loop."""
from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from typing import Any

from . import _cuda
from . import _declarations as c
from ._batch import Batch
from ._errors import TimedOut
from ._handle import Handle, take_now, take_waiting
from ._library import lib

_SIGNALS_NS = 50_000_000  # Python's handlers run in the main thread, between its waits: so often
_OTHERS_NS = 500_000_000  # other threads have no handler to run
_CYCLES_NS = 5_000_000    # a wait while all batches are held, before cycles are looked for
_SILENT_NS = 2_000_000_000


class Held:
    """What a wait does while all of the loader's batches are held by Python, so that nothing may ever come.

    Cycles of Python objects may hold them, and no more objects are made that would start the collector: it is started
    once. When that has freed nothing either, and the wait goes on, it says so.
    """

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self.start = time.monotonic_ns()
        self.collected = False

    def look(self) -> int:
        """Looks again; the nanoseconds after which to look the next time."""
        held = self.handle.held()
        if held < self.handle.pool_size:
            self.start = time.monotonic_ns()
            return _SILENT_NS
        waited = time.monotonic_ns() - self.start
        if waited < _CYCLES_NS and not self.collected:
            return _CYCLES_NS - waited
        if not self.collected:
            self.collected = True
            gc.collect()
        if waited >= _SILENT_NS and not self.handle.warned:
            self.handle.warned = True
            self.warn(held)
        return max(_CYCLES_NS, _SILENT_NS - waited) if not self.handle.warned else _SILENT_NS

    def warn(self, held: int) -> None:
        taken = sorted((seat.struct.epoch_id, seat.struct.batch_id) for seat in self.handle.seats.values())
        warnings.warn(f"headrace: waiting for a batch, while all {held} that the loader has are held in this process "
                      f"(the oldest is step {taken[0][1]} of epoch {taken[0][0]}): drop arrays, tensors and batches "
                      "that are done with, copy what is kept, or give the loader a larger pool_size", RuntimeWarning,
                      stacklevel=6)


def wait(handle: Handle, until: int) -> Batch:
    """The next batch, waiting until then, a time of CLOCK_MONOTONIC in nanoseconds; TimedOut after that."""
    longest = _SIGNALS_NS if threading.current_thread() is threading.main_thread() else _OTHERS_NS
    held = Held(handle)
    while True:
        _cuda.hand_over()
        now = time.monotonic_ns()
        batch = handle.take(take_waiting, min(until, now + min(longest, held.look())))
        if batch is not None:
            return batch
        if time.monotonic_ns() >= until:
            raise TimedOut(f"no batch came in time ({_waits(handle)})", "timedout")


def _waits(handle: Handle) -> str:
    held = handle.held()
    return f"{held} of the loader's {handle.pool_size} batches are held in this process"


class Watch:
    """The tasks of one event loop that wait for a loader's descriptor.

    It stays readable until it is armed again. So it is watched only while tasks wait, and when it is readable all of
    them look, and arm it again if they find nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        self.loop = loop
        self.descriptor = descriptor
        self.waiting: set[asyncio.Future[None]] = set()

    def readable(self) -> None:
        self.loop.remove_reader(self.descriptor)
        for future in self.waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Until it is readable, or the time is over."""
        future: asyncio.Future[None] = self.loop.create_future()
        alarm = self.loop.call_later(seconds, _finish, future)
        self.waiting.add(future)
        self.loop.add_reader(self.descriptor, self.readable)
        try:
            await future
        finally:
            alarm.cancel()
            self.waiting.discard(future)
            if not self.waiting and not self.loop.is_closed():
                self.loop.remove_reader(self.descriptor)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def wait_async(handle: Handle) -> Batch:
    """The next batch, in an event loop; StopAsyncIteration at the end."""
    held: Held | None = None
    try:
        while True:
            batch = handle.take(take_now, c.NO_WAIT)
            if batch is not None:
                return batch
            _cuda.hand_over()
            status = lib.batch_loader_arm(handle)
            if status == c.OK:
                held = held or Held(handle)
                await _wait_readable(handle, held.look() / 1e9)
            elif status != c.READY:
                batch = _ended(handle, status)
                if batch is not None:
                    return batch
    except StopIteration:  # which a coroutine may not raise
        raise StopAsyncIteration from None


def _ended(handle: Handle, status: int) -> Batch | None:
    """What a look says when the descriptor has no more to tell; raises why it could not be armed, if that is it."""
    failure = handle.failure(status)
    batch = handle.take(take_now, c.NO_WAIT)
    if batch is None and status >= c.INVALID_ARGUMENT:
        raise failure
    return batch


async def _wait_readable(handle: Handle, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    watch = handle.watches.get(loop)
    if watch is None:
        descriptor = lib.batch_loader_fd(handle)
        if descriptor < 0:
            raise handle.failure()
        watch = handle.watches[loop] = Watch(loop, descriptor)
    try:
        await watch.wait(seconds)
    finally:
        if not watch.waiting:
            handle.watches.pop(loop, None)
