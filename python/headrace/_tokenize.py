"""Turning text into shards of tokens."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, Sequence

from . import _options
from . import _declarations as c
from ._dataset_options import Spans, dataset_options, held, release
from ._interruptible import Call
from ._library import Resource, error, lib
from ._options import Path
from ._tokenizer import Tokenizer
from ._writer import FORMATS, Written, make_writer, written


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far tokenize() has come: what has gone to the writer.

    path: the file that it is at
    bytes: of all files, compressed where they are
    bad_lines: of .jsonl, passed over
    masked: of the tokens, not to be learnt
    reader_ns: reading and decompressing
    reader_wait_ns: waiting, since enough is on its way
    worker_ns: tokenizing, all threads together
    worker_wait_ns: waiting for text
    writer_ns: writing
    writer_wait_ns: waiting for the next text in order
    workers: threads that tokenize; 0: one thread does all in turn
    bottleneck: "reader", "workers" or "writer": who waits least
    """
    path: str = ""
    bytes: int = 0
    total_bytes: int = 0
    tokens: int = 0
    documents: int = 0
    bad_lines: int = 0
    masked: int = 0
    reader_ns: int = 0
    reader_wait_ns: int = 0
    worker_ns: int = 0
    worker_wait_ns: int = 0
    writer_ns: int = 0
    writer_wait_ns: int = 0
    workers: int = 0
    bottleneck: str = "none"


class _Watch:
    """What the library tells of a run, and whether that is to go on."""
    _COUNTS = [field.name for field in dataclasses.fields(Progress) if field.name not in ("path", "bottleneck")]

    def __init__(self) -> None:
        self._state, self._size = c.TokenizeProgress(), ctypes.sizeof(c.TokenizeProgress)
        self._texts: tuple[Any, Any] | None = None  # of the state, which points at the library's; None: not told yet
        self._stopped = False

    def told(self, context: Any, progress: Any) -> bool:
        state = self._state
        ctypes.memmove(ctypes.byref(state), progress, self._size)
        self._texts = state.path, state.bottleneck
        return not self._stopped

    def stop(self) -> None:
        self._stopped = True

    def progress(self) -> Progress | None:
        """The last that was told; None before."""
        texts, state = self._texts, c.TokenizeProgress.from_buffer_copy(self._state)
        if texts is None:
            return None
        path, bottleneck = ((text or b"").decode("utf-8", "surrogateescape") for text in texts)
        return Progress(path=path, bottleneck=bottleneck, **{name: getattr(state, name) for name in self._COUNTS})


def tokenize(paths: Path | Sequence[Path], output: Path, *, tokenizer: Tokenizer | None = None, to: str = "headerless",
             token_type: str = "auto", shard_tokens: int = 0, overwrite: bool = False, continue_run: bool = False,
             separator: str | None = None, end_of_text: int | None = None, format: str = "auto",
             text_field: str | None = None, spans: Spans = None, malformed: str = "keep", normal_form: str = "none",
             fold_case: bool = False, squeeze_space: bool = False, on_bad_line: str = "stop", longest_document: int = 0,
             workers: int = 0, progress: Callable[[Progress], Any] | None = None) -> Written:
    """Tokenizes text and .jsonl, plain or compressed, into files that a Dataset or a Loader reads.

        headrace.tokenize("text/*.jsonl.zst", "train.bin", tokenizer=headrace.Tokenizer("tokenizer.json"))

    paths: a file, a directory or a glob pattern, or several of them.
    output, token_type, shard_tokens, overwrite: as of a Writer.
    to: its format: "headerless", "datatrove", "llmc_gpt2", "llmc_llama3", "megatron" or "npy".
    continue_run: go on behind the last whole shard of the same call that was stopped; if nothing of it is there, begin.
    tokenizer: None: ids are bytes.
    separator: the end-of-text id stands "before" or "after" each document, or nowhere ("none"); None: before in llm.c's
      formats, nowhere in Megatron's and datatrove's, which have an index, else after.
    end_of_text: that id; None: the tokenizer's, of bytes 256.
    progress: is called with a Progress in the calling thread, some times a second and at the end of the text.
    The other ones are those of a Dataset.

    The file appears, whole, when everything is written; shards appear one by one, but with overwrite together in the
    end. An exception that `progress` raises, and Ctrl-C, stop it: what was there before stays, and so do shards that
    are whole, for continue_run.
    """
    if progress is not None and not callable(progress):
        raise TypeError(f"progress is {_options.shown(progress)}, expected a function of one argument, or None")
    names = _options.paths("paths", paths)
    array = _options.array(ctypes.c_char_p, names)
    word = _options.word("to", to, FORMATS)
    if separator is None:
        separator = {"llmc_gpt2": "before", "llmc_llama3": "before", "megatron": "none",
                     "datatrove": "none"}.get(FORMATS[word], "after")
    if end_of_text is None and tokenizer is None and separator != "none":
        end_of_text = 256
    options = dataset_options(
        tokenizer=tokenizer, malformed=malformed, normal_form=normal_form, fold_case=fold_case,
        squeeze_space=squeeze_space, spans=spans, separator=separator, end_of_text=end_of_text, format=format,
        text_field=text_field, on_bad_line=on_bad_line, longest_document=longest_document, workers=workers)
    try:
        vocab_size = tokenizer.vocab_size if tokenizer else 256
        if options.separator:
            vocab_size = max(vocab_size, options.end_of_text + 1)
        with make_writer(output, format=to, token_type=token_type, vocab_size=vocab_size, shard_tokens=shard_tokens,
                         overwrite=overwrite, continue_run=continue_run) as writer:
            watch = _Watch()
            _run(array, options, writer, watch, progress)
            if not lib.batch_writer_finish(writer.pointer):
                raise error()
            last = watch.progress()
            return written(writer, last.bad_lines if last else 0)
    finally:
        release(options)


def _run(paths: Any, options: c.DatasetOptions, writer: Resource, watch: _Watch,
         progress: Callable[[Progress], Any] | None) -> None:
    """Reads, tokenizes and writes all of it, in another thread: Python runs the handlers of signals in its main one."""

    callback = c.TokenizeCallback(watch.told)

    def work() -> None:
        with writer.hold(), held(options):
            status = lib.batch_tokenize_files(paths, len(paths), ctypes.byref(options), writer.pointer, callback, None)
            if status != c.OK:
                raise error()

    def tell() -> None:
        state = watch.progress()
        if progress is not None and state is not None:
            progress(state)

    call = Call(work)
    try:
        call.wait(tell)
        tell()
    except BaseException:
        watch.stop()
        call.join()
        raise
