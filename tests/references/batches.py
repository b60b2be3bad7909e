#!/usr/bin/env python3
"""Compares batches with a reference that is written from the headers, in NumPy: order.py, fill.py.

usage: batches.py DRIVER [BATCHES [SEED]]
  DRIVER    tests/references/batches.c, compiled
  BATCHES   to compare, at least; 10000 if it is not said
Loaders of random options over random documents, each resumed in the middle with another batch size, world and number of
workers; then short runs that are resumed at every step; then controls: expectations that are wrong, which must be found out.
Ends with 1 if anything differs, or a control is not found out; with 77 where NumPy is missing."""
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from types import SimpleNamespace

DEBIAN = '/usr/bin/python3'  # has python3-numpy, where another Python stands before it in PATH
sys.dont_write_bytecode = True
try:
    import numpy as np
except ImportError:
    if sys.executable != DEBIAN and os.path.exists(DEBIAN):
        os.execv(DEBIAN, [DEBIAN, *sys.argv])
    print('batches: skipped: NumPy is not here (Debian: python3-numpy)')
    sys.exit(77)

import fill
import order
from controls import controls
from documents import Files

ID_TYPES = [np.int32, np.int64, np.uint16, np.float32]
MASK_TYPES = {0: np.float32, 4: np.uint8}
BATCH = np.dtype([(name, np.uint32) for name in
                  ('kind', 'rank', 'epoch', 'step', 'rows', 'columns', 'num_sequences', 'max_seqlen')])
END = np.dtype([('kind', np.uint32), ('rank', np.uint32)] +
               [(name, np.uint64) for name in ('epoch_rows', 'batches', 'tokens', 'masked', 'padding', 'cropped')])
NO_PLACE = (1 << 64) - 1
MOST_ROWS = 1000  # of all epochs of a run: many short ones say more than a long one
DEFAULTS = dict(batch_size=0, sequence_length=0, vocab_size=0, id_type=0, mask_type=0, with_documents=0, workers=1, pool_size=0,
                seed=0, shuffle=0, block_rows=0, packing=0, pad_id=0, epochs=1, drop_last=0, world=0, as_they_come=0,
                with_cu_seqlens=0, ignore_masked=0, no_loss_across=0, context_documents=0, max_sequences=0, context_rank=0,
                context_world=0, pack_window=0, io=0, memory=0, subset=0, subset_seed=0, fraction=0)


# Of a short run that is resumed at every step.
EVERYTHING = dict(batch_size=2, world=2, sequence_length=24, context_world=2, context_rank=1, epochs=2, block_rows=5, pack_window=9,
                  with_documents=1, with_cu_seqlens=1, max_sequences=0, no_loss_across=1, ignore_masked=1, id_type=0, drop_last=0,
                  as_they_come=0, memory=0, subset=1, fraction=0.1, subset_seed=1, dropouts=[(0.3, 7)])


class Different(Exception):
    pass


class Failed(Exception):
    """The driver has ended with an error."""


class Options(SimpleNamespace):
    """The fields of the loader's options, and beside them: skips, dropouts, sources (numbers in the pool), weights; state: the
    skips are in the state that the loader goes on from, and it is not told of them."""

    def __init__(self, **fields):
        super().__init__(**DEFAULTS, skips=[], dropouts=[], state=False)
        self.__dict__.update(fields)

    @property
    def multiple(self):
        return 2 * max(self.context_world, 1) if self.context_documents else 1

    def words(self, pool):
        words = [f'{name}={getattr(self, name)}' for name, default in DEFAULTS.items() if getattr(self, name) != default]
        words += ['skip=%d:%d:%d' % skip for skip in self.skips if not self.state]
        words += ['dropout=%r:%d' % dropout for dropout in self.dropouts]
        files = [pool[i].memory if self.memory else ','.join(pool[i].paths) for i in self.sources]
        return words + ['--'] + [f'{weight!r}:{of}' for weight, of in zip(self.weights, files)]


