#!/usr/bin/env python3
"""Ends many times, each in a process of its own, with a dataset, a loader, a batch, an array and a capsule alive, which
are found in this or that order, or in a cycle, a module, a thread that waits, a generator: every end is quiet, and with
status 0. Where finalizers run then, they see the elements.

usage: exits.py FILE [EVERY]     of the 120 orders one in so many, and all other ways
       exits.py FILE --control   with a batch that is given back too early, which is to be seen"""
import faulthandler
import itertools
import os
import sys
import threading
import types

import numpy as np  # here, so that each process need not
import headrace
from headrace import _library

NAMES = ("dataset", "loader", "batch", "array", "capsule")


class Looks:
    """Looks at an array when it goes itself."""

    def __init__(self, array):
        self.array = array

    def __del__(self):
        if self.array[0].tolist() != [*range(10)]:
            os._exit(3)


def parts(path):
    dataset = headrace.Dataset(path)
    loader = headrace.Loader(dataset, batch_size=2, sequence_length=10, shuffle="none", pool_size=3, epochs=None)
    batch = next(loader)
    return {"dataset": dataset, "loader": loader, "batch": batch, "array": Looks(batch.input),
            "capsule": batch.target.__dlpack__()}


def globals_in(order):
    def begin(made):
        globals().update({name: made[name] for name in order})
    return begin


def in_a_cycle(made):
    for name, other in zip(NAMES, NAMES[1:] + NAMES[:1]):
        setattr(made.setdefault("cycle " + name, types.SimpleNamespace()), "part", made[name])
        setattr(made["cycle " + name], "others", made)
    sys.modules["kept"] = made["cycle loader"]


def in_a_module(made):
    module = types.ModuleType("kept")
    vars(module).update(made)
    sys.modules["kept"] = module


def in_a_thread_that_waits(made):
    held = [next(made["loader"]), next(made["loader"])]
    before = made["loader"].stats().trainer_wait_ns
    threading.Thread(target=lambda: held.append(next(made["loader"])), daemon=True).start()
    while made["loader"].stats().trainer_wait_ns == before:
        pass
    globals().update(made)


def in_a_generator(made):
    def rows():
        for batch in made["loader"]:
            yield batch.input
    generator = rows()
    next(generator)
    globals()["generator"] = generator
    globals()["made"] = made


def without_an_end(made):
    os._exit(0)


def raised(made):
    sys.modules["kept"] = made
    sys.exit(0)


def given_back(made):
    _library.lib.batch_release(made["batch"]._pointer)
    while made["array"].array[0, 0] == 0:  # until it has been filled again
        made["again"] = next(made["loader"])
    globals().update(made)


ORDERS = [globals_in(order) for order in itertools.permutations(NAMES)]
OTHERS = [in_a_cycle, in_a_module, in_a_thread_that_waits, in_a_generator, without_an_end, raised]


def main():
    every = sys.argv[2] if len(sys.argv) > 2 else "1"
    ways = [given_back] if every == "--control" else ORDERS[::int(every)] + OTHERS
    reading, writing = os.pipe()
    for way in ways:
        child = os.fork()
        if child == 0:
            faulthandler.dump_traceback_later(60, exit=True)
            os.dup2(writing, 2)
            way(parts(sys.argv[1]))
            return
        _, status = os.waitpid(child, 0)
        if status:
            print(f"{getattr(way, '__name__', way)} ended with {status}")
    os.close(writing)
    said = os.read(reading, 10000).decode()
    print(f"{len(ways)} ends, and they said: {said!r}")


if __name__ == "__main__":
    main()
