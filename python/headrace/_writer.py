"""Writing shards of tokens: of ids made elsewhere, and what tokenize() writes to."""
from __future__ import annotations

import ctypes
import dataclasses
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _arrays, _options
from . import _declarations as c
from ._errors import ForkError
from ._library import Owner, Resource, error, lib
from ._options import Path

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FORMATS = c.FILE_FORMAT[:c.FILE_FORMAT.index("text")]  # those that are written; "auto" is headerless


@dataclasses.dataclass(frozen=True)
class Written:
    """What was written so far.

    masked: of them, not to be learnt
    documents: ended ones
    files: under their final names
    token_type: "u8", "i8", "u16", "i16", "u32", "i32" or "i64"
    bad_lines: of .jsonl, passed over by tokenize()
    """
    tokens: int
    masked: int
    documents: int
    files: int
    token_type: str
    bad_lines: int = 0


def make_writer(output: Path, **given: Any) -> Resource:
    """A writer of the library's."""
    pointer = lib.batch_writer_create(_options.path("output", output),
                                      ctypes.byref(_options.fill(c.WriterOptions, **given)))
    if not pointer:
        raise error()
    return Resource(pointer, lib.batch_writer_free, "writer")


def written(writer: Resource, bad_lines: int = 0) -> Written:
    """What a writer has written, with the lines that were passed over meanwhile."""
    at = writer.pointer
    return Written(lib.batch_writer_tokens(at), lib.batch_writer_masked(at), lib.batch_writer_documents(at),
                   lib.batch_writer_files(at), c.TOKEN_TYPE[lib.batch_writer_token_type(at)], bad_lines)


class Writer(Owner):
    """Writes shards of ids that were made elsewhere.

        with headrace.Writer("train.bin", vocab_size=50257) as writer:
            for ids in documents:
                writer.append(ids)
                writer.end_document()

    The files appear, whole, when the block ends well: shards one by one before, but together with overwrite. When it
    ends by an exception, what was not finished goes, and what was there before stays.

    output: the file; of shards, they get a number before the extension (train_000001.bin).
    format: "headerless" ("auto"), "datatrove", "llmc_gpt2", "llmc_llama3", "megatron" or "npy".
    token_type: "auto" is what the name tells, else the smallest that the format has and vocab_size fits.
    vocab_size: what you say that ids are below, for token_type; 0: not known, and then u16 where there is a choice.
      Ids that the type does not hold are refused.
    shard_tokens: a new shard begins with the first document after so many; 0: one file.
    overwrite: replace what an earlier run with this output has written; else that is an error.

    Several threads may use one, one after the other. So may signal handlers of Python's, to finish it.
    """
    _what = "writer"

    def __init__(self, output: Path, *, format: str = "auto", token_type: str = "auto", vocab_size: int = 0,
                 shard_tokens: int = 0, overwrite: bool = False) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()  # for one thread at a time, and signal handlers in it
        _options.word("format", format, FORMATS)
        self._resource = make_writer(output, format=format, token_type=token_type, vocab_size=vocab_size,
                                     shard_tokens=shard_tokens, overwrite=overwrite)
        self._written = written(self._resource)

    def append(self, ids: ArrayLike, loss: ArrayLike | None = None) -> None:
        """Adds ids to the document at hand; `loss` says for each of them whether it is to be learnt (None: all are)."""
        row = _arrays.converted("ids", ids, np.int32)
        learnt = None if loss is None else _arrays.truths("loss", loss, len(row), "id")
        self._do(lib.batch_writer_append_masked, _arrays.pointer(row, ctypes.c_int32),
                 None if learnt is None else _arrays.pointer(learnt, ctypes.c_uint8), len(row))

    def end_document(self) -> None:
        """Ends the document at hand. Formats without boundaries only cut shards here."""
        self._do(lib.batch_writer_end_document)

    def finish(self) -> Written:
        """Ends the last document, brings all to the disk and gives it its name. A with-block does so at its end."""
        self._do(lib.batch_writer_finish)
        done = self.written
        self.close()
        return done

    def _do(self, function: Any, *arguments: Any) -> None:
        if os.getpid() != self._process:  # where another thread may have had the lock for ever
            raise ForkError("a writer is of the process that made it, and this one was forked from that")
        with self._lock, self._hold() as writer:
            done = function(writer.pointer, *arguments)
            failure = None if done else error()
            self._written = written(writer)
        if failure:
            raise failure

    @property
    def written(self) -> Written:
        """What was written so far, also when it is closed."""
        return self._written

    def __exit__(self, *reason: Any) -> None:
        try:
            if reason[0] is None and self._resource is not None:
                self.finish()
        finally:
            self.close()

    def __repr__(self) -> str:
        tokens = self._written.tokens if hasattr(self, "_written") else 0
        return f"<headrace.Writer{'' if self._resource else ' closed'}: {tokens} tokens>"
