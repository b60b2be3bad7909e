"""What a loader has done, and who waits for whom."""
from __future__ import annotations

import dataclasses

from . import _declarations as c
from . import _options


@dataclasses.dataclass(frozen=True)
class Stats:
    """What a Loader has done since it was made; each figure is exact when nothing else runs.

    Those of time and of batches add up over all `for` loops; queue_depth, workers, pool_size and bottleneck are of the
    last one.
    """
    batches: int
    """delivered"""
    tokens: int
    """in them: positions that had a pair of tokens before the transforms, masked or not"""
    bytes: int
    """of the files, read to fill what was filled so far"""
    errors: int
    """batches with a fault, delivered or not"""
    skipped: int
    """rows in them that were made padding (faults="skip")"""
    trainer_wait_ns: int
    """waited for batches, all threads together; not what an event loop waits"""
    worker_wait_ns: int
    """waited by workers for a batch to come back, all together"""
    worker_fill_ns: int
    """spent by workers filling and transforming, all together"""
    pool_hits: int
    """a worker found an idle batch at once"""
    pool_misses: int
    """it had to wait for one"""
    queue_depth: int
    """batches that are ready and not yet taken"""
    workers: int
    pool_size: int
    """batches that there are, taken or not"""
    bottleneck: str
    """"data" (the trainer waits), "trainer" (the workers wait) or "none\""""
    masked: int
    """of tokens: positions whose mask was 0 before the transforms"""
    padding: int
    """the other positions of the batches"""
    cropped: int
    """tokens of the documents in them that have no position in any row"""


_NOW = {"queue_depth", "workers", "pool_size", "bottleneck"}


def of(stats: c.LoaderStats, before: Stats | None) -> Stats:
    """Those of one loader of the library's, and of those before it."""
    found = _options.values(stats)
    for name in found:
        if before is not None and name not in _NOW:
            found[name] += getattr(before, name)
    return Stats(**found)
