"""Threads of the process that runs the tests."""
import os
import time


def _states():
    """Of each other thread, a letter: S sleeps."""
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/stat", encoding="utf-8") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        if int(thread) != os.getpid():
            yield state


def settle(seconds=60):
    """Waits until all others sleep or have ended. So before a fork: of AddressSanitizer's allocator (gcc 12) a child gets
    the locks as they are, and would wait for ever for one that an ending thread has there."""
    end = time.monotonic() + seconds
    while True:
        time.sleep(0.001)  # and who ends has the interpreter's lock
        if all(state == "S" for state in _states()):
            return
        if time.monotonic() > end:
            raise AssertionError("a thread runs on and on")
