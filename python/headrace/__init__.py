"""Headrace: batches for language model training that are there before the trainer asks.

    import headrace

    for batch in headrace.Loader("train.bin", batch_size=32, sequence_length=1024, workers=2):
        train(batch.input, batch.target)
"""
from . import transforms
from ._batch import Batch
from ._dataset import Dataset, DatasetFile
from ._errors import (Closed, Error, FileError, ForkError, FormatError, InvalidArgument, OutOfMemory, OutOfRange,
                      SizeOverflow, TimedOut, Unsupported)
from ._library import features, lib as _lib
from ._loader import Loader
from ._metrics import metrics
from ._stats import Stats
from ._tokenize import Progress, tokenize
from ._tokenizer import Tokenizer, TokenizerFacts, normalize
from ._writer import Writer, Written

__version__ = _lib.batch_version().decode()

__all__ = [
    "Batch", "Closed", "Dataset", "DatasetFile", "Error", "FileError", "ForkError", "FormatError", "InvalidArgument",
    "Loader", "OutOfMemory", "OutOfRange", "Progress", "SizeOverflow", "Stats", "TimedOut", "Tokenizer", "TokenizerFacts",
    "Unsupported", "Writer", "Written", "features", "metrics", "normalize", "tokenize", "transforms"
]

for _name in set(__all__) - {"transforms"}:
    globals()[_name].__module__ = __name__  # what help() and tracebacks call them
