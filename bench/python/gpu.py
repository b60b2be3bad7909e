#!/usr/bin/env python3
"""How fast Headrace's batches come to a GPU from Python, beside copies of torch's own pinned memory.

usage: gpu.py --data FILE [--seconds S] [--device cuda|cpu] [--csv FILE]

FILE has uint16 ids, as nanoGPT's. What is measured, in turn, several times, the median counts:

  torch's copies      of pinned tensors into one place of the device, of 64 MiB, 1 MiB and 128 KiB
  the loader alone    batches of 1 MiB that are taken and dropped, copied nowhere: more than that nobody can bring
  to_device           a Loader(pin=True), int32 ids and a mask of bytes: batches of 1 MiB and of 128 KiB, each a copy;
                      and of 128 KiB eight in a copy: a loader with eight times the rows, whose tensors are cut to views
  torch_train.py      a GPT-2 of 124 M parameters on the same file: which part of the time it waits for batches

Targets: batches of 1 MiB at 0.9 of torch's copies of that size, and of 128 KiB, eight in a copy, at 0.6 of those of 64
MiB: a GPU copies 128 KiB in less time than Python takes to ask for it. Last come the rows of the table again, parted by
tabs: "row", what, figure, target, PASS, FAIL or -. Ends with 0, or 1 where a target is missed, or 77 where there is no
torch or no GPU. --device cpu tries the program itself where there is none.
"""
import argparse
import importlib.util
import itertools
import os
import statistics
import sys
import time

import headrace

try:
    import torch
    from headrace.torch import to_device
except ImportError as error:
    print(f"gpu.py: skipped: {error}", file=sys.stderr)
    sys.exit(77)

KIB, MIB = 1 << 10, 1 << 20
LENGTH, BYTES = 1024, 9  # tokens of a row; of a token in a batch: input, target, mask
ROUNDS = 5
EXAMPLE = os.path.join("python", "examples", "torch_train.py")


def size_name(size):
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


