"""The types and functions of include/headrace that the package uses, as ctypes takes them.

tests/python/test_declarations.py compiles them against the headers: sizes, places of fields, values and signatures.
"""
from __future__ import annotations

import ctypes
from ctypes import (POINTER, Structure, Union, c_bool, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_size_t,
                    c_uint, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p)
from typing import Any

VERSION = (0, 1)  # of the headers: major, minor

NO_WAIT = 0
FOREVER = 2**64 - 1
ENDLESS = 2**32 - 1
NO_PLACE = 2**64 - 1
MAX_SKIPS = 64
NO_TOKEN = -1
TOKENIZER_FAILED = 2**(8 * ctypes.sizeof(c_size_t)) - 1

# Enums: the names that people see, in the order of their values; those of the command with _ for its -.
STATUS = ("ok", "full", "empty", "closed", "timedout", "end", "ready") + ("",) * 25 + (
    "error_invalid_argument", "error_overflow", "error_out_of_memory", "error_out_of_range", "error_io", "error_format",
    "error_unsupported")
TENSOR_TYPE = ("float32", "float64", "int32", "int64", "uint8", "uint16", "uint32")
MASK_TYPE = ("float32", "", "", "", "uint8")  # of TENSOR_TYPE those that a mask can have
ID_TYPE = ("int32", "int64", "uint16", "float32")
SHUFFLE = ("all", "blocks", "none")
PACKING = ("windows", "documents", "best_fit", "bos_aligned")
FAULTS = ("stop", "skip", "hand_on")
BOTTLENECK = ("none", "data", "trainer")
FILE_FORMAT = ("auto", "headerless", "datatrove", "llmc_gpt2", "llmc_llama3", "megatron", "npy", "text", "jsonl")
TOKEN_TYPE = ("auto", "u8", "i8", "u16", "i16", "u32", "i32", "i64")
SEPARATOR = ("none", "before", "after")
FILE_IO = ("map", "read")
BAD_LINE = ("stop", "skip")
LOSS = ("auto", "none")
SUBSET = ("all", "train", "validation")
SPANS = ("text", "prompt", "messages")
SPLIT = ("of_file", "gpt2", "cl100k", "o200k", "llama3", "qwen2")
SPECIALS = ("ignore", "allow", "error")
MALFORMED = ("keep", "replace", "error")
NORMAL_FORM = ("none", "nfc", "nfkc")
TOKENIZER_KIND = ("bytes", "custom", "sentencepiece", "ranks", "json")

(OK, FULL, EMPTY, CLOSED, TIMEDOUT, END, READY) = range(7)
(INVALID_ARGUMENT, OVERFLOW, OUT_OF_MEMORY, OUT_OF_RANGE, IO, FORMAT, UNSUPPORTED) = range(32, 39)

Enum = c_uint  # what compilers take for an enum without values below 0


class Error(Structure):
    _fields_ = [("code", Enum), ("message", c_char_p)]


class Options(Structure):
    """A struct that begins with its size. NAMES are those of the values of its enums."""
    NAMES: dict[str, tuple[str, ...]] = {}
    keep: Any = None  # what it points at, where ctypes does not keep that

    def __init__(self, **fields: Any) -> None:
        super().__init__(size=ctypes.sizeof(self), **fields)


class Origin(Structure):
    _fields_ = [("home", c_void_p), ("shape", POINTER(c_uint32)), ("raw", c_void_p), ("width", c_size_t)]


class Own(Union):
    _fields_ = [("dims", c_uint32 * 8), ("made", Origin)]


class Tensor(Structure):
    _fields_ = [("raw", c_void_p), ("shape", POINTER(c_uint32)), ("ndim", c_uint32), ("total_size", c_size_t),
                ("owns_data", c_bool), ("dtype", Enum), ("own", Own)]


class Batch(Structure):
    _fields_ = [("batch_id", c_uint64), ("epoch_id", c_uint32), ("ref_count", c_int), ("processing_time", c_double),
                ("is_processed", c_bool), ("is_pooled", c_bool), ("status", Enum), ("batch_size", c_uint32),
                ("sequence_length", c_uint32), ("vocab_size", c_uint32), ("total_memory", c_size_t), ("input", Tensor),
                ("target", Tensor), ("mask", Tensor), ("documents", Tensor), ("positions", Tensor),
                ("cu_seqlens", Tensor), ("num_sequences", c_uint32), ("max_seqlen", c_uint32)]


