"""Calls of the library that take long: Ctrl-C ends the wait for one, though nothing ends the call."""
from __future__ import annotations

import threading
from typing import Any, Callable

_SLICE = 0.05  # seconds that a signal may wait for, where it does not interrupt the wait


class _Call:
    """A call in a thread of its own, and who takes what it answers."""

    def __init__(self, call: Callable[[], Any], abandoned: Callable[[Any], None]) -> None:
        self._call, self._abandoned = call, abandoned
        self._answer: Any = None
        self._failure: BaseException | None = None
        self._first = [True]  # whoever takes this, the end of the call or the end of the wait, leaves the rest to the other
        self._over = threading.Event()

    def _is_first(self) -> bool:
        try:
            return self._first.pop()
        except IndexError:
            return False

    def run(self) -> None:
        try:
            self._answer = self._call()
        except BaseException as failure:
            self._failure = failure
        if not self._is_first() and self._failure is None:
            self._abandoned(self._answer)
        self._over.set()

    def wait(self) -> Any:
        try:
            threading.Thread(target=self.run, name="headrace", daemon=True).start()
            while not self._over.wait(_SLICE):
                pass
        except BaseException:
            if not self._is_first():  # it has just ended, and nobody else knows the answer
                self._over.wait()
                if self._failure is None:
                    self._abandoned(self._answer)
            raise
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
            return self._answer
        finally:
            del failure  # its traceback has this frame


def run(call: Callable[[], Any], abandoned: Callable[[Any], None] = lambda answer: None) -> Any:
    """What `call` answers or raises. It runs in a thread of its own where a signal may interrupt the calling one, the main
    one; then it goes on alone, and `abandoned` is given what it answers.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    return _Call(call, abandoned).wait()