class Measure:
    """Contestants are generators: each step of one brings some bytes to the device."""

    def __init__(self, options):
        self.options, self.cuda, self.rounds = options, options.device == "cuda", {}

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize()

    def round(self, name, steps, seconds):
        """GB/s of one contestant for a while."""
        for _ in range(5):
            next(steps)
        self.wait()
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            for _ in range(10):
                count += next(steps)
            if count > 4 << 30:  # nobody's queue of copies grows without end
                break
        self.wait()
        self.rounds.setdefault(name, []).append(count / (time.perf_counter() - start) / 1e9)

    def median(self, name):
        return statistics.median(self.rounds[name])

    def copies(self, size):
        """torch's own: a few pinned tensors into one of the device."""
        sources = [torch.empty(size, dtype=torch.uint8, pin_memory=self.cuda) for _ in range(4)]
        there = torch.empty(size, dtype=torch.uint8, device=self.options.device)
        for source in itertools.cycle(sources):
            there.copy_(source, non_blocking=True)
            yield size

    def loader(self, size):
        workers = max(1, min(8, len(os.sched_getaffinity(0)) - 2))
        return headrace.Loader(self.options.data, batch_size=max(1, size // (LENGTH * BYTES)), sequence_length=LENGTH,
                               mask_type="uint8", epochs=None, seed=1, workers=workers, pool_size=8 * workers,
                               pin=self.cuda)

    def alone(self, size):
        for batch in self.loader(size):
            yield batch.block.nbytes

    def batches(self, size, together=1):
        """Batches of headrace's, several in a copy."""
        loader = self.loader(size * together)
        rows = max(1, size // (LENGTH * BYTES))
        for batch in loader:
            whole = to_device(batch, self.options.device)
            if together > 1:
                list(zip(*(tensor.split(rows) for tensor in whole.values())))
            yield batch.block.nbytes


def measure(options):
    """GB/s, by what was measured."""
    measure = Measure(options)
    contestants = {f"torch's copies of {size_name(size)}": measure.copies(size) for size in (64 * MIB, MIB, 128 * KIB)}
    contestants["loader alone, batches of 1 MiB"] = measure.alone(MIB)
    contestants["to_device, batches of 1 MiB"] = measure.batches(MIB)
    contestants["to_device, batches of 128 KiB"] = measure.batches(128 * KIB)
    contestants["to_device, batches of 128 KiB, 8 in a copy"] = measure.batches(128 * KIB, together=8)
    for _ in range(ROUNDS):
        for name, steps in contestants.items():
            measure.round(name, steps, options.seconds / 2 / ROUNDS / len(contestants))
    for steps in contestants.values():
        steps.close()
    return {name: (measure.median(name), min(found), max(found)) for name, found in measure.rounds.items()}


def waiting(options):
    """The parts of its time that the example spends in next, and in there waits for batches."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location("torch_train", os.path.join(here, "..", "..", EXAMPLE))
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    small = ["--layers", "1", "--width", "16", "--heads", "2", "--batch-size", "2"]
    large = ["--layers", "12", "--width", "768", "--heads", "12", "--batch-size", "8", "--sequence-length", "1024"]
    arguments = [options.data, "--device", options.device, *(large if options.device == "cuda" else small)]
    example.train(example.parse(arguments + ["--steps", "2"]))  # what CUDA and torch do once
    run = ["--steps", "1000000", "--seconds", str(options.seconds / 2)]
    return example.train(example.parse(arguments + run))[2]


def rows(found, parts):
    """(what, figure, target, verdict), each a text."""
    plain, large = "torch's copies of 1 MiB", "torch's copies of 64 MiB"
    targets = {"to_device, batches of 1 MiB": (0.9, plain), "to_device, batches of 128 KiB, 8 in a copy": (0.6, large)}
    for name, (median, least, most) in found.items():
        part, beside = targets.get(name, (None, large))
        share_of = median / found[beside][0]
        figure = f"{median:.2f} GB/s ({least:.2f} to {most:.2f}), {share_of:.2f} of {beside}"
        yield (name, figure, f">= {part}" if part else "-",
               "-" if part is None else "PASS" if share_of >= part else "FAIL")
    in_next, waited = parts
    yield "torch_train.py, asking for batches and copies", f"{100 * in_next:.2f} % of the time", "-", "-"
    yield ("torch_train.py, waiting for batches", f"{100 * waited:.2f} % of the time", "< 1 %",
           "PASS" if waited < 0.01 else "FAIL")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, metavar="FILE", help="uint16 ids, at least 8 MB of them")
    parser.add_argument("--seconds", type=float, default=40, metavar="S", help="for all of it; default: 40")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="default: cuda")
    parser.add_argument("--csv", metavar="FILE", help="append bench,what,median,min,max,unit")
    options = parser.parse_args(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        print("gpu.py: skipped: torch finds no CUDA device", file=sys.stderr)
        sys.exit(77)
    return options


def main(arguments=None):
    options = parse(arguments)
    device = torch.cuda.get_device_name() if options.device == "cuda" else "the CPU, as a trial"
    print(f"torch {torch.__version__}, headrace {headrace.__version__}, {device}, "
          f"{len(os.sched_getaffinity(0))} processors, {ROUNDS} rounds")
    try:
        found = measure(options)
        parts = waiting(options)
    except (headrace.Error, OSError, RuntimeError) as error:
        sys.exit(f"gpu.py: {error}")
    table = list(rows(found, parts))
    for what, figure, target, verdict in table:
        print(f"  {what:46} {figure:70} {target:7} {verdict}")
    if options.csv:
        with open(options.csv, "a", encoding="utf-8") as csv:
            for name, (median, least, most) in found.items():
                csv.write(f"gpu-python,\"{name}\",{median:.6g},{least:.6g},{most:.6g},GB/s\n")
            for name, part in zip(("torch_train in next", "torch_train waiting"), parts):
                csv.write(f"gpu-python,{name},{part:.6g},{part:.6g},{part:.6g},of the time\n")
    for fields in table:
        print("row", *fields, sep="\t")
    return 1 if any(verdict == "FAIL" for *_, verdict in table) else 0


if __name__ == "__main__":
    sys.exit(main())