def draw_skips(draw):
    """Intervals, each perhaps with another one that overlaps it, touches it, or begins a place or two behind it."""
    skips = []
    for _ in range(draw.choice([0, 0, 1, 3])):
        epoch, first, count = draw.randrange(3), draw.randrange(60), draw.randrange(1, 20)
        skips.append((epoch, first, count))
        if draw.randrange(2):
            skips.append((epoch, max(first + count + draw.randrange(-2, 3), 0), draw.randrange(1, 6)))
    return draw.sample(skips, len(skips))


def draw_options(pool, draw):
    o = Options(packing=draw.randrange(4), shuffle=draw.randrange(3), seed=draw.randrange(1 << 32), pad_id=draw.randrange(1000))
    o.context_world = draw.choice([0, 0, 1, 2, 3])
    o.context_documents = int(o.packing != order.WINDOWS and draw.randrange(3) == 0)
    longest = draw.choice([48, 48, 48, 400])
    o.sequence_length = draw.randrange(1, longest)
    if o.multiple > 1 or o.context_world > 1:
        o.sequence_length = 2 * max(o.context_world, 1) * draw.randrange(1, longest // 4)
    o.context_rank = draw.randrange(max(o.context_world, 1))
    o.batch_size, o.world, o.workers = draw.randrange(1, 7), draw.randrange(1, 4), draw.randrange(1, 4)
    o.block_rows, o.pack_window = draw.randrange(1, 20), draw.choice([1, 2, 7, 20, 1000])
    o.id_type, o.mask_type = draw.randrange(4), draw.choice([0, 4])
    o.with_documents, o.with_cu_seqlens, o.no_loss_across = draw.randrange(2), draw.randrange(2), draw.randrange(2)
    o.ignore_masked = int(o.id_type != 2 and draw.randrange(2))
    o.drop_last, o.as_they_come = int(draw.randrange(3) == 0), int(draw.randrange(4) == 0)
    o.epochs, o.io, o.memory = draw.randrange(1, 4), draw.randrange(2), int(draw.randrange(4) == 0)
    o.skips = draw_skips(draw)
    o.dropouts = [(draw.random(), draw.randrange(1000)) for _ in range(draw.choice([0, 0, 0, 1, 2]))]
    o.subset, o.fraction, o.subset_seed = draw.choice([0, 0, 1, 2]), draw.random(), draw.randrange(100)
    needs = o.packing != order.WINDOWS or o.no_loss_across or o.subset
    o.sources = draw.sample([i for i, s in enumerate(pool) if s.bounded or not needs], draw.randrange(1, 4))
    weight = draw.choice([lambda: 0, lambda: draw.randrange(1, 9), lambda: draw.randrange(1, 9) / 10])
    o.weights = [weight() for _ in o.sources]
    return o


class Run:
    """A loader's options, and the order that they mean."""

    def __init__(self, options, pool, like=None):
        self.options, self.rows = options, like.rows if like else {}
        self.sources = [pool[i].source(options, round(10 * weight)) for i, weight in zip(options.sources, options.weights)]
        self.rowless = any(order.is_rowless(options, number, source) for number, source in enumerate(self.sources))
        self.epochs = like.epochs if like else [] if self.rowless else order.epochs(options, self.sources)
        self.counts = [len(rows) for rows in self.epochs]

    def has_no_step(self):
        """Such a loader is refused."""
        return self.rowless or self.options.drop_last and self.options.world * self.options.batch_size > min(self.counts)

    def most_sequences(self):
        """At least what any batch has."""
        rows = [self.row(epoch, place) for epoch, count in enumerate(self.counts) for place in range(count)]
        return self.options.batch_size * max(len(fill.runs(row.documents)) for row in rows)

    def row(self, epoch, place):
        if (epoch, place) not in self.rows:
            pieces = self.epochs[epoch][place] if place is not None else []
            self.rows[epoch, place] = fill.fill(self.options, self.sources, epoch, place, pieces)
        return self.rows[epoch, place]


class Reader:
    """What the driver wrote."""

    def __init__(self, data, options):
        self.data, self.at, self.options = data, 0, options

    def take(self, dtype, count):
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values

    def batch(self):
        record, o = self.take(BATCH, 1)[0], self.options
        places, shape = self.take(np.uint64, int(record['rows'])), (int(record['rows']), int(record['columns']))
        kinds = [('input', ID_TYPES[o.id_type]), ('target', ID_TYPES[o.id_type]), ('mask', MASK_TYPES[o.mask_type])]
        if o.with_documents:
            kinds += [('documents', np.int32), ('positions', np.int32)]
        found = {name: self.take(kind, shape[0] * shape[1]).reshape(shape) for name, kind in kinds}
        if o.with_cu_seqlens:
            found['cu_seqlens'] = self.take(np.int32, (o.max_sequences or shape[0] * o.sequence_length) + 1)
        return record, places.tolist(), found

    def records(self):
        while self.at < len(self.data):
            if np.frombuffer(self.data, np.uint32, 1, self.at)[0] == 1:
                yield self.batch()
            else:
                yield self.take(END, 1)[0], None, None


def same(what, found, expected):
    if not np.array_equal(found, expected):
        raise Different(f'{what}: found\n{found}\nexpected\n{expected}')


def check_batch(run, record, places, found, expected, totals):
    o, (epoch, step, visited) = run.options, expected
    mine = visited[record['rank'] * o.batch_size:][:o.batch_size]
    same('epoch and step', (record['epoch'], record['step']), (epoch, step))
    same('places', places, [NO_PLACE if place is None else place for place in mine])
    rows = [run.row(epoch, place) for place in mine]
    columns = [fill.columns_of(o, row) for row in rows]

    def cut(name):
        return np.array([getattr(row, name)[at] for row, at in zip(rows, columns)])

    for name in ('input', 'target', 'mask', 'documents', 'positions'):
        if name in found:
            same(name, found[name], cut(name))
    if o.with_cu_seqlens:
        starts, number, longest = fill.cu_seqlens(o, rows)
        same('cu_seqlens', found['cu_seqlens'], starts)
        same('num_sequences and max_seqlen', (record['num_sequences'], record['max_seqlen']), (number, longest))
    paired, learnt = cut('paired'), cut('learnt')
    totals.update(batches=1, tokens=paired.sum(), masked=(paired & ~learnt).sum(), padding=(~paired).sum(),
                  cropped=sum(row.cropped for row in rows))


def call(driver, words):
    done = subprocess.run([driver, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        raise Failed(f'the driver ends with {done.returncode}: {done.stderr.decode(errors="replace")}{" ".join(words)}')
    return done.stdout


def check_records(run, expected, records):
    """What the driver wrote beside the steps that are expected of each rank; returns how many batches were compared."""
    compared, ranks, totals, seen = 0, 0, Counter(), []
    numbers = {at[:2]: nth for nth, at in enumerate(expected)}
    for record, places, found in records:
        if found is None:
            same('rank', record['rank'], ranks)
            ranks += 1
            same('steps of a rank', sorted(seen), range(len(expected)))
            for name in ('batches', 'tokens', 'masked', 'padding', 'cropped'):
                same(f'{name} counted', int(record[name]), int(totals[name]))
            totals, seen = Counter(), []
            continue
        nth = numbers.get((record['epoch'], record['step'])) if run.options.as_they_come else len(seen)
        if nth is None or nth >= len(expected):
            raise Different(f'step {record["step"]} of epoch {record["epoch"]} came, which there is not')
        check_batch(run, record, places, found, expected[nth], totals)
        seen.append(nth)
        compared += 1
    same('ranks', ranks, run.options.world)
    return compared


def check_run(driver, run, pool, begin=(0, 0, 0), take=None, words=()):
    """Runs all ranks from a place (epoch, row, step) on. Returns how many batches were compared, and of how many steps."""
    expected = list(order.steps(run.options, run.counts, *begin))[:take]
    words = ['ranks=1', *words] + ([] if take is None else [f'take={take}']) + run.options.words(pool)
    try:
        compared = check_records(run, expected, Reader(call(driver, words), run.options).records())
    except Different as found:
        raise Different(f'{found}\n{" ".join(words)}') from None
    return compared, len(expected)


def place_after(run, taken):
    """Where (epoch, row, step) a run goes on after so many steps of all ranks."""
    expected = list(order.steps(run.options, run.counts))
    if taken == len(expected):
        return run.options.epochs, 0, 0
    epoch, step, rows = expected[taken]
    return epoch, rows[0], step


def resumed(run, pool, draw):
    """The same order with another batch size, world and number of workers."""
    o = Options(**{**vars(run.options), 'workers': draw.randrange(1, 4), 'as_they_come': 0,
                   'state': draw.randrange(2) == 0})
    again = Run(o, pool, run)
    o.batch_size, o.world = draw.randrange(1, 7), draw.randrange(1, 4)
    while again.has_no_step():
        o.batch_size, o.world = draw.randrange(1, 7), draw.randrange(1, 4)
    o.max_sequences = again.most_sequences() if o.max_sequences else 0
    return again


def check_resumed(driver, run, pool, draw, state, taken):
    """Goes on from the state after so many steps."""
    return check_run(driver, resumed(run, pool, draw), pool, place_after(run, taken), words=[f'resume={state}'])[0]


def check_options(driver, options, pool, draw, folder):
    """A whole run, and one that is stopped at a random step and goes on; returns how many batches were compared."""
    run = Run(options, pool)
    if run.has_no_step() or sum(run.counts) > MOST_ROWS:
        return 0
    if options.with_cu_seqlens and draw.randrange(2):
        options.max_sequences = run.most_sequences()
    compared, steps = check_run(driver, run, pool)
    if options.as_they_come or steps == 0:
        return compared
    taken = draw.randrange(steps + 1)
    state = os.path.join(folder, 'state')
    compared += check_run(driver, run, pool, take=taken, words=[f'state={state}'])[0]
    return compared + check_resumed(driver, run, pool, draw, state, taken)


def check_every_step(driver, pool, draw, folder):
    """A short run with everything switched on, of each packing and shuffle: resumed at each of its steps."""
    compared = 0
    for packing in range(4):
        for shuffle in range(3):
            options = draw_options(pool, draw)
            options.__dict__.update(EVERYTHING, packing=packing, shuffle=shuffle, context_documents=int(packing > 0))
            options.skips = [(0, 3, 2), (1, 0, 1), (0, 9, 4)]
            options.sources = draw.sample([i for i, s in enumerate(pool) if s.bounded and 300 < s.tokens < 1500], 2)
            options.weights = [2, 3] if draw.randrange(2) else [0, 0]
            run = Run(options, pool)
            steps = min(len(list(order.steps(options, run.counts))), 40)
            compared += check_run(driver, run, pool, take=steps, words=[f'states={folder}/state'])[0]
            for taken in range(steps + 1):
                compared += check_resumed(driver, run, pool, draw, f'{folder}/state.{taken}', taken)
    return compared


def check_controls(driver, pool, seed, folder):
    """Each wrong expectation is found by some of the first options that are drawn."""
    for what, module, name, changed in controls():
        right, draw = getattr(module, name), random.Random(seed)
        setattr(module, name, changed)
        try:
            for tried in range(1, 2001):
                check_options(driver, draw_options(pool, draw), pool, draw, folder)
            raise SystemExit(f'batches: the control "{what}" is not found in {tried} runs')
        except Different as found:
            print(f'control: "{what}" is found in run {tried}: {str(found).splitlines()[0][:80]}')
        finally:
            setattr(module, name, right)


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    driver, most = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    print(f'batches: seed {seed}', flush=True)
    draw, compared, runs = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        pool = [Files(folder, number, draw) for number in range(24)]
        try:
            while compared < most:
                options = draw_options(pool, draw)
                found = check_options(driver, options, pool, draw, folder)
                compared, runs = compared + found, runs + (found > 0)
            print(f'{compared} batches of {runs} options are as expected', flush=True)
            print(f'{check_every_step(driver, pool, draw, folder)} of short runs that go on at every step', flush=True)
        except (Different, Failed) as found:
            raise SystemExit(f'batches: seed {seed}, after {runs} options: {found}')
        check_controls(driver, pool, seed + 1, folder)


if __name__ == '__main__':
    main()
