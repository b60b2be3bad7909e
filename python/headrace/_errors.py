"""The exceptions of the package: one for each kind of error of the library, and what they say is its sentence."""
from __future__ import annotations

from . import _declarations as c


class Error(Exception):
    """What the library could not do; the message is its own sentence. `status` is its batch_status, as "error_io"."""
    status = "error"

    def __init__(self, message: str, status: str | None = None) -> None:
        super().__init__(message)
        if status:
            self.status = status


class InvalidArgument(Error, ValueError):
    """An argument is not what the call expects."""
    status = "error_invalid_argument"


class SizeOverflow(Error, OverflowError):
    """A size is larger than what can be addressed."""
    status = "error_overflow"


class OutOfMemory(Error, MemoryError):
    """There is no memory, or there are no threads; nothing leaked."""
    status = "error_out_of_memory"


class OutOfRange(Error, IndexError):
    """An index or a token id lies outside."""
    status = "error_out_of_range"


class FileError(Error, OSError):
    """A file could not be opened, read, mapped or written."""
    status = "error_io"


class FormatError(Error, ValueError):
    """A file is not what it claims to be."""
    status = "error_format"


class Unsupported(Error, RuntimeError):
    """This build or machine lacks what the call needs."""
    status = "error_unsupported"


class ForkError(Unsupported):
    """A loader or a writer was used in a process forked from the one that made it."""


class Closed(Error):
    """What is used has been closed."""
    status = "closed"


class TimedOut(Error, TimeoutError):
    """The time to wait is over."""
    status = "timedout"


CLASSES: dict[int, type[Error]] = {
    c.INVALID_ARGUMENT: InvalidArgument, c.OVERFLOW: SizeOverflow, c.OUT_OF_MEMORY: OutOfMemory,
    c.OUT_OF_RANGE: OutOfRange, c.IO: FileError, c.FORMAT: FormatError, c.UNSUPPORTED: Unsupported, c.CLOSED: Closed,
    c.TIMEDOUT: TimedOut,
}
