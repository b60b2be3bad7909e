"""Pinned memory for Loader(pin=True), and copies from it to a GPU: the CUDA driver by ctypes, loaded when it is asked
for.

The pools of all such loaders of a process come from one arena, whose chunks are registered with the driver once: that
takes milliseconds. So the arena is kept for the next loaders, until free_pinned(), or the interpreter's end, finds that
nothing of it is in use; it is never given back by who releases a batch.
"""
from __future__ import annotations

import atexit
import contextlib
import ctypes
import operator
import os
import threading
import weakref
from collections import deque
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from functools import partial
from typing import Any, Callable, Iterator

from . import _declarations as c
from ._errors import OutOfMemory, Unsupported
from ._interruptible import Call
from ._library import error, lib

OUT_OF_MEMORY, NOT_INITIALIZED = 2, 3
GONE = (4, 201, 709, 713)  # the driver has ended, there is no such context, it is destroyed, nothing is registered
PORTABLE = 1  # pinned for every context
NON_BLOCKING = 1  # a stream that the legacy default stream does not wait for
DISABLE_TIMING = 2

_FUNCTIONS: dict[str, list[Any]] = {
    "cuInit": [c_uint],
    "cuGetErrorName": [c_int, POINTER(c_char_p)],
    "cuGetErrorString": [c_int, POINTER(c_char_p)],
    "cuDeviceGet": [POINTER(c_int), c_int],
    "cuDeviceGetCount": [POINTER(c_int)],
    "cuDevicePrimaryCtxRetain": [POINTER(c_void_p), c_int],
    "cuDevicePrimaryCtxRelease_v2": [c_int],
    "cuCtxGetCurrent": [POINTER(c_void_p)],
    "cuCtxGetDevice": [POINTER(c_int)],
    "cuCtxSetCurrent": [c_void_p],
    "cuMemHostRegister_v2": [c_void_p, c_size_t, c_uint],
    "cuMemHostUnregister": [c_void_p],
    "cuMemcpyHtoDAsync_v2": [c_uint64, c_void_p, c_size_t, c_void_p],
    "cuStreamCreate": [POINTER(c_void_p), c_uint],
    "cuStreamIsCapturing": [c_void_p, POINTER(c_int)],
    "cuStreamSynchronize": [c_void_p],
    "cuStreamWaitEvent": [c_void_p, c_void_p, c_uint],
    "cuEventCreate": [POINTER(c_void_p), c_uint],
    "cuEventQuery": [c_void_p],
    "cuEventRecord": [c_void_p, c_void_p],
    "cuLaunchHostFunc": [c_void_p, c_void_p, c_void_p],
}


class Driver:
    """libcuda.so.1. Its functions answer a code, with which check() raises what CUDA says of it."""

    def __init__(self) -> None:
        try:
            library = ctypes.CDLL("libcuda.so.1")
            for name, arguments in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = c_int, arguments
                setattr(self, name, function)
        except (OSError, AttributeError) as failure:
            raise Unsupported(f"headrace: pinned memory needs the driver of an NVIDIA GPU: {failure}",
                              "error_unsupported") from None
        self.check(self.cuInit(0), "cuInit")

    def __getattr__(self, name: str) -> Any:  # for type checkers: __init__ sets them all
        raise AttributeError(name)

    def check(self, code: int, what: str) -> None:
        if not code:
            return
        name, text = c_char_p(), c_char_p()
        self.cuGetErrorName(code, ctypes.byref(name))
        self.cuGetErrorString(code, ctypes.byref(text))
        said = f"{(name.value or b'CUDA error %d' % code).decode()}: {(text.value or b'?').decode()}"
        message = f"headrace: {what}: {said}"
        if code == OUT_OF_MEMORY:
            raise OutOfMemory(message, "error_out_of_memory")
        if code == NOT_INITIALIZED and what == "cuInit":
            message += "; CUDA does not work in a process forked from one that uses it: start it with spawn"
        raise Unsupported(message, "error_unsupported")

    @contextlib.contextmanager
    def within(self, context: int) -> Iterator[None]:
        """Makes a context the calling thread's for a while. Not by pushing and popping it: a signal may come between
        the call and what would note that there is something to pop."""
        before = c_void_p()
        self.check(self.cuCtxGetCurrent(ctypes.byref(before)), "cuCtxGetCurrent")
        try:
            if before.value != context:
                self.check(self.cuCtxSetCurrent(context), "cuCtxSetCurrent")
            yield
        finally:
            if before.value != context:
                self.cuCtxSetCurrent(before)

    def device(self, ordinal: int) -> int:
        device = c_int()
        self.check(self.cuDeviceGet(ctypes.byref(device), ordinal), f"cuDeviceGet of device {ordinal}")
        return device.value

    def primary(self, device: int) -> int:
        """A device's primary context, retained: the one that torch and the CUDA runtime use."""
        context = c_void_p()
        self.check(self.cuDevicePrimaryCtxRetain(ctypes.byref(context), device), "cuDevicePrimaryCtxRetain")
        return context.value or 0


_call: Callable[[Callable[[], Any]], Any] = operator.methodcaller("__call__")
_driver: Driver | None = None


