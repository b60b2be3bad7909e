"""How a loader of the library's is made of a Loader's arguments."""
from __future__ import annotations

import ctypes
from typing import Any

from . import _declarations as c
from . import _options, _sources
from ._errors import InvalidArgument
from ._handle import Handle, create, create_mixed, drop_all
from ._library import error, lib


def make(datasets: _sources.Datasets, options: c.LoaderOptions, pool: c.PoolOptions | None, pin: bool) -> Handle:
    """Makes a loader over the datasets, and its batches in memory as pool and pin say."""
    holds = datasets.hold()
    handle: Handle | None = None
    try:
        if pin:
            from . import _cuda
            pool = pool or c.PoolOptions()
            taker = _cuda.pinned()
            pool.allocator = taker.allocator
        options.pool_options = ctypes.pointer(pool) if pool else None
        sources = _sources.array(holds, datasets.weights)
        if pin:
            size, given = len(holds), ctypes.byref(options)
            handle = Handle(taker.make(lambda: lib.batch_loader_create_mixed(sources, size, given)))
        elif datasets.weights == [0.0]:
            handle = create(holds[0].pointer, ctypes.byref(options))
        else:
            handle = create_mixed(sources, len(holds), ctypes.byref(options))
        if not handle:
            raise error()
        handle.begin(holds, options)
        return handle
    except BaseException:
        if handle is not None:
            handle.free()  # before what it reads; frames of the exception may have it
        drop_all(holds)
        raise


def pool_options(huge_pages: bool, numa_node: int | None, pin: bool) -> c.PoolOptions | None:
    """Where batches lie; None: anywhere, or where pinned memory does."""
    node = None if numa_node is None else _options.integer("numa_node", numa_node, 0, 2**31 - 2) + 1
    huge = _options.flag("huge_pages", huge_pages)
    if _options.flag("pin", pin) and (huge or node):
        given = "huge_pages is True" if huge else f"numa_node is {numa_node}"
        raise InvalidArgument(f"{given} beside pin, expected one of them: pinned memory is where CUDA has it")
    return _options.fill(c.PoolOptions, huge_pages=huge, numa_node=node) if huge or node else None


def skips_of(skips: Any) -> Any:
    """The triples as an array of C's; None of none."""
    fields = ("epoch", "first", "count")
    found = []
    for i, skip in enumerate(_options.several("skips", skips, "triples (epoch, first, count)")):
        if not isinstance(skip, (tuple, list)) or len(skip) != len(fields):
            raise InvalidArgument(f"skips[{i}] is {_options.shown(skip)}, expected (epoch, first, count)")
        found.append(c.Skip(*(_options.integer(f"skips[{i}] {name}", value, 0, 2**64 - 1)
                              for name, value in zip(fields, skip))))
    return _options.array(c.Skip, found)
