#!/usr/bin/env python3
"""Tokens a second of the loaders that most trainers use, beside those of `headrace bench loader`.

usage: loaders.py [--tokens N] [--seconds S] [--rounds N] [--workers 0,1,4] [--batch 32x1024] [--csv FILE]

The work is that of the suite's cells shuffled-RxL-N: a file of random uint16 tokens in the page cache, rows in random
order, input and the target one token further, taken by a trainer that only counts. Here both are int64 tensors, which is
what these loaders make; headrace's are int32. Contestants:

  get_batch   nanoGPT's way: the trainer draws R places with replacement and copies them, one after another
  DataLoader  torch.utils.data.DataLoader over a dataset of windows, shuffled, N processes (0: in the trainer)

Needs numpy and torch (Debian: python3-torch). The columns of FILE are those of the suite's; it is appended to.
"""
import argparse
import os
import statistics
import sys
import tempfile
import time

import numpy as np
import torch


class Windows(torch.utils.data.Dataset):
    """Windows of `length` tokens that follow each other, each with the tokens one further."""

    def __init__(self, path, length):
        self.tokens = np.memmap(path, dtype=np.uint16, mode="r")
        self.length = length

    def __len__(self):
        return (len(self.tokens) - 1) // self.length

    def __getitem__(self, index):
        at = index * self.length
        row = torch.from_numpy(self.tokens[at:at + self.length + 1].astype(np.int64))
        return row[:-1], row[1:]


def get_batches(path, rows, length, workers):
    tokens = np.memmap(path, dtype=np.uint16, mode="r")
    while True:
        places = torch.randint(len(tokens) - length, (rows,)).tolist()
        yield (torch.stack([torch.from_numpy(tokens[i:i + length].astype(np.int64)) for i in places]),
               torch.stack([torch.from_numpy(tokens[i + 1:i + 1 + length].astype(np.int64)) for i in places]))


def data_loader(path, rows, length, workers):
    loader = torch.utils.data.DataLoader(Windows(path, length), batch_size=rows, shuffle=True, num_workers=workers,
                                         drop_last=True, persistent_workers=workers > 0)
    while True:
        yield from loader


def measure(batches, seconds):
    """Tokens a second of `batches`, from the second one on: the first starts the processes."""
    next(batches)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        inputs, targets = next(batches)
        if inputs[0, 1] != targets[0, 0]:
            sys.exit("loaders.py: a target is not the token behind its input")
        count += inputs.numel()
    return count / (time.perf_counter() - start)


def make_tokens(count):
    file = tempfile.NamedTemporaryFile(prefix="headrace-bench-")
    random = np.random.default_rng(1)
    for at in range(0, count, 1 << 24):
        random.integers(0, 50257, min(1 << 24, count - at), dtype=np.uint16).tofile(file)
    file.flush()
    return file


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=400_000_000, help="of the file")
    parser.add_argument("--seconds", type=float, default=1, help="how long a measurement takes")
    parser.add_argument("--rounds", type=int, default=3, help="how often each one is repeated")
    parser.add_argument("--workers", default="0,1,4", help="processes of the DataLoader")
    parser.add_argument("--batch", default="32x1024", help="rows x tokens of a batch")
    parser.add_argument("--csv", help="append bench,cell,capacity,contestant,median,min,max,unit,rounds,processors")
    return parser.parse_args()


def main():
    arguments = parse()
    rows, length = map(int, arguments.batch.split("x"))
    workers = [int(n) for n in arguments.workers.split(",")]
    contestants = [("get_batch", 0, get_batches)] + [("DataLoader", n, data_loader) for n in workers]
    torch.set_num_threads(1)  # copies of a few kilobytes
    processors = len(os.sched_getaffinity(0))
    print(f"torch {torch.__version__}, numpy {np.__version__}, {processors} processors, "
          f"{arguments.tokens / 1e6:g} M tokens, int64, {arguments.rounds} rounds of {arguments.seconds:g} s")
    figures = {}
    with make_tokens(arguments.tokens) as file:
        for _ in range(arguments.rounds):
            for name, n, make in contestants:
                batches = make(file.name, rows, length, n)
                figures.setdefault((name, n), []).append(measure(batches, arguments.seconds) / 1e9)
                batches.close()
    for (name, n), found in figures.items():
        median = statistics.median(found)
        cell = f"shuffled-{rows}x{length}-{n}.first"
        print(f"  {cell:24} {name:12} {median * 1e3:9.2f} Mtokens/s   {min(found) * 1e3:.2f} to {max(found) * 1e3:.2f}")
        if arguments.csv:
            with open(arguments.csv, "a", encoding="utf-8") as csv:
                csv.write(f"loader,{cell},0,{name},{median:.6g},{min(found):.6g},{max(found):.6g},Gtokens/s,"
                          f"{arguments.rounds},{processors}\n")


if __name__ == "__main__":
    main()
