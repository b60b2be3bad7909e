#!/usr/bin/env python3
"""Makes N loaders and drops them, whole, half read, amid a wait, with batches held and in cycles: memory, descriptors,
threads and batches are as many at the end as after the first tenth. Prints what there was.

usage: many_loaders.py N [--leak]  (each keeps a batch, for the control: that is seen)"""
import asyncio
import gc
import os
import sys
import tempfile
import threading
import time

import numpy as np

import headrace
from headrace import _library

OPTIONS = dict(batch_size=2, sequence_length=16, workers=1, pool_size=2)
SLACK = 4 << 20  # bytes that allocators and tables may still grow by


def read_whole(path):
    return sum(1 for _ in headrace.Loader(path, **OPTIONS))


def leave_half_read(path):
    for batch in headrace.Loader(path, **OPTIONS):
        if batch.step == 2:
            break


def close_amid_a_wait(path):
    loader = headrace.Loader(path, **OPTIONS)
    held = [next(loader), next(loader)]
    thread = threading.Thread(target=loader.close)
    thread.start()
    try:
        held.append(next(loader))
    except headrace.Closed:
        pass
    thread.join()


def keep_an_array(path, kept=[]):
    kept[:] = [next(headrace.Loader(path, **OPTIONS)).input[0]]


def leave_in_a_cycle(path):
    loader = headrace.Loader(headrace.Dataset(path), **OPTIONS)
    cycle = [loader, next(loader), next(loader).target]
    cycle.append(cycle)


def go_on_and_resume(path):
    loader = headrace.Loader(path, **OPTIONS)
    list(batch.step for batch in loader)
    loader.load_state_dict(loader.state_dict())
    next(loader)


def iterate_in_a_loop(path):
    async def take(loader):
        return [batch.step async for batch in loader]
    asyncio.run(take(headrace.Loader(path, **OPTIONS)))


def refuse(path):
    try:
        headrace.Loader(path, **dict(OPTIONS, vocab_size=5, pad_id=7))
    except headrace.InvalidArgument:
        pass


USES = [read_whole, leave_half_read, keep_an_array, leave_in_a_cycle, go_on_and_resume, close_amid_a_wait, refuse]


def threads():
    """Those that are there beside what NumPy starts when it is imported."""
    return len(os.listdir("/proc/self/task")) - OTHERS


OTHERS = 0
OTHERS = threads() - 1


def counts():
    """What is there: resident bytes, open descriptors, threads, live batches of the library."""
    gc.collect()
    for _ in range(1000):  # one that has been joined is listed for a moment more
        if threads() == 1:
            break
        time.sleep(0.01)
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    return resident, len(os.listdir("/proc/self/fd")), threads(), _library.lib.batch_count_live()


def main():
    number = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.bin")
        np.arange(257, dtype=np.uint16).tofile(path)
        before, leaked = None, []
        for i in range(number):
            USES[i % len(USES)](path)
            if "--leak" in sys.argv:
                leaked.append(next(headrace.Loader(path, **OPTIONS)))
            if i % 50 == 0:
                iterate_in_a_loop(path)
            if i + 1 == number // 10:
                before = counts()
            if (i + 1) % max(1, number // 10) == 0:
                resident, descriptors, running, live = counts()
                print(f"{i + 1:7} loaders: {resident / 2**20:6.1f} MiB, {descriptors} descriptors, {running} threads, "
                      f"{live} batches", flush=True)
        after = counts()
    if before and (after[0] > before[0] + SLACK or after[1:] != before[1:]):
        sys.exit(f"{sys.argv[0]}: {before} became {after}")


if __name__ == "__main__":
    main()