def driver() -> Driver:
    global _driver
    if _driver is None:
        _driver = Driver()
    return _driver


class Arena:
    """Memory for pools that the driver has registered, for every context there is."""

    def __init__(self, cuda: Driver) -> None:
        self._driver = cuda
        self._device = _current_device(cuda)
        self._chunks: dict[int, int] = {}
        self._failures: dict[int, BaseException] = {}  # of _register, by thread
        self._takers: weakref.WeakSet[Taker] = weakref.WeakSet()
        self._attach = c.ArenaAttach(self._register)  # lives as long as the arena: C calls it
        options = c.ArenaOptions(attach=self._attach)
        self.pointer = lib.batch_arena_create(ctypes.byref(options))
        if not self.pointer:
            raise error()
        try:
            self._context = cuda.primary(self._device)
        except BaseException:
            lib.batch_arena_free(self.pointer)
            raise

    def _register(self, _: int | None, memory: int, size: int) -> bool:
        """C's attach: each new chunk. What is raised here is raised again by make(), in which it was called."""
        try:
            cuda = self._driver
            with cuda.within(self._context):
                cuda.check(cuda.cuMemHostRegister_v2(memory, size, PORTABLE), f"cuMemHostRegister of {size} bytes")
            self._chunks[memory] = size
            return True
        except BaseException as failure:
            self._failures[threading.get_ident()] = failure
            return False

    def make(self, create: Callable[[], Any]) -> int:
        """The loader that create() makes; raises what CUDA or the library says where it makes none.

        It is called in a thread of its own: Python runs the handlers of signals in the main thread, and what one raises
        at the entry of a callback would be lost. What one raises meanwhile is raised when the call is over, since what
        create() reads is the caller's.
        """
        call = Call(partial(self._made, create), lib.batch_loader_free)
        try:
            pointer: int = call.wait()
            return pointer
        except BaseException:
            call.join_whatever_comes()
            raise

    def _made(self, create: Callable[[], Any]) -> Any:
        pointer = create()
        failure = self._failures.pop(threading.get_ident(), None)
        if not pointer:
            raise failure or error()
        return pointer

    def covers(self, address: int, size: int) -> bool:
        return any(memory <= address and address + size <= memory + chunk
                   for memory, chunk in list(self._chunks.items()))

    def taker(self) -> Taker:
        taker = Taker(self)
        self._takers.add(taker)
        return taker

    def idle(self) -> bool:
        """Whether no loader and no batch has any of it, nor is about to."""
        return not len(self._takers) and not lib.batch_arena_in_use(self.pointer)

    def free(self) -> None:
        """Gives the memory back; nothing of it is in use."""
        cuda, chunks, self._chunks = self._driver, self._chunks, {}
        codes: list[int] = []
        with contextlib.suppress(Unsupported), cuda.within(self._context):  # which may be gone
            codes += [cuda.cuMemHostUnregister(memory) for memory in chunks]
        lib.batch_arena_free(self.pointer)
        cuda.cuDevicePrimaryCtxRelease_v2(self._device)
        for code in codes:
            cuda.check(0 if code in GONE else code, "cuMemHostUnregister")


