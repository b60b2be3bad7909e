"""Datasets: files seen as one stream of token ids."""
from __future__ import annotations

import ctypes
import os
from typing import Sequence, Union

from ._library import Resource, error, lib

Path = Union[str, "os.PathLike[str]"]


class Dataset:
    """One or more files seen as one stream of token ids, mapped, never loaded."""

    def __init__(self, paths: Path | Sequence[Path]) -> None:
        self._resource: Resource | None = None
        if isinstance(paths, (str, bytes, os.PathLike)):
            paths = [paths]
        names = [os.fsencode(path) for path in paths]
        pointer = lib.batch_dataset_open((ctypes.c_char_p * len(names))(*names), len(names), None)
        if not pointer:
            raise error()
        self._resource = Resource(pointer, lib.batch_dataset_free)

    @property
    def tokens(self) -> int:
        """How many tokens the stream has."""
        assert self._resource
        return int(lib.batch_dataset_tokens(self._resource.pointer))

    def close(self) -> None:
        """Gives up the files, as soon as no loader reads them."""
        resource, self._resource = self._resource, None
        if resource:
            resource.drop()

    __del__ = close
