"""The types and functions of include/headrace that the package uses, as ctypes takes them.

tests/python/test_declarations.py compiles them against the headers: sizes, places of fields, values and signatures.
"""
from __future__ import annotations

import ctypes
from ctypes import (POINTER, Structure, Union, c_bool, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t,
                    c_uint8, c_uint16, c_uint32, c_uint64, c_void_p)
from typing import Any

VERSION = (0, 1)  # of the headers: major, minor

NO_WAIT = 0
FOREVER = 2**64 - 1
ENDLESS = 2**32 - 1
NO_PLACE = 2**64 - 1
MAX_SKIPS = 64
TOKENIZER_FAILED = 2**(8 * ctypes.sizeof(c_size_t)) - 1

# Enums: the names that people see, in the order of their values.
STATUS = ("ok", "full", "empty", "closed", "timedout", "end", "ready") + ("",) * 25 + (
    "error_invalid_argument", "error_overflow", "error_out_of_memory", "error_out_of_range", "error_io", "error_format",
    "error_unsupported")
TENSOR_TYPE = ("float32", "float64", "int32", "int64", "uint8", "uint16", "uint32")
ID_TYPE = ("int32", "int64", "uint16", "float32")
SHUFFLE = ("all", "blocks", "none")
PACKING = ("windows", "documents", "best_fit", "bos_aligned")
FAULTS = ("stop", "skip", "hand_on")

(OK, FULL, EMPTY, CLOSED, TIMEDOUT, END, READY) = range(7)
(INVALID_ARGUMENT, OVERFLOW, OUT_OF_MEMORY, OUT_OF_RANGE, IO, FORMAT, UNSUPPORTED) = range(32, 39)


class Error(Structure):
    _fields_ = [("code", c_int), ("message", c_char_p)]


class Origin(Structure):
    _fields_ = [("home", c_void_p), ("shape", c_void_p), ("raw", c_void_p), ("width", c_size_t)]


class Own(Union):
    _fields_ = [("dims", c_uint32 * 8), ("made", Origin)]


class Tensor(Structure):
    _fields_ = [("raw", c_void_p), ("shape", POINTER(c_uint32)), ("ndim", c_uint32), ("total_size", c_size_t),
                ("owns_data", c_bool), ("dtype", c_int), ("own", Own)]


class Batch(Structure):
    _fields_ = [("batch_id", c_uint64), ("epoch_id", c_uint32), ("ref_count", c_int), ("processing_time", c_double),
                ("is_processed", c_bool), ("is_pooled", c_bool), ("status", c_int), ("batch_size", c_uint32),
                ("sequence_length", c_uint32), ("vocab_size", c_uint32), ("total_memory", c_size_t), ("input", Tensor),
                ("target", Tensor), ("mask", Tensor), ("documents", Tensor), ("positions", Tensor),
                ("cu_seqlens", Tensor), ("num_sequences", c_uint32), ("max_seqlen", c_uint32)]


class Options(Structure):
    """A struct that begins with its size."""
    def __init__(self, **fields: Any) -> None:
        super().__init__(size=ctypes.sizeof(self), **fields)


class Shape(Structure):
    _fields_ = [("batch_size", c_uint32), ("sequence_length", c_uint32), ("vocab_size", c_uint32),
                ("input_type", c_int), ("mask_type", c_int), ("with_documents", c_bool), ("max_sequences", c_uint32)]


class Allocator(Structure):
    _fields_ = [("allocate", c_void_p), ("deallocate", c_void_p), ("context", c_void_p)]


class PoolOptions(Options):
    _fields_ = [("size", c_size_t), ("pool_size", c_uint32), ("shape", Shape), ("alignment", c_size_t),
                ("huge_pages", c_bool), ("numa_node", c_int), ("allocator", Allocator)]


class Skip(Structure):
    _fields_ = [("epoch", c_uint64), ("first", c_uint64), ("count", c_uint64)]


class State(Structure):
    _fields_ = [("magic", c_uint64), ("data", c_uint64), ("seed", c_uint64), ("sequence_length", c_uint32),
                ("packing", c_uint16), ("shuffle", c_uint16), ("order", c_uint64), ("epoch", c_uint64),
                ("step", c_uint64), ("row", c_uint64), ("window", c_uint64), ("window_row", c_uint64),
                ("reserved", c_uint32), ("num_skips", c_uint32), ("check", c_uint64), ("skips", Skip * MAX_SKIPS)]


