"""The library's loader, who keeps it, and how a batch is taken from it without being lost."""
from __future__ import annotations

import ctypes
import os
from typing import Any, Callable

from . import _declarations as c
from . import _library, _state
from ._batch import Batch, CopiedSeat, Seat
from ._errors import Closed, Error, ForkError
from ._library import Resource, lib


class Made(ctypes.c_void_p):
    """A reference on a batch that the library made: a signal that comes meanwhile loses no batch."""

    def __del__(self, release: Callable[[Any], None] = lib.batch_release) -> None:
        pointer, self.value = self.value, None
        if pointer:
            release(pointer)


class Handle(ctypes.c_void_p):
    """A loader of the library's, freed with the last reference to this.

    ctypes makes it of what batch_loader_create answers, so a signal that comes meanwhile loses no loader. Whoever
    calls the library has a reference of its own as long: so close() from another thread frees nothing that is in use.
    `holds` are those on the datasets, which the loader needs until it is freed.
    """
    seats: dict[int, Seat]
    holds: list[Resource]

    def begin(self, holds: list[Resource], options: c.LoaderOptions) -> None:
        """Takes over the holds, and keeps what the options point at."""
        self.seats = {}
        self.watches: dict[Any, Any] = {}  # of the descriptor, by the event loops whose tasks wait
        self.holds = holds
        self.keep = options
        self.hand_on = options.faults == c.FAULTS.index("hand_on")
        self.step_rows = options.batch_size * max(1, options.world)
        self.origin = c.State.from_buffer_copy(options.resume.contents) if options.resume else c.State()
        self.process = os.getpid()
        self.undelivered: list[Any] = []  # what take had from the library when a signal kept it from the caller
        self.warned = False  # that all batches are held
        self.pool_size = self.stats().pool_size

    def free(self, free: Callable[[Any], None] = lib.batch_loader_free) -> None:
        """Frees it, if that has not been done, and then lets go of the datasets, and of batches that nobody got."""
        try:
            pointer, self.value = self.value, None
            if pointer:
                free(pointer)
        finally:
            drop_all(getattr(self, "holds", []))
            late = getattr(self, "undelivered", [])
            while late:
                self._batch(late.pop())  # which goes back with its root

    __del__ = free

    def take(self, call: Callable[[Any, Any, int], int], deadline: int) -> Batch | None:
        """The next batch, None where none comes in time; StopIteration at the end."""
        if self.undelivered:
            return self._late()
        out = ctypes.c_void_p()
        try:
            status = call(self, ctypes.byref(out), deadline)
            if status == c.OK:
                return self._batch(out)
        except BaseException:
            if out.value:
                self.undelivered.append(out)  # one call of C's: the next signal comes behind it
            raise
        if status == c.EMPTY or status == c.TIMEDOUT:
            return None
        if status == c.END:
            raise StopIteration
        raise self.failure(status)

    def _batch(self, out: Any) -> Batch:
        seat = self.seats.get(out.value)
        if seat is None:
            seat = self.seats[out.value] = Seat(out.value)
        fault = seat.struct.status if self.hand_on else c.OK
        return Batch(seat, seat.root(out), _library.error(fault) if fault != c.OK else None)

    def _late(self) -> Batch | None:
        if self.process != os.getpid():
            raise self.failure(c.UNSUPPORTED)
        try:
            out = self.undelivered[0]
            batch = self._batch(out)
            if self.undelivered[0] is out:
                del self.undelivered[0]  # no call, so no signal and no other thread, from the look to the caller
                return batch
        except IndexError:  # another thread has it: this one looks again
            pass
        return None

    def held(self) -> int:
        """How many batches Python has."""
        return sum(seat.is_out() for seat in list(self.seats.values()))

    def failure(self, status: int | None = None) -> Error:
        """The exception for a call that failed."""
        if not self.value:
            return closed()
        if self.process != os.getpid():
            return ForkError(f"the Loader was made in process {self.process}, where its workers are, and this is a "
                             f"fork of it, {os.getpid()}: make a Loader here, in the child (in a DataLoader's workers "
                             "headrace.torch.Dataset does that)", "error_unsupported")
        return _library.error(status)

    def state(self) -> c.State:
        """The place after the last batch that was given, which is before those that a signal kept back."""
        state = c.State()
        if not lib.batch_loader_get_state(self, ctypes.byref(state)):
            raise self.failure()
        late = [c.Batch.from_address(out.value) for out in list(self.undelivered)]
        for epoch, step in sorted((batch.epoch_id, batch.batch_id) for batch in late)[:1]:
            rows = step * self.step_rows
            if epoch == self.origin.epoch:
                rows += _state.rows_before(self.origin, state) - self.origin.step * self.step_rows
            at = c.State()
            if not lib.batch_loader_state_at(self, epoch, rows, ctypes.byref(at)):
                raise self.failure()
            if (at.epoch, at.row) < (state.epoch, state.row):
                return at
        return state

    def stats(self) -> c.LoaderStats:
        stats = c.LoaderStats()
        if not lib.batch_loader_get_stats(self, ctypes.byref(stats)):
            raise self.failure()
        return stats

    def replay(self, epoch: int, step: int) -> Batch:
        made = replay(self, epoch, step)
        if not made:
            raise self.failure()
        seat = CopiedSeat(made.value)
        lib.batch_retain(made)  # for the root
        return Batch(seat, seat.root(made), None)


def closed() -> Closed:
    return Closed("the loader is closed", "closed")


def drop_all(holds: list[Resource]) -> None:
    """Once each, whoever calls it how often."""
    while holds:
        holds.pop().drop()


def _function(name: str, kind: Any, answer: Any) -> Any:
    """A function of the library's that is called, or answers, otherwise than in _library.lib."""
    function = getattr(lib, name)
    return kind(answer, *function.argtypes)(ctypes.cast(function, ctypes.c_void_p).value)


create = _function("batch_loader_create", ctypes.CFUNCTYPE, Handle)
create_mixed = _function("batch_loader_create_mixed", ctypes.CFUNCTYPE, Handle)
replay = _function("batch_loader_replay", ctypes.CFUNCTYPE, Made)
take_waiting: Any = lib.batch_loader_next_until
take_now = _function("batch_loader_next_until", ctypes.PYFUNCTYPE, ctypes.c_int)  # holds on to the interpreter's lock
