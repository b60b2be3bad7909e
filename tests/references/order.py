"""Which rows an epoch has, in which order: the reference's own plan, laid out whole.

A row is a list of pieces. All is from include/headrace/loader.h: packings, shuffles, windows of documents, mixes."""
from collections import namedtuple

import numpy as np

from keyed import mix64, mix64_with, permutation

WINDOWS, DOCUMENTS, BEST_FIT, BOS_ALIGNED = range(4)
SHUFFLE_ALL, SHUFFLE_BLOCKS, SHUFFLE_NONE = range(3)
KEY_ROWS, KEY_BLOCKS, KEY_IN_BLOCK = 1, 2, 3
KEY_SOURCE, KEY_DOCUMENTS, KEY_WINDOWS, KEY_IN_WINDOW = 5, 6, 7, 8

# `pairs` inputs of the stream of sources[source] from `token` on; cropped: tokens of its document behind them that have no row.
Piece = namedtuple('Piece', 'source token pairs columns cropped')


class Source:
    """ends: of the documents, exclusive; None: no boundaries are known. loss: of each token; None: all are learnt."""

    def __init__(self, tokens, ends, loss, weight):
        self.tokens, self.loss, self.weight = tokens, loss, weight
        self.documents = [] if ends is None else list(zip([0] + ends[:-1], ends))
        self.document = np.zeros(len(tokens), dtype=np.int64)
        for number, (begin, end) in enumerate(self.documents):
            self.document[begin:end] = number
        self.starts = np.diff(self.document, prepend=0) != 0