class Shape(Structure):
    _fields_ = [("batch_size", c_uint32), ("sequence_length", c_uint32), ("vocab_size", c_uint32),
                ("input_type", Enum), ("mask_type", Enum), ("with_documents", c_bool), ("max_sequences", c_uint32)]


class Allocator(Structure):
    _fields_ = [("allocate", c_void_p), ("deallocate", c_void_p), ("context", c_void_p)]


ArenaAttach = ctypes.CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t)
ArenaDetach = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_size_t)


class ArenaOptions(Options):
    _fields_ = [("size", c_size_t), ("chunk_bytes", c_size_t), ("attach", ArenaAttach), ("detach", ArenaDetach),
                ("context", c_void_p), ("numa_node", c_int), ("huge_pages", c_bool), ("reserved", c_uint8 * 3)]


class PoolOptions(Options):
    _fields_ = [("size", c_size_t), ("pool_size", c_uint32), ("shape", Shape), ("alignment", c_size_t),
                ("huge_pages", c_bool), ("numa_node", c_int), ("allocator", Allocator)]


class SpecialToken(Structure):
    _fields_ = [("text", c_char_p), ("id", c_int32)]


class TokenizerOptions(Options):
    _fields_ = [("size", c_size_t), ("split", Enum), ("specials", Enum), ("special_tokens", POINTER(SpecialToken)),
                ("special_token_count", c_size_t)]
    NAMES = {"split": SPLIT, "specials": SPECIALS}


class TokenizerFacts(Options):
    _fields_ = [("size", c_size_t), ("kind", Enum), ("vocab_size", c_uint32), ("end_of_text", c_int32),
                ("added_tokens", c_uint32), ("specials", Enum), ("normal_form", Enum), ("split", c_char_p),
                ("split_unicode", c_char_p), ("normal_unicode", c_char_p)]
    NAMES = {"kind": TOKENIZER_KIND, "specials": SPECIALS, "normal_form": NORMAL_FORM}


class TextOptions(Options):
    _fields_ = [("size", c_size_t), ("malformed", Enum), ("normal_form", Enum), ("fold_case", c_bool),
                ("squeeze_space", c_bool), ("reserved", c_uint8 * 6)]
    NAMES = {"malformed": MALFORMED, "normal_form": NORMAL_FORM}


class SpanOptions(Options):
    _fields_ = [("size", c_size_t), ("prompt_field", c_char_p), ("completion_field", c_char_p),
                ("role_field", c_char_p), ("content_field", c_char_p), ("train_roles", c_char_p), ("before", c_char_p),
                ("after", c_char_p), ("train_field", c_char_p), ("kind", Enum), ("reserved", c_uint32)]
    NAMES = {"kind": SPANS}


class DatasetOptions(Options):
    _fields_ = [("size", c_size_t), ("format", Enum), ("token_type", Enum), ("io", Enum), ("text_field", c_char_p),
                ("tokenizer", c_void_p), ("text", POINTER(TextOptions)), ("separator", Enum), ("end_of_text", c_int32),
                ("temporary_directory", c_char_p), ("on_bad_line", Enum), ("longest_document", c_size_t),
                ("workers", c_uint32), ("loss", Enum), ("validation_fraction", c_double), ("subset_seed", c_uint64),
                ("spans", POINTER(SpanOptions)), ("subset", Enum), ("reserved", c_uint32)]
    NAMES = {"format": FILE_FORMAT, "token_type": TOKEN_TYPE, "io": FILE_IO, "separator": SEPARATOR,
             "on_bad_line": BAD_LINE, "loss": LOSS, "subset": SUBSET}


class Memory(Options):
    _fields_ = [("size", c_size_t), ("tokens", c_void_p), ("count", c_uint64), ("document_ends", POINTER(c_uint64)),
                ("documents", c_uint64), ("loss", POINTER(c_uint8)), ("name", c_char_p), ("token_type", Enum),
                ("reserved", c_uint32)]
    NAMES = {"token_type": TOKEN_TYPE}


