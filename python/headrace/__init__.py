"""Headrace: batches for language model training that are there before the trainer asks.

    import headrace

    for batch in headrace.Loader("train.bin", batch_size=32, sequence_length=1024, workers=2):
        train(batch.input, batch.target)

Loader         threads that fill batches; Batch, what they fill; Stats, what they have done
Dataset        files, or an array, as one stream of token ids; DatasetFile, one of the files
Tokenizer      from text to ids and back; TokenizerFacts, what is known of it; normalize(), what is done to text before
tokenize()     text into files of tokens; Progress, how far it has come; Written, what it has written
Writer         files of tokens from ids that were made elsewhere
transforms     what a loader does to each row: mask, dropout, replace, normalize, noise
metrics()      statistics for Prometheus; features(), what the library was built with
Error          what all exceptions of the package are

Words for what C has as an enum are those of the command (headrace feed --help), with _ for its -. Options have the
names of C: the man pages (man batch_loader_options) say more of each.
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
    "Loader", "OutOfMemory", "OutOfRange", "Progress", "SizeOverflow", "Stats", "TimedOut", "Tokenizer",
    "TokenizerFacts", "Unsupported", "Writer", "Written", "features", "metrics", "normalize", "tokenize", "transforms"
]

for _name in set(__all__) - {"transforms"}:
    globals()[_name].__module__ = __name__  # what help() and tracebacks call them
