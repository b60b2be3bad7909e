"""Calls of the library that take long: Ctrl-C ends the wait for one, though nothing ends the call."""
from __future__ import annotations

import _thread
import threading
from typing import Any, Callable

from ._errors import OutOfMemory

_SLICE = 0.05  # seconds that a signal may wait for, where it does not interrupt the wait


def _taken(token: list[None]) -> bool:
    """Whether the caller is the first to take it: one step for the interpreter."""
    try:
        token.pop()
        return True
    except IndexError:
        return False


class Call:
    """A call in a thread of its own: Python runs the handlers of signals in its main one.

    Thread and Event of the module threading have locks of their own, which a signal at a bad instant leaves locked for
    ever. So the thread is one of _thread's, and its end is told by a bool and a lock that nobody holds in between.
    """

    def __init__(self, call: Callable[[], Any], abandoned: Callable[[Any], None] = lambda answer: None) -> None:
        self._call, self._abandoned = call, abandoned
        self._answer: Any = None
        self._failure: BaseException | None = None
        self._begin: list[None] = [None]  # for the thread, to begin; for who waits, to have it never begin
        self._end: list[None] = [None]  # for whoever ends first, and leaves the answer to the other
        self._ended = False
        self._gate = _thread.allocate_lock()  # unlocked at the end, behind _ended
        self._gate.acquire()

    def _run(self) -> None:
        if not _taken(self._begin):
            return
        try:
            self._answer = self._call()
        except BaseException as failure:
            self._failure = failure
        if not _taken(self._end) and self._failure is None:
            self._abandoned(self._answer)
        self._finish()

    def _finish(self) -> None:
        self._ended = True
        self._gate.release()

    def _start(self) -> None:
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError as error:
            raise OutOfMemory(f"no thread for a call that takes long: {error}") from None

    def _leave(self) -> None:
        if _taken(self._begin):
            self._finish()
        elif not _taken(self._end) and self._failure is None:  # it has just ended, and nobody else knows the answer
            self._abandoned(self._answer)

    def join(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Waits for its end; `meanwhile` is called again and again until then."""
        while not self._ended:
            if not self._gate.acquire(timeout=_SLICE):
                meanwhile()

    def join_whatever_comes(self) -> None:
        """Waits for its end though signals interrupt that: for who has what the call reads."""
        while not self._ended:
            try:
                self.join()
            except BaseException:
                pass

    def wait(self, meanwhile: Callable[[], None] = lambda: None) -> Any:
        """Begins it, and answers or raises what it does; `meanwhile` is called again and again until then. Whatever
        interrupts the wait is raised; the call goes on alone, and `abandoned` is given what it answers.
        """
        try:
            self._start()
            self.join(meanwhile)
        except BaseException:
            self._leave()
            raise
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
            return self._answer
        finally:
            del failure  # its traceback has this frame


def run(call: Callable[[], Any], abandoned: Callable[[Any], None] = lambda answer: None) -> Any:
    """What `call` answers or raises, in a thread of its own where a signal may interrupt the calling one."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    return Call(call, abandoned).wait()
