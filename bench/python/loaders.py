#!/usr/bin/env python3
"""Loaders of Python side by side: headrace, nanoGPT's get_batch, torch's DataLoader.

The work is that of `headrace bench loader`, cells shuffled-RxL-N: a file of uint16 tokens in the page cache, rows in
random order, input and the target one token further, taken by a trainer in Python that reads one element of each array.
All are measured in turn, several rounds, each time in a process of its own. Contestants:

  headrace-python     headrace.Loader, N worker threads, int64 ids as the others have them, and a mask; also with
                      -int32 and -uint16 ids
  get_batch           nanoGPT's way: maps the file anew for each batch, draws R places with replacement, copies one row after
                      another, in the trainer's own thread, into torch tensors
  get_batch-numpy     the same with NumPy alone
  DataLoader          torch.utils.data.DataLoader over a dataset of windows, shuffled, N processes (0: the trainer itself)

Figures are medians of all rounds: tokens a second from the second batch on, until the time or the first epoch is over;
processor seconds for a billion of them, children included; from opening the file to the first batch; memory of the
process and its children beyond what they had before (PSS: what is shared counts once), and of the mapped file apart.
Each measurement ends with batches that are compared with the file, token by token.

Needs NumPy, headrace, and torch (Debian: python3-torch) for two of the contestants, which are left out without it. To
measure a build:

  PYTHONPATH=python HEADRACE_LIBRARY=build/release/src/libheadrace.so /usr/bin/python3 bench/python/loaders.py
"""
import argparse
import fnmatch
import importlib.util
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections import namedtuple

import apart

HALF = 25000  # Token 2k is k % HALF, token 2k + 1 is HALF + k // HALF: two that follow each other say where they lie.
VOCABULARY = 50257
MOST_TOKENS = 2 * HALF * (VOCABULARY - HALF)
Contestant = namedtuple("Contestant", "name opens workers ids")
Work = namedtuple("Work", "path tokens rows length seconds")
# What is measured, its unit, and how a cell's name in the CSV ends.
FIGURES = (("speed", "Gtokens/s", "first"), ("cpu", "s/Gtoken", "cpu"), ("first", "ms", "begin"),
           ("memory", "MB", "memory"), ("file", "MB", "file"))


def open_headrace(work, contestant):
    import headrace
    with headrace.Loader(work.path, batch_size=work.rows, sequence_length=work.length, vocab_size=VOCABULARY,
                         id_type=contestant.ids, mask_type="uint8", workers=contestant.workers, epochs=None) as loader:
        for batch in loader:
            yield batch.input, batch.target, batch.mask


def open_get_batch(work, contestant):
    import numpy as np
    import torch
    while True:
        tokens = np.memmap(work.path, dtype=np.uint16, mode="r")
        places = torch.randint(len(tokens) - work.length, (work.rows,))
        yield (torch.stack([torch.from_numpy(tokens[i:i + work.length].astype(np.int64)) for i in places]),
               torch.stack([torch.from_numpy(tokens[i + 1:i + 1 + work.length].astype(np.int64)) for i in places]))


def open_get_batch_numpy(work, contestant):
    import numpy as np
    random = np.random.default_rng()
    while True:
        tokens = np.memmap(work.path, dtype=np.uint16, mode="r")
        places = random.integers(len(tokens) - work.length, size=work.rows)
        yield (np.stack([tokens[i:i + work.length].astype(np.int64) for i in places]),
               np.stack([tokens[i + 1:i + 1 + work.length].astype(np.int64) for i in places]))


def open_data_loader(work, contestant):
    import numpy as np
    import torch
    warnings.filterwarnings("ignore", message=".*worker processes")  # more than there are processors

    class Windows(torch.utils.data.Dataset):
        """Windows that follow each other, each with the tokens one further."""

        def __init__(self):
            self.tokens = np.memmap(work.path, dtype=np.uint16, mode="r")

        def __len__(self):
            return (len(self.tokens) - 1) // work.length

        def __getitem__(self, index):
            at = index * work.length
            row = torch.from_numpy(self.tokens[at:at + work.length + 1].astype(np.int64))
            return row[:-1], row[1:]

    loader = torch.utils.data.DataLoader(Windows(), batch_size=work.rows, shuffle=True, num_workers=contestant.workers,
                                         drop_last=True, persistent_workers=contestant.workers > 0,
                                         multiprocessing_context="fork" if contestant.workers else None)
    while True:
        yield from loader


def open_broken(work, contestant):
    """The control: of its last row the targets are those of the row before it, which only the comparison finds."""
    for inputs, targets in open_get_batch_numpy(work, contestant):
        targets[-1] = targets[-2]
        yield inputs, targets