class Transform(Structure):
    _fields_ = [("apply", c_void_p), ("context", c_void_p)]


class LoaderOptions(Options):
    _fields_ = [("size", c_size_t), ("batch_size", c_uint32), ("sequence_length", c_uint32), ("vocab_size", c_uint32),
                ("id_type", c_int), ("mask_type", c_int), ("with_documents", c_bool), ("workers", c_uint32),
                ("pool_size", c_uint32), ("seed", c_uint64), ("shuffle", c_int), ("block_rows", c_uint64),
                ("packing", c_int), ("pad_id", c_int32), ("epochs", c_uint32), ("steps", c_uint64),
                ("drop_last", c_bool), ("rank", c_uint32), ("world", c_uint32), ("as_they_come", c_bool),
                ("faults", c_int), ("transforms", POINTER(Transform)), ("num_transforms", c_size_t),
                ("resident_bytes", c_uint64), ("resume", POINTER(State)), ("pool_options", POINTER(PoolOptions)),
                ("pool", c_void_p), ("with_cu_seqlens", c_bool), ("ignore_masked", c_bool), ("no_loss_across", c_bool),
                ("context_documents", c_bool), ("max_sequences", c_uint32), ("context_rank", c_uint32),
                ("context_world", c_uint32), ("pack_window", c_uint32), ("skips", POINTER(Skip)),
                ("num_skips", c_size_t)]


class LoaderSource(Structure):
    _fields_ = [("dataset", c_void_p), ("weight", c_double)]


class LoaderStats(Options):
    _fields_ = [("size", c_size_t)] + [
        (name, c_uint64) for name in ("batches", "tokens", "bytes", "errors", "skipped", "trainer_wait_ns",
                                      "worker_wait_ns", "worker_fill_ns", "pool_hits", "pool_misses")
    ] + [("queue_depth", c_uint32), ("workers", c_uint32), ("pool_size", c_uint32), ("bottleneck", c_int),
         ("masked", c_uint64), ("padding", c_uint64), ("cropped", c_uint64)]


# What each function answers and takes. Those of QUICK neither wait nor take long: they are called without giving up the
# interpreter's lock.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "batch_last_error": (POINTER(Error), []),
    "batch_status_name": (c_char_p, [c_int]),
    "batch_version": (c_char_p, []),
    "batch_version_number": (c_int, []),
    "batch_features": (c_char_p, []),
    "batch_deadline_after": (c_uint64, [c_uint64]),
    "batch_release": (None, [c_void_p]),
    "batch_retain": (None, [c_void_p]),
    "batch_dataset_open": (c_void_p, [POINTER(c_char_p), c_size_t, c_void_p]),
    "batch_dataset_free": (None, [c_void_p]),
    "batch_dataset_tokens": (c_uint64, [c_void_p]),
    "batch_loader_create": (c_void_p, [c_void_p, POINTER(LoaderOptions)]),
    "batch_loader_create_mixed": (c_void_p, [POINTER(LoaderSource), c_size_t, POINTER(LoaderOptions)]),
    "batch_loader_next_until": (c_int, [c_void_p, POINTER(c_void_p), c_uint64]),
    "batch_loader_fd": (c_int, [c_void_p]),
    "batch_loader_arm": (c_int, [c_void_p]),
    "batch_loader_close": (None, [c_void_p]),
    "batch_loader_free": (None, [c_void_p]),
    "batch_loader_get_state": (c_bool, [c_void_p, POINTER(State)]),
    "batch_loader_replay": (c_void_p, [c_void_p, c_uint64, c_uint64]),
    "batch_loader_get_stats": (c_bool, [c_void_p, POINTER(LoaderStats)]),
    "batch_loader_epoch_rows": (c_uint64, [c_void_p]),
    "batch_loader_epoch_steps": (c_uint64, [c_void_p]),
    "batch_loader_places": (c_bool, [c_void_p, c_void_p, POINTER(c_uint64)]),
    "batch_launcher_rank": (c_bool, [POINTER(c_uint32), POINTER(c_uint32)]),
}
QUICK = {"batch_last_error", "batch_status_name", "batch_version", "batch_version_number", "batch_features",
         "batch_deadline_after", "batch_release", "batch_retain", "batch_dataset_tokens", "batch_loader_close",
         "batch_loader_epoch_rows", "batch_loader_epoch_steps", "batch_loader_fd", "batch_loader_arm",
         "batch_loader_get_stats", "batch_launcher_rank"}
