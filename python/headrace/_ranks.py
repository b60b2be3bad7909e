"""Which rank of how many this process is, where the caller does not say."""
from __future__ import annotations

import ctypes
import logging
import os
import sys
from typing import Any

from ._errors import InvalidArgument
from ._library import error, lib

_LAUNCHERS = ("OMPI_COMM_WORLD_RANK", "SLURM_PROCID", "RANK")
_log = logging.getLogger("headrace")


def find(rank: int | None, world: int | None) -> tuple[int, int]:
    """(rank, world): those given, else of torch.distributed where that runs, else of the launcher, else (0, 1)."""
    if rank is not None and world is not None:
        return rank, world
    if rank is not None or world is not None:
        raise InvalidArgument(f"rank is {rank} and world is {world}, expected both or neither of them")
    return _distributed() or _launched()


def share(rank: int | None, world: int | None) -> tuple[int, int]:
    """As find; and within a worker of a torch DataLoader, where neither is given, the worker's share of it."""
    mine, all_ = find(rank, world)
    worker = _worker() if rank is None else None
    return (mine * worker.num_workers + worker.id, all_ * worker.num_workers) if worker else (mine, all_)


def _distributed() -> tuple[int, int] | None:
    distributed = sys.modules.get("torch.distributed")  # who uses it has imported it
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed.get_rank(), distributed.get_world_size()


def _worker() -> Any:
    data = sys.modules.get("torch.utils.data")
    return data.get_worker_info() if data is not None else None


def _launched() -> tuple[int, int]:
    rank, world = ctypes.c_uint32(0), ctypes.c_uint32(1)
    if not lib.batch_launcher_rank(ctypes.byref(rank), ctypes.byref(world)):
        raise error()
    if world.value > 1:
        named = ", ".join(name for name in _LAUNCHERS if name in os.environ)
        _log.info("rank %d of %d, from the launcher's environment (%s)", rank.value, world.value, named)
    return rank.value, world.value