def contestants(workers, processes):
    names = {"headrace-python": "int64", "headrace-python-int32": "int32", "headrace-python-uint16": "uint16"}
    found = [Contestant(name, open_headrace, n, ids) for name, ids in names.items() for n in workers]
    found += [Contestant("get_batch", open_get_batch, 0, "int64"),
              Contestant("get_batch-numpy", open_get_batch_numpy, 0, "int64")]
    return found + [Contestant("DataLoader", open_data_loader, n, "int64") for n in processes]


def token_at(place):
    """The token at each place of an array of them."""
    import numpy as np
    half = place // 2
    return np.where(place % 2 == 0, half % HALF, HALF + half // HALF)


def make_tokens(path, count):
    import numpy as np
    with open(path, "wb") as file:
        for at in range(0, count, 1 << 22):
            token_at(np.arange(at, min(at + (1 << 22), count))).astype("<u2").tofile(file)


def compare(batch, length):
    """Looks whether each row of a batch is a row of the file, with its targets one token further."""
    import numpy as np
    inputs, targets = (np.asarray(part).astype(np.int64) for part in batch[:2])
    odd = inputs[:, 0] >= HALF  # a row that begins between the two tokens of a pair
    pairs = np.where(odd[:, None], inputs[:, 1:3], inputs[:, :2])
    places = 2 * (pairs[:, 0] + HALF * (pairs[:, 1] - HALF)) - odd
    expected = token_at(places[:, None] + np.arange(length + 1))
    if not (np.array_equal(inputs, expected[:, :-1]) and np.array_equal(targets, expected[:, 1:])):
        sys.exit("loaders.py: a row is not what the file has there")
    if len(batch) == 3 and not np.asarray(batch[2]).all():
        sys.exit("loaders.py: a mask leaves out what is there")


def touch(batch):
    """What the trainer does: reads an element of each array."""
    if batch[0][0, 1] != batch[1][0, 0] or len(batch) == 3 and batch[2][0, 0] != 1:
        sys.exit("loaders.py: a target is not the token behind its input")


def measure(work, contestant):
    """One measurement, in a process of its own: the figures by their keys."""
    for module in ("numpy", "torch" if needs_torch(contestant) else "headrace"):
        importlib.import_module(module)
    own, mapped = apart.memory()
    start = time.perf_counter()
    batches = contestant.opens(work, contestant)
    batch = next(batches)
    touch(batch)
    first = time.perf_counter() - start
    compare(batch, work.length)
    count, elapsed, most = 0, 0, (work.tokens - 1) // (work.rows * work.length) - 4
    processor, start = apart.processor_time(), time.perf_counter()
    while elapsed < work.seconds and count < most:
        batch = next(batches)
        touch(batch)
        count += 1
        elapsed = time.perf_counter() - start
    processor = apart.processor_time() - processor
    tokens = count * work.rows * work.length
    after = apart.memory()
    for _ in range(2):
        compare(next(batches), work.length)
    batches.close()
    return {"speed": tokens / elapsed / 1e9, "cpu": processor * 1e9 / tokens, "first": first * 1e3,
            "memory": (after[0] - own) / 1e6, "file": (after[1] - mapped) / 1e6}


def versions(with_torch):
    """The versions of what is measured, in words."""
    import headrace
    import numpy
    said = f"headrace {headrace.__version__}, NumPy {numpy.__version__}"
    if with_torch:
        import torch
        said += f", torch {torch.__version__} of {torch.get_num_threads()} threads"
    return said


def needs_torch(contestant):
    return contestant.opens in (open_get_batch, open_data_loader)


def label(contestant):
    """Who it is, with how many helpers beside the trainer."""
    what = {open_headrace: "thread", open_data_loader: "process"}.get(contestant.opens)
    many = "" if contestant.workers == 1 else "es" if what == "process" else "s"
    return f"{contestant.name}, {contestant.workers} {what}{many}" if what else contestant.name


def print_table(figures, baseline):
    print(f"{'':34}{'M tokens/s':>10}  {'min to max':17}  {'x get_batch':>11}{'s/G token':>11}{'first, ms':>11}"
          f"{'memory, MB':>12}{'file, MB':>10}")
    for contestant, rounds in figures.items():
        median = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        speeds = [each["speed"] * 1e3 for each in rounds]
        times = f"{median['speed'] / baseline:.2f}" if baseline else ""
        print(f"  {label(contestant):32}{median['speed'] * 1e3:10.1f}  {f'{min(speeds):.1f} to {max(speeds):.1f}':17}  {times:>11}"
              f"{median['cpu']:11.2f}{median['first']:11.2f}{median['memory']:12.1f}{median['file']:10.1f}")


def write_csv(path, figures, work, processors):
    with open(path, "a", encoding="utf-8") as csv:
        if csv.tell() == 0:
            csv.write("bench,cell,capacity,contestant,median,min,max,unit,rounds,processors\n")
        for contestant, rounds in figures.items():
            for key, unit, end in FIGURES:
                values = [each[key] for each in rounds]
                csv.write(f"loader,shuffled-{work.rows}x{work.length}-{contestant.workers}.{end},0,{contestant.name},"
                          f"{statistics.median(values):.6g},{min(values):.6g},{max(values):.6g},{unit},{len(rounds)},"
                          f"{processors}\n")


def number(least, kind=int):
    """For argparse: a number from `least` on."""
    def read(text):
        if not kind(text) >= least:
            raise argparse.ArgumentTypeError(f"{text}, expected a number from {least:g} on")
        return kind(text)
    read.__name__ = "number"
    return read


def numbers(least):
    def read(text):
        return [number(least)(part) for part in text.split(",")]
    read.__name__ = "numbers"
    return read


def shape(text):
    rows, _, length = text.partition("x")
    return number(1)(rows), number(2)(length)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=number(1), default=400_000_000, help="of the file (400000000)")
    parser.add_argument("--seconds", type=number(0.001, float), default=1, help="how long a measurement takes (1)")
    parser.add_argument("--rounds", type=number(1), default=5, help="how often each one is repeated (5)")
    parser.add_argument("--workers", type=numbers(1), default=[1, 2], help="threads of headrace (1,2)")
    parser.add_argument("--processes", type=numbers(0), default=[0, 1, 2, 3, 4], help="of the DataLoader (0,1,2,3,4)")
    parser.add_argument("--batch", type=shape, default=(32, 1024), metavar="RxL", help="rows x tokens of a batch (32x1024)")
    parser.add_argument("--only", metavar="PATTERNS", default="*", help="contestants, as 'get_batch*,headrace-python'")
    parser.add_argument("--csv", metavar="FILE", help="append the figures as lines of the suite's columns")
    arguments = parser.parse_args()
    least = 10 * arguments.batch[0] * arguments.batch[1]
    if arguments.tokens < least:
        parser.error(f"--tokens {arguments.tokens}: expected 10 batches of them, {least}")
    if arguments.tokens > MOST_TOKENS:
        parser.error(f"--tokens {arguments.tokens}: expected at most {MOST_TOKENS}, whose places two tokens can say")
    if arguments.csv:
        try:
            open(arguments.csv, "a", encoding="utf-8").close()
        except OSError as error:
            parser.error(f"--csv {arguments.csv}: {error.strerror}")
    return arguments