class DatasetFile(Options):
    _fields_ = [("size", c_size_t), ("path", c_char_p), ("format", Enum), ("compressed", c_bool),
                ("tokenized", c_bool), ("token_type", Enum), ("first_token", c_uint64), ("tokens", c_uint64),
                ("documents", c_uint64), ("bad_lines", c_uint64), ("compression", c_char_p), ("loss", c_char_p)]
    NAMES = {"format": FILE_FORMAT, "token_type": TOKEN_TYPE}


class WriterOptions(Options):
    _fields_ = [("size", c_size_t), ("format", Enum), ("token_type", Enum), ("vocab_size", c_uint32),
                ("overwrite", c_bool), ("shard_tokens", c_uint64), ("continue_run", c_bool),
                ("reserved", c_uint8 * 7)]
    NAMES = {"format": FILE_FORMAT, "token_type": TOKEN_TYPE}


class TokenizeProgress(Structure):
    _fields_ = [("path", c_char_p)] + [
        (name, c_uint64) for name in ("bytes", "total_bytes", "tokens", "documents", "bad_lines", "masked", "reader_ns",
                                      "reader_wait_ns", "worker_ns", "worker_wait_ns", "writer_ns", "writer_wait_ns")
    ] + [("workers", c_uint32), ("reserved", c_uint32), ("bottleneck", c_char_p)]


TokenizeCallback = ctypes.CFUNCTYPE(c_bool, c_void_p, POINTER(TokenizeProgress))


class Transform(Structure):
    _fields_ = [("apply", c_void_p), ("context", c_void_p)]


class MaskOptions(Options):
    _fields_ = [("size", c_size_t), ("probability", c_float), ("mask_id", c_int32), ("vocab_size", c_uint32),
                ("keep", POINTER(c_int32)), ("num_keep", c_size_t)]


class DropoutOptions(Options):
    _fields_ = [("size", c_size_t), ("probability", c_float), ("drop_id", c_int32)]


class ReplaceOptions(Options):
    _fields_ = [("size", c_size_t), ("probability", c_float), ("vocab_size", c_uint32)]


class NormalizeOptions(Options):
    _fields_ = [("size", c_size_t), ("mean", c_float), ("deviation", c_float)]


class NoiseOptions(Options):
    _fields_ = [("size", c_size_t), ("deviation", c_float), ("reserved", c_uint32)]


class Skip(Structure):
    _fields_ = [("epoch", c_uint64), ("first", c_uint64), ("count", c_uint64)]


class State(Structure):
    _fields_ = [("magic", c_uint64), ("data", c_uint64), ("seed", c_uint64), ("sequence_length", c_uint32),
                ("packing", c_uint16), ("shuffle", c_uint16), ("order", c_uint64), ("epoch", c_uint64),
                ("step", c_uint64), ("row", c_uint64), ("window", c_uint64), ("window_row", c_uint64),
                ("reserved", c_uint32), ("num_skips", c_uint32), ("check", c_uint64), ("skips", Skip * MAX_SKIPS)]


class LoaderOptions(Options):
    _fields_ = [("size", c_size_t), ("batch_size", c_uint32), ("sequence_length", c_uint32), ("vocab_size", c_uint32),
                ("id_type", Enum), ("mask_type", Enum), ("with_documents", c_bool), ("workers", c_uint32),
                ("pool_size", c_uint32), ("seed", c_uint64), ("shuffle", Enum), ("block_rows", c_uint64),
                ("packing", Enum), ("pad_id", c_int32), ("epochs", c_uint32), ("steps", c_uint64),
                ("drop_last", c_bool), ("rank", c_uint32), ("world", c_uint32), ("as_they_come", c_bool),
                ("faults", Enum), ("transforms", POINTER(Transform)), ("num_transforms", c_size_t),
                ("resident_bytes", c_uint64), ("resume", POINTER(State)), ("pool_options", POINTER(PoolOptions)),
                ("pool", c_void_p), ("with_cu_seqlens", c_bool), ("ignore_masked", c_bool), ("no_loss_across", c_bool),
                ("context_documents", c_bool), ("max_sequences", c_uint32), ("context_rank", c_uint32),
                ("context_world", c_uint32), ("pack_window", c_uint32), ("skips", POINTER(Skip)),
                ("num_skips", c_size_t)]
    NAMES = {"id_type": ID_TYPE, "mask_type": MASK_TYPE, "shuffle": SHUFFLE, "packing": PACKING, "faults": FAULTS}


