"""The loader: worker threads that turn datasets into batches, shuffled, in a known order."""
from __future__ import annotations

import ctypes
from typing import Any, Iterator, Sequence

from . import _declarations as c
from ._batch import Batch
from ._dataset import Dataset, Path
from ._library import Resource, error, lib

_SLICE = 50_000_000  # ns: how long a wait may keep a signal waiting


class Loader:
    """Iterates over the batches of datasets."""

    def __init__(self, sources: Path | Dataset | Sequence[Path], *, batch_size: int, sequence_length: int,
                 vocab_size: int = 0, id_type: str = "int32", mask_type: str = "float32", workers: int = 0,
                 pool_size: int = 0, seed: int = 0, shuffle: str = "all", epochs: int | None = 1) -> None:
        self._loader: Resource | None = None
        dataset = sources if isinstance(sources, Dataset) else Dataset(sources)
        options = c.LoaderOptions(batch_size=batch_size, sequence_length=sequence_length, vocab_size=vocab_size,
                                  id_type=c.ID_TYPE.index(id_type), mask_type=c.TENSOR_TYPE.index(mask_type),
                                  workers=workers, pool_size=pool_size, seed=seed, shuffle=c.SHUFFLE.index(shuffle),
                                  epochs=c.ENDLESS if epochs is None else epochs)
        assert dataset._resource
        held = dataset._resource.hold()
        pointer = lib.batch_loader_create(held.pointer, ctypes.byref(options))
        if not pointer:
            failure = error()
            held.drop()
            raise failure

        def free(pointer: int) -> None:
            lib.batch_loader_free(pointer)
            held.drop()
        self._loader = Resource(pointer, free)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        assert self._loader
        batch = ctypes.c_void_p()
        while True:
            status = lib.batch_loader_next_until(self._loader.pointer, ctypes.byref(batch),
                                                 lib.batch_deadline_after(_SLICE))
            if status == c.OK:
                assert batch.value
                return Batch(batch.value)
            if status == c.END:
                raise StopIteration
            if status != c.TIMEDOUT:
                raise error(status)

    def close(self) -> None:
        """Ends the loader; batches that are out stay as they are."""
        loader, self._loader = self._loader, None
        if loader:
            loader.drop()

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *reason: Any) -> None:
        self.close()