def chosen(arguments):
    """The contestants that were asked for and can be measured."""
    patterns = arguments.only.split(",")
    found = [one for one in contestants(arguments.workers, arguments.processes)
             if any(fnmatch.fnmatch(one.name, pattern) for pattern in patterns)]
    if "broken" in patterns:
        found.append(Contestant("broken", open_broken, 0, "int64"))
    if not found:
        sys.exit(f"loaders.py: --only {arguments.only}: no contestant has such a name")
    if any(needs_torch(one) for one in found) and not importlib.util.find_spec("torch"):
        print("left out without torch (Debian: python3-torch): "
              + ", ".join(label(one) for one in found if needs_torch(one)))
        found = [one for one in found if not needs_torch(one)]
    return found


def main():
    arguments = parse()
    for module, remedy in (("numpy", "Debian: python3-numpy"), ("headrace", "--help says how to measure a build")):
        if not importlib.util.find_spec(module):
            sys.exit(f"loaders.py: {sys.executable} has no {module} ({remedy})")
    rows, length = arguments.batch
    processors = len(os.sched_getaffinity(0))
    figures = {one: [] for one in chosen(arguments)}
    print(f"loaders of Python: {apart.run(versions, any(needs_torch(one) for one in figures))}, on {processors} processors, {rows} x {length} of "
          f"{arguments.tokens / 1e6:g} M tokens, {arguments.rounds} rounds of {arguments.seconds:g} s")
    others = apart.Others()
    folder = os.environ.get("TMPDIR", "/var/tmp")  # on a disk: pages of a file in tmpfs count as shared memory
    with tempfile.NamedTemporaryFile(prefix="headrace-bench-", suffix=".bin", dir=folder) as file:
        work = Work(file.name, arguments.tokens, rows, length, arguments.seconds)
        apart.run(make_tokens, file.name, arguments.tokens)
        for _ in range(arguments.rounds):
            for one, found in figures.items():
                found.append(apart.run(measure, work, one))
    print(f"beside them other programs kept {others.processors():.2f} processors busy on average\n")
    baseline = [each["speed"] for one, rounds in figures.items() if one.name == "get_batch" for each in rounds]
    print_table(figures, statistics.median(baseline) if baseline else None)
    if arguments.csv:
        write_csv(arguments.csv, figures, work, processors)


if __name__ == "__main__":
    main()