class LoaderSource(Structure):
    _fields_ = [("dataset", c_void_p), ("weight", c_double)]


class LoaderStats(Options):
    _fields_ = [("size", c_size_t)] + [
        (name, c_uint64) for name in ("batches", "tokens", "bytes", "errors", "skipped", "trainer_wait_ns",
                                      "worker_wait_ns", "worker_fill_ns", "pool_hits", "pool_misses")
    ] + [("queue_depth", c_uint32), ("workers", c_uint32), ("pool_size", c_uint32), ("bottleneck", Enum),
         ("masked", c_uint64), ("padding", c_uint64), ("cropped", c_uint64)]
    NAMES = {"bottleneck": BOTTLENECK}


class MetricsObject(Structure):
    _fields_ = [("name", c_char_p), ("loader", c_void_p), ("queue", c_void_p), ("pool", c_void_p),
                ("spheres", c_void_p), ("tokenize", POINTER(TokenizeProgress)), ("reserved", c_void_p * 4)]


class MetricsLabel(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class MetricsOptions(Options):
    _fields_ = [("size", c_size_t), ("objects", POINTER(MetricsObject)), ("num_objects", c_size_t),
                ("labels", POINTER(MetricsLabel)), ("num_labels", c_size_t)]


# What each function answers and takes. What the library alone looks into is a c_void_p.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "batch_last_error": (POINTER(Error), []),
    "batch_status_name": (c_char_p, [Enum]),
    "batch_version": (c_char_p, []),
    "batch_version_number": (c_int, []),
    "batch_features": (c_char_p, []),
    "batch_deadline_after": (c_uint64, [c_uint64]),
    "batch_release": (None, [c_void_p]),
    "batch_retain": (None, [c_void_p]),
    "batch_count_live": (c_size_t, []),
    "batch_block": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "batch_arena_create": (c_void_p, [POINTER(ArenaOptions)]),
    "batch_arena_allocator": (Allocator, [c_void_p]),
    "batch_arena_bytes": (c_size_t, [c_void_p]),
    "batch_arena_in_use": (c_size_t, [c_void_p]),
    "batch_arena_free": (None, [c_void_p]),
    "batch_tokenizer_bytes": (c_void_p, [c_uint32]),
    "batch_tokenizer_open": (c_void_p, [c_char_p, POINTER(TokenizerOptions)]),
    "batch_tokenizer_free": (None, [c_void_p]),
    "batch_tokenizer_encode": (c_size_t, [c_void_p, c_char_p, c_size_t, POINTER(c_int32), c_size_t]),
    "batch_tokenizer_decode": (c_size_t, [c_void_p, POINTER(c_int32), c_size_t, c_void_p, c_size_t]),
    "batch_tokenizer_describe": (c_bool, [c_void_p, POINTER(TokenizerFacts)]),
    "batch_text_normalize": (c_size_t, [c_char_p, c_size_t, POINTER(TextOptions), c_void_p, c_size_t]),
    "batch_dataset_open": (c_void_p, [POINTER(c_char_p), c_size_t, POINTER(DatasetOptions)]),
    "batch_dataset_from_memory": (c_void_p, [POINTER(Memory), POINTER(DatasetOptions)]),
    "batch_dataset_free": (None, [c_void_p]),
    "batch_dataset_read": (c_bool, [c_void_p, c_uint64, c_size_t, POINTER(c_int32)]),
    "batch_dataset_has_loss": (c_bool, [c_void_p]),
    "batch_dataset_read_loss": (c_bool, [c_void_p, c_uint64, c_size_t, POINTER(c_uint8)]),
    "batch_dataset_tokens": (c_uint64, [c_void_p]),
    "batch_dataset_documents": (c_uint64, [c_void_p]),
    "batch_dataset_document": (c_bool, [c_void_p, c_uint64, POINTER(c_uint64), POINTER(c_uint64)]),
    "batch_dataset_width": (c_size_t, [c_void_p]),
    "batch_dataset_id_range": (c_bool, [c_void_p, POINTER(c_int64), POINTER(c_int64)]),
    "batch_dataset_fingerprint": (c_bool, [c_void_p, POINTER(c_uint64)]),
    "batch_dataset_files": (c_size_t, [c_void_p]),
    "batch_dataset_get_file": (c_bool, [c_void_p, c_size_t, POINTER(DatasetFile)]),
    "batch_writer_create": (c_void_p, [c_char_p, POINTER(WriterOptions)]),
    "batch_writer_append_masked": (c_bool, [c_void_p, POINTER(c_int32), POINTER(c_uint8), c_size_t]),
    "batch_writer_end_document": (c_bool, [c_void_p]),
    "batch_writer_finish": (c_bool, [c_void_p]),
    "batch_writer_free": (None, [c_void_p]),
    "batch_writer_tokens": (c_uint64, [c_void_p]),
    "batch_writer_masked": (c_uint64, [c_void_p]),
    "batch_writer_documents": (c_uint64, [c_void_p]),
    "batch_writer_files": (c_uint64, [c_void_p]),
    "batch_writer_token_type": (Enum, [c_void_p]),
    "batch_tokenize_files": (Enum, [POINTER(c_char_p), c_size_t, POINTER(DatasetOptions), c_void_p, TokenizeCallback,
                                    c_void_p]),
    "batch_transform_mask": (Transform, [POINTER(MaskOptions)]),
    "batch_transform_dropout": (Transform, [POINTER(DropoutOptions)]),
    "batch_transform_replace": (Transform, [POINTER(ReplaceOptions)]),
    "batch_transform_normalize": (Transform, [POINTER(NormalizeOptions)]),
    "batch_transform_noise": (Transform, [POINTER(NoiseOptions)]),
    "batch_loader_create": (c_void_p, [c_void_p, POINTER(LoaderOptions)]),
    "batch_loader_create_mixed": (c_void_p, [POINTER(LoaderSource), c_size_t, POINTER(LoaderOptions)]),
    "batch_loader_next_until": (Enum, [c_void_p, POINTER(c_void_p), c_uint64]),
    "batch_loader_fd": (c_int, [c_void_p]),
    "batch_loader_arm": (Enum, [c_void_p]),
    "batch_loader_close": (None, [c_void_p]),
    "batch_loader_free": (None, [c_void_p]),
    "batch_loader_get_state": (c_bool, [c_void_p, POINTER(State)]),
    "batch_loader_state_at": (c_bool, [c_void_p, c_uint64, c_uint64, POINTER(State)]),
    "batch_loader_state_save": (c_bool, [POINTER(State), c_char_p]),
    "batch_loader_state_load": (c_bool, [POINTER(State), c_char_p]),
    "batch_loader_replay": (c_void_p, [c_void_p, c_uint64, c_uint64]),
    "batch_loader_get_stats": (c_bool, [c_void_p, POINTER(LoaderStats)]),
    "batch_loader_epoch_rows": (c_uint64, [c_void_p]),
    "batch_loader_epoch_steps": (c_uint64, [c_void_p]),
    "batch_loader_places": (c_bool, [c_void_p, c_void_p, POINTER(c_uint64)]),
    "batch_launcher_rank": (c_bool, [POINTER(c_uint32), POINTER(c_uint32)]),
    "batch_metrics_text": (c_size_t, [POINTER(MetricsOptions), c_void_p, c_size_t]),
}

# Those that neither wait nor take long: they are called without giving up the interpreter's lock.
QUICK = {
    "batch_last_error", "batch_status_name", "batch_version", "batch_version_number", "batch_features",
    "batch_deadline_after", "batch_release", "batch_retain", "batch_block", "batch_arena_allocator",
    "batch_arena_bytes", "batch_arena_in_use", "batch_tokenizer_describe", "batch_dataset_tokens",
    "batch_dataset_documents", "batch_dataset_width", "batch_dataset_has_loss", "batch_dataset_files",
    "batch_dataset_get_file", "batch_writer_tokens", "batch_writer_masked", "batch_writer_documents",
    "batch_writer_files", "batch_writer_token_type", "batch_transform_mask", "batch_transform_dropout",
    "batch_transform_replace", "batch_transform_normalize", "batch_transform_noise", "batch_loader_close",
    "batch_loader_epoch_rows", "batch_loader_epoch_steps", "batch_loader_fd", "batch_loader_arm",
    "batch_loader_get_stats", "batch_launcher_rank"
}
