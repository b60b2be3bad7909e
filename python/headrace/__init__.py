"""Headrace: batches for language model training that are there before the trainer asks.

    import headrace

    for batch in headrace.Loader("train.bin", batch_size=32, sequence_length=1024, workers=2):
        train(batch.input, batch.target)
"""
from ._batch import Batch
from ._dataset import Dataset
from ._errors import (Closed, Error, FileError, ForkError, FormatError, InvalidArgument, OutOfMemory, OutOfRange,
                      SizeOverflow, TimedOut, Unsupported)
from ._library import lib as _lib
from ._loader import Loader

__version__ = _lib.batch_version().decode()

__all__ = ["Batch", "Closed", "Dataset", "Error", "FileError", "ForkError", "FormatError", "InvalidArgument", "Loader",
           "OutOfMemory", "OutOfRange", "SizeOverflow", "TimedOut", "Unsupported"]