class Taker:
    """One who is about to make a loader in the arena, which is not idle as long as this is there."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self.allocator: c.Allocator = lib.batch_arena_allocator(arena.pointer)

    def make(self, create: Callable[[], Any]) -> int:
        return self._arena.make(create)


def _current_device(cuda: Driver) -> int:
    """The device of the thread's context; where it has none, that of the launcher's local rank, if there are so
    many."""
    current, device, count = c_void_p(), c_int(), c_int()
    cuda.check(cuda.cuCtxGetCurrent(ctypes.byref(current)), "cuCtxGetCurrent")
    if current.value:
        cuda.check(cuda.cuCtxGetDevice(ctypes.byref(device)), "cuCtxGetDevice")
        return device.value
    cuda.check(cuda.cuDeviceGetCount(ctypes.byref(count)), "cuDeviceGetCount")
    rank = os.environ.get("LOCAL_RANK", "0")
    return cuda.device(int(rank) if rank.isdecimal() and int(rank) < count.value else 0)


_lock = threading.RLock()  # of _arena; no finalizer takes it, a signal's handler may, within who has it
_arena: Arena | None = None
_kept: list[Any] = []  # a forked child's copies of its parent's: C has pointers to them


def pinned() -> Taker:
    """Pinned memory for a loader that is about to be made."""
    global _arena
    hand_over()  # what has been copied may be taken
    with _lock:
        if _arena is None:
            arena = Arena(driver())
            if _arena is None:
                _arena = arena
            else:  # a handler has made one meanwhile
                arena.free()
        return _arena.taker()


def free_pinned() -> bool:
    """Gives the pinned memory back to the system, unless a loader or a batch has some of it, also one whose copy to a
    device is under way. Answers whether none is left."""
    global _arena
    with contextlib.suppress(Unsupported):  # the driver may have ended: nothing comes back then
        hand_over()
    with _lock:
        if _arena and _arena.idle():
            arena, _arena = _arena, None
            arena.free()
        return _arena is None


def is_pinned(address: int, size: int) -> bool:
    """Whether this memory is of a loader with pin=True."""
    arena = _arena
    return arena is not None and arena.covers(address, size)


class Sent:
    """A batch that a stream is to copy from. Its root keeps it out of its pool."""
    __slots__ = ("event", "batch", "root")

    def __init__(self, event: c_void_p, batch: int, root: Any) -> None:
        self.event = event
        self.batch = batch
        self.root = root


class Device:
    """A device that batches are sent to.

    What has been sent is looked at when the next one is: those that have been copied are let go of. Where somebody is
    about to wait for a batch, hand_over() leaves the rest to a thread of the driver's: a function in a stream of its
    own, which waits for each copy by its event. That for every batch takes half of what the link carries.
    """
    RELEASE = ctypes.cast(lib.batch_release, c_void_p).value

    def __init__(self, ordinal: int) -> None:
        cuda = driver()
        self.context = cuda.primary(cuda.device(ordinal))  # never given back: torch keeps it too
        self._events: deque[c_void_p] = deque()  # that nobody records just now
        self._sent: deque[Sent] = deque()
        self._returns = c_void_p()
        with cuda.within(self.context):
            cuda.check(cuda.cuStreamCreate(ctypes.byref(self._returns), NON_BLOCKING), "cuStreamCreate")

    def _event(self, cuda: Driver) -> c_void_p:
        try:
            return self._events.pop()
        except IndexError:
            event = c_void_p()
            cuda.check(cuda.cuEventCreate(ctypes.byref(event), DISABLE_TIMING), "cuEventCreate")
            return event

    def send(self, batch: int, root: Any, source: int, size: int, destination: int, stream: int) -> None:
        """Copies a pinned batch's block to the device, in order with what is on `stream`. The root is kept until that
        is done and has been seen."""
        cuda = driver()
        with cuda.within(self.context):
            self._refuse_capture(cuda, stream)
            sent = Sent(self._event(cuda), batch, root)
            try:
                cuda.check(cuda.cuMemcpyHtoDAsync_v2(destination, source, size, stream), "cuMemcpyHtoDAsync")
                cuda.check(cuda.cuEventRecord(sent.event, stream), "cuEventRecord")
                self._sent.append(sent)
            except BaseException:
                cuda.cuStreamSynchronize(stream)  # the caller may drop the batch now
                raise
            self._look(cuda)

    def _look(self, cuda: Driver) -> None:
        """Lets go of what has been copied."""
        with contextlib.suppress(IndexError):  # there is no more
            while True:
                sent = self._sent[0]
                if cuda.cuEventQuery(sent.event):
                    break
                self._let_go(sent)

    def _let_go(self, sent: Sent) -> None:
        with contextlib.suppress(ValueError):  # another thread has
            self._sent.remove(sent)
            self._events.append(sent.event)

    def hand_over(self) -> None:
        """Leaves the batches that are out to the driver, who gives each back when it has been copied."""
        if not self._sent:
            return
        cuda = driver()
        with cuda.within(self.context):
            self._look(cuda)
            for sent in list(self._sent):  # as long as one is in here, its root is
                cuda.check(cuda.cuStreamWaitEvent(self._returns, sent.event, 0), "cuStreamWaitEvent")
                # One call for the interpreter: no signal parts them, so the reference is the driver's or is not there.
                code = tuple(map(_call, (partial(lib.batch_retain, sent.batch),
                                         partial(cuda.cuLaunchHostFunc, self._returns, Device.RELEASE, sent.batch))))[1]
                if code:
                    lib.batch_release(sent.batch)
                    cuda.check(code, "cuLaunchHostFunc")
                self._let_go(sent)  # who waits has seen the event: it may be recorded again

    def refuse_capture(self, stream: int) -> None:
        """Raises Unsupported where what is put into a stream, or waits in one for another, becomes a CUDA graph."""
        cuda = driver()
        with cuda.within(self.context):
            self._refuse_capture(cuda, stream)

    @staticmethod
    def _refuse_capture(cuda: Driver, stream: int) -> None:
        status = c_int()
        cuda.check(cuda.cuStreamIsCapturing(stream, ctypes.byref(status)), "cuStreamIsCapturing")
        if status.value:
            raise Unsupported("headrace.torch.to_device: the stream is being captured into a CUDA graph, which would "
                              "give the batch back each time it runs; send batches outside of it", "error_unsupported")


_devices: dict[int, Device] = {}  # by ordinal


def device(ordinal: int) -> Device:
    found = _devices.get(ordinal)
    return found or _devices.setdefault(ordinal, Device(ordinal))


def hand_over() -> None:
    """Before a wait for a batch: nobody may come by and look whether those that were sent have been copied."""
    for found in list(_devices.values()):
        found.hand_over()


def _forget() -> None:
    """In a forked child: what its parent has registered is not the child's."""
    global _arena, _driver, _lock
    _kept.extend((_arena, dict(_devices), _driver))
    _devices.clear()
    _arena, _driver, _lock = None, None, threading.RLock()


os.register_at_fork(after_in_child=_forget)
atexit.register(free_pinned)