def sample_hash(tokens):
    """What a file is known by: src/dataset/scan.c. The number of its tokens, and 16 times 4 of them."""
    key, count, samples, each = mix64(len(tokens)), len(tokens), 16, 4
    firsts = [0]
    if count <= samples * each:
        each = count
    else:
        last = count - each
        firsts = [last // (samples - 1) * i + last % (samples - 1) * i // (samples - 1) for i in range(samples)]
    for first in firsts:
        for token in tokens[first:first + each].tolist():
            key = mix64_with(key, token)
    return key


def chosen(options, path, tokens, ends, loss):
    """A file's documents that are in a subset: 1, train, or 2, validation."""
    key, below = mix64_with(options.subset_seed, sample_hash(tokens)), int(options.fraction * 2.0**53)
    keep, kept_ends = np.zeros(len(tokens), dtype=bool), []
    for number, (begin, end) in enumerate(zip([0] + ends[:-1], ends)):
        if (mix64_with(key, number) >> 11 < below) == (options.subset == 2):
            keep[begin:end] = True
            kept_ends.append((kept_ends[-1] if kept_ends else 0) + end - begin)
    return path, tokens[keep], kept_ends, loss[keep]


def in_order(options, count, key):
    """The numbers [0, count) in the order of the shuffle."""
    if options.shuffle == SHUFFLE_NONE:
        return np.arange(count)
    if options.shuffle == SHUFFLE_ALL:
        return permutation(count, mix64_with(key, KEY_ROWS))
    size = options.block_rows or 4096
    blocks = -(-count // size)
    inside = mix64_with(key, KEY_IN_BLOCK)
    order = []
    for block in permutation(blocks, mix64_with(key, KEY_BLOCKS)).tolist():
        length = min(size, count - block * size)
        order.append(block * size + permutation(length, mix64_with(inside, block)))
    return np.concatenate(order)


def round_up(n, multiple):
    return -(-n // multiple) * multiple


def cut_windows(options, number, source):
    pairs, length = len(source.tokens) - 1, options.sequence_length
    for token in range(0, pairs, length):
        taken = min(length, pairs - token)
        if taken == length or not options.drop_last:
            yield [Piece(number, token, taken, taken, 0)]


def cut_documents(options, number, source):
    for begin, end in source.documents:
        pairs = end - begin - 1
        if pairs > 0:
            taken = min(pairs, options.sequence_length)
            yield [Piece(number, begin, taken, round_up(taken, options.multiple), pairs - taken)]


def cut_rows(options, number, source):
    return list((cut_windows if options.packing == WINDOWS else cut_documents)(options, number, source))


def is_rowless(options, number, source):
    if options.packing >= BEST_FIT:
        return all(end - begin < 2 for begin, end in source.documents)
    return not cut_rows(options, number, source)


def pack(options, sources, documents):
    """Best fit decreasing of (source, document): packed rows, and behind them the full rows of long documents."""
    length, pieces, full = options.sequence_length, [], []
    for number, document in documents:
        begin, end = sources[number].documents[document]
        pairs = end - begin - 1
        if options.packing == BEST_FIT:
            for _ in range(pairs // length):
                full.append([Piece(number, begin, length, length, 0)])
                begin += length
            pairs = max(pairs, 0) % length
        taken = min(pairs, length)
        if taken > 0:
            pieces.append(Piece(number, begin, taken, round_up(taken, options.multiple), pairs - taken))
    rows, rooms, changed = [], [], []
    for now, piece in enumerate(sorted(pieces, key=lambda piece: -piece.columns)):
        fitting = [r for r in range(len(rows)) if rooms[r] >= piece.columns]
        if fitting:
            row = min(fitting, key=lambda r: (rooms[r], -changed[r]))
        else:
            row = len(rows)
            rows.append([]), rooms.append(length), changed.append(0)
        rows[row].append(piece)
        rooms[row] -= piece.columns
        changed[row] = now
    return rows + full


def pack_windows(options, sources, documents, key):
    """The rows of one pass over documents, window by window: src/loader/plan/window.h."""
    size, in_window = options.pack_window or 65536, mix64_with(key, KEY_IN_WINDOW)
    windows = [documents[first:first + size] for first in range(0, len(documents), size)]
    if options.shuffle == SHUFFLE_ALL:
        documents = [documents[i] for i in permutation(len(documents), mix64_with(key, KEY_DOCUMENTS))]
        windows = [documents[first:first + size] for first in range(0, len(documents), size)]
    elif options.shuffle == SHUFFLE_BLOCKS:
        windows = [windows[i] for i in permutation(len(windows), mix64_with(key, KEY_WINDOWS))]
    for number, window in enumerate(windows):
        rows = pack(options, sources, window)
        if rows and options.shuffle != SHUFFLE_NONE:
            rows = [rows[i] for i in permutation(len(rows), mix64_with(in_window, number))]
        yield from rows


def whose_turns(weights):
    """Which source each row of a mix is of: the one whose window ends first among those whose windows have begun."""
    whole, given, slot = sum(weights), [0] * len(weights), 0
    while True:
        due = [(-(-(given[i] + 1) * whole // w), i) for i, w in enumerate(weights) if given[i] * whole // w <= slot]
        turn = min(due)[1]
        given[turn] += 1
        slot += 1
        yield turn


def passes(options, sources, number):
    """The rows of a source of a mix, pass after pass."""
    key, source, nth = mix64_with(mix64_with(options.seed, KEY_SOURCE), number), sources[number], 0
    rows = None if options.packing >= BEST_FIT else cut_rows(options, number, source)
    while True:
        of_pass = mix64_with(key, nth)
        if rows is None:
            yield from pack_windows(options, sources, [(number, d) for d in range(len(source.documents))], of_pass)
        else:
            yield from (rows[i] for i in in_order(options, len(rows), of_pass))
        nth += 1


def mixed_epoch_rows(options, sources):
    if options.packing >= BEST_FIT:
        return sum(-(-len(s.tokens) // options.sequence_length) for s in sources)
    return sum(len(cut_rows(options, i, s)) for i, s in enumerate(sources))


def mixed_epochs(options, sources):
    rows, streams = mixed_epoch_rows(options, sources), [passes(options, sources, i) for i in range(len(sources))]
    turns = whose_turns([s.weight for s in sources])
    for _ in range(options.epochs):
        yield [next(streams[next(turns)]) for _ in range(rows)]


def plain_epochs(options, sources):
    if options.packing >= BEST_FIT:
        documents = [(i, d) for i, s in enumerate(sources) for d in range(len(s.documents))]
        for epoch in range(options.epochs):
            yield list(pack_windows(options, sources, documents, mix64_with(options.seed, epoch)))
        return
    rows = [row for i, s in enumerate(sources) for row in cut_rows(options, i, s)]
    for epoch in range(options.epochs):
        yield [rows[i] for i in in_order(options, len(rows), mix64_with(options.seed, epoch))]


def epochs(options, sources):
    """The rows of each epoch, in the order without any skip."""
    mixed = len(sources) > 1 and sources[0].weight > 0
    return list((mixed_epochs if mixed else plain_epochs)(options, sources))


def places(options, epoch, rows, begin=0):
    """Places of an epoch that are visited from `begin` on, in order."""
    skipped = set()
    for of, first, count in options.skips:
        if of == epoch:
            skipped.update(range(first, min(first + count, rows)))
    return [place for place in range(begin, rows) if place not in skipped]


def steps(options, row_counts, epoch=0, row=0, step=0):
    """(epoch, step, places of the step's rows over all ranks, None: padding), from a place in the order on."""
    size = options.world * options.batch_size
    for at in range(epoch, options.epochs):
        left = places(options, at, row_counts[at], row if at == epoch else 0)
        number = step if at == epoch else 0
        for first in range(0, len(left), size):
            rows = left[first:first + size]
            if len(rows) < size and options.drop_last:
                continue
            yield at, number, rows + [None] * (size - len(rows))
            number += 1
