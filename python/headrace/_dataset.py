"""Datasets: files seen as one stream of token ids."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence, overload

import numpy as np

from . import _arrays, _options
from . import _declarations as c
from ._dataset_options import Spans, dataset_options, held, release
from ._errors import OutOfRange
from ._interruptible import run
from ._library import Owner, Resource, error, lib
from ._options import Path as Path
from ._tokenizer import Tokenizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_TYPES = {"uint8": "u8", "int8": "i8", "uint16": "u16", "int16": "i16", "uint32": "u32", "int32": "i32", "int64": "i64"}


@dataclasses.dataclass(frozen=True)
class DatasetFile:
    """One file of a dataset, and what of it is in the stream.

    path: of the tokens, or their name in memory
    format: "headerless", "datatrove", "llmc_gpt2", "llmc_llama3", "megatron", "npy", "text" or "jsonl"
    compressed: with zstd or gzip
    tokenized: while opening
    token_type: "u8", "i8", "u16", "i16", "u32", "i32" or "i64"
    first_token: in the stream
    documents: 0: no boundaries known
    bad_lines: of .jsonl, passed over
    compression: "zstd" or "gzip"
    loss: how it says which tokens are to be learnt: "bytes" or "bits"; None: it does not
    """
    path: str
    format: str
    compressed: bool
    tokenized: bool
    token_type: str
    first_token: int
    tokens: int
    documents: int
    bad_lines: int
    compression: str | None
    loss: str | None


class Dataset(Owner):
    """One or more files seen as one stream of token ids, mapped, never loaded.

        dataset = headrace.Dataset("data/fineweb_*.bin")
        last = dataset[-1024:]

    paths: a file, a directory (its files in order of their names) or a glob pattern, or several of them in this order.
    format: of every file: "headerless", "datatrove", "llmc_gpt2", "llmc_llama3", "megatron", "npy", "text" or "jsonl";
      "auto" finds it from the bytes, then the name.
    token_type: of headerless files: "u8" to "i64"; "auto" is what the file, its companion or its name says, else "u16".
    io: tokens are mapped ("map") or read ("read").
    separator, end_of_text: files without boundaries of their own are parted into documents by that id, which stands
      "before" or "after" each; text is given it. The id is the tokenizer's where none is given.
    loss: which tokens are to be learnt is what PATH.loss beside a file says ("auto"), or all are ("none").
    subset: "train" or "validation": that part of the documents, of which validation_fraction are for validation; which
      ones they are is drawn by subset_seed and the tokens.

    Text and .jsonl, also compressed, are tokenized while opening, into a temporary file that goes with the dataset:
    tokenizer: a Tokenizer; None: ids are bytes.
    malformed, normal_form, fold_case, squeeze_space: what is done to the text before, see normalize().
    text_field: of .jsonl, the member that holds the document ("text"); "a.b" is member b of a.
    spans: what a line of .jsonl holds: "text", "prompt" or "messages", or a mapping of the fields of batch_span_options
      ({"kind": "messages", "train_roles": ["assistant", "tool"]}).
    on_bad_line: lines of .jsonl that cannot be used are an error ("stop") or passed over and counted ("skip").
    longest_document: bytes of a line, or of a document that must be held whole (0: 64 MiB).
    workers: threads that tokenize (0: as many as there are processors).
    temporary_directory: for that file ($TMPDIR, else /tmp).

    Any number of threads, loaders and forked processes may use one at the same time. Ctrl-C ends the wait while it is
    opened; what it was at ends behind, and leaves nothing. It is closed when it and its last loader are gone, or sooner
    by close() or a with-block.
    """
    _what = "dataset"

    def __init__(self, paths: Path | Sequence[Path], *, format: str = "auto", token_type: str = "auto",
                 io: str = "map", separator: str = "none", end_of_text: int | None = None, loss: str = "auto",
                 subset: str = "all", validation_fraction: float = 0.01, subset_seed: int = 0,
                 tokenizer: Tokenizer | None = None, malformed: str = "keep", normal_form: str = "none",
                 fold_case: bool = False, squeeze_space: bool = False, text_field: str | None = None,
                 spans: Spans = None, on_bad_line: str = "stop", longest_document: int = 0, workers: int = 0,
                 temporary_directory: Path | None = None) -> None:
        names = _options.paths("paths", paths)
        options = dataset_options(
            format=format, token_type=token_type, io=io, separator=separator, end_of_text=end_of_text, loss=loss,
            subset=subset, validation_fraction=validation_fraction, subset_seed=subset_seed, tokenizer=tokenizer,
            malformed=malformed, normal_form=normal_form, fold_case=fold_case, squeeze_space=squeeze_space,
            text_field=text_field, spans=spans, on_bad_line=on_bad_line, longest_document=longest_document,
            workers=workers, temporary_directory=temporary_directory)
        array = _options.array(ctypes.c_char_p, names)
        self._open(lambda: lib.batch_dataset_open(array, len(names), ctypes.byref(options)), options)

    @classmethod
    def from_memory(cls, tokens: ArrayLike, document_ends: ArrayLike | None = None, loss: ArrayLike | None = None, *,
                    name: str | None = None, separator: str = "none", end_of_text: int | None = None,
                    subset: str = "all", validation_fraction: float = 0.01, subset_seed: int = 0,
                    temporary_directory: Path | None = None) -> Dataset:
        """A dataset of one file, which has no path but a name ("memory"), of tokens in memory.

        tokens: an array of one dimension of uint8, int8, uint16, int16, uint32, int32 or int64. It is not copied if its
          elements lie one behind the other in the machine's byte order (np.memmap too); then nobody may change it while
          the dataset, or a loader of it, is there. Anything else is copied once.
        document_ends: where each document ends, behind its last token; the last one at the end of the tokens.
        loss: for each token whether it is to be learnt; None: all are.

        The rest is as for files. The arrays are kept as long as they are needed.
        """
        made = cls.__new__(cls)
        options = dataset_options(
            separator=separator, end_of_text=end_of_text, subset=subset, validation_fraction=validation_fraction,
            subset_seed=subset_seed, temporary_directory=temporary_directory)
        memory = _memory(tokens, document_ends, loss, name)
        made._open(lambda: lib.batch_dataset_from_memory(ctypes.byref(memory), ctypes.byref(options)), options, memory)
        return made

    def _open(self, make: Callable[[], Any], options: c.DatasetOptions, memory: Any = None) -> None:
        """Has the library make it, interruptible; whatever it reads is kept until it is freed."""

        def call() -> Resource:
            with held(options):
                pointer = make()
                if not pointer:
                    raise error()  # in the thread that it belongs to
                return Resource(pointer, free, self._what)

        def free(pointer: int, memory: Any = memory) -> None:
            lib.batch_dataset_free(pointer)

        try:
            self._resource = run(call, Resource.drop)
        finally:
            release(options)

    @property
    def tokens(self) -> int:
        """How many tokens the stream has."""
        with self._hold() as dataset:
            return int(lib.batch_dataset_tokens(dataset.pointer))

    @property
    def documents(self) -> int:
        """How many documents are in the stream, 0 when no boundaries are known."""
        with self._hold() as dataset:
            return int(lib.batch_dataset_documents(dataset.pointer))

    @property
    def width(self) -> int:
        """The bytes of the widest stored token: 1, 2, 4 or 8."""
        with self._hold() as dataset:
            return int(lib.batch_dataset_width(dataset.pointer))

    @property
    def has_loss(self) -> bool:
        """Whether anything says which tokens are to be learnt."""
        with self._hold() as dataset:
            return bool(lib.batch_dataset_has_loss(dataset.pointer))

    @property
    def files(self) -> list[DatasetFile]:
        """Its files, in the order of the stream."""
        with self._hold() as dataset:
            return [_file(dataset, i) for i in range(lib.batch_dataset_files(dataset.pointer))]

    def read(self, start: int, count: int) -> NDArray[np.int32]:
        """Tokens [start, start + count) of the stream, as an array of int32."""
        found: NDArray[np.int32] = self._read(lib.batch_dataset_read, start, count, np.int32)
        return found

    def read_loss(self, start: int, count: int) -> NDArray[np.bool_]:
        """Of those tokens whether they are to be learnt, as an array of bool. Where nothing says it they are."""
        found: NDArray[np.uint8] = self._read(lib.batch_dataset_read_loss, start, count, np.uint8)
        return found.view(np.bool_)

    def _read(self, function: Any, start: int, count: int, type_: Any) -> Any:
        start, count = (_options.integer(name, n, 0, 2**63 - 1) for name, n in (("start", start), ("count", count)))
        with self._hold() as dataset:
            tokens = lib.batch_dataset_tokens(dataset.pointer)
            if start + count > tokens:
                raise OutOfRange(f"start + count is {start + count}, expected at most {tokens}, the tokens there are")
            found = np.empty(count, type_)
            if not function(dataset.pointer, start, count, _arrays.pointer(found, np.ctypeslib.as_ctypes_type(type_))):
                raise error()
        return found

    def document_range(self, index: int) -> tuple[int, int]:
        """Where a document begins and where it ends, which is behind its last token; -1 is the last document."""
        index = _options.integer("index", index, -2**63, 2**63 - 1)
        start, end = ctypes.c_uint64(), ctypes.c_uint64()
        with self._hold() as dataset:
            documents = lib.batch_dataset_documents(dataset.pointer)
            if not -documents <= index < documents:
                raise OutOfRange(f"index is {index}, expected one of {documents} documents" if documents else
                                         f"index is {index}, and no boundaries of documents are known")
            if not lib.batch_dataset_document(dataset.pointer, index % documents, ctypes.byref(start),
                                              ctypes.byref(end)):
                raise error()
        return start.value, end.value

    def document(self, index: int) -> NDArray[np.int32]:
        """The tokens of a document, as an array of int32; -1 is the last one."""
        start, end = self.document_range(index)
        return self.read(start, end - start)

    def id_range(self) -> tuple[int, int]:
        """The smallest and the largest id: reads the whole stream."""
        smallest, largest = ctypes.c_int64(), ctypes.c_int64()
        self._ask(lib.batch_dataset_id_range, smallest, largest)
        return smallest.value, largest.value

    def fingerprint(self) -> int:
        """A hash of how many tokens there are and of 4096 of them: the same for the same tokens in whatever format."""
        fingerprint = ctypes.c_uint64()
        self._ask(lib.batch_dataset_fingerprint, fingerprint)
        return fingerprint.value

    def _ask(self, function: Any, *answers: Any) -> None:
        held = self._hold()

        def call() -> None:
            with held:
                if not function(held.pointer, *map(ctypes.byref, answers)):
                    raise error()
        run(call)

    def __len__(self) -> int:
        return self.tokens

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> NDArray[np.int32]: ...

    def __getitem__(self, place: int | slice) -> int | NDArray[np.int32]:
        """A token, or an array of int32 of several: dataset[5], dataset[-100:]."""
        tokens = self.tokens
        if isinstance(place, slice):
            places = range(tokens)[place]
            if not places:
                return np.empty(0, np.int32)
            first = min(places[0], places[-1])
            return self.read(first, max(places[0], places[-1]) + 1 - first)[::places.step]
        place = _options.integer("place", place, -2**63, 2**63 - 1)
        if not -tokens <= place < tokens:
            raise OutOfRange(f"place is {place}, expected one of {tokens} tokens")
        return int(self.read(place % tokens, 1)[0])

    def __iter__(self) -> Iterator[int]:
        """The tokens, one after the other."""
        for start in range(0, self.tokens, 65536):
            yield from self[start:start + 65536].tolist()

    def __repr__(self) -> str:
        if self._resource is None:
            return "<headrace.Dataset closed>"
        files = self.files
        name = files[0].path + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        documents = f", {self.documents} documents" if self.documents else ""
        return f"<headrace.Dataset {name}: {self.tokens} tokens{documents}>"


def _file(dataset: Resource, index: int) -> DatasetFile:
    file = c.DatasetFile()
    if not lib.batch_dataset_get_file(dataset.pointer, index, ctypes.byref(file)):
        raise error()
    return DatasetFile(**_options.values(file))


def _memory(tokens: Any, document_ends: Any, loss: Any, name: str | None) -> c.Memory:
    """What the C library borrows, and keeps the arrays."""
    array = _arrays.row("tokens", tokens)
    if array.dtype.name not in _TYPES:
        raise TypeError(f"tokens has elements of type {array.dtype}, expected {_options.one_of(list(_TYPES))}")
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    ends = None if document_ends is None else _arrays.converted("document_ends", document_ends, np.uint64)
    learnt = None if loss is None else _arrays.truths("loss", loss, len(array), "token")
    memory = _options.fill(c.Memory, tokens=array.ctypes.data, count=len(array), name=name,
                           token_type=_TYPES[array.dtype.name])
    if ends is not None:
        memory.document_ends, memory.documents = _arrays.pointer(ends, ctypes.c_uint64), len(ends)
    if learnt is not None:
        memory.loss = _arrays.pointer(learnt, ctypes.c_uint8)
    memory.keep = (array, ends, learnt)
    return memory
