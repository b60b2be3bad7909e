"""Datasets: files seen as one stream of token ids."""
from __future__ import annotations

import ctypes
import os
from typing import Sequence, Union

from . import _options
from ._library import Owner, Resource, error, lib

Path = Union[str, "os.PathLike[str]"]


class Dataset(Owner):
    """One or more files seen as one stream of token ids, mapped, never loaded."""
    _what = "dataset"

    def __init__(self, paths: Path | Sequence[Path]) -> None:
        names = _options.paths("paths", paths)
        pointer = lib.batch_dataset_open((ctypes.c_char_p * len(names))(*names), len(names), None)
        if not pointer:
            raise error()
        self._resource = Resource(pointer, lib.batch_dataset_free, self._what)

    @property
    def tokens(self) -> int:
        """How many tokens the stream has."""
        with self._hold() as dataset:
            return int(lib.batch_dataset_tokens(dataset.pointer))
