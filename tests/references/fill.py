"""What is in a row and in a batch: the reference's own filling, a row at a time."""
import numpy as np

from keyed import Random, mix64_with
from order import WINDOWS

IGNORE = -100


class Row:
    """Whole: before it is cut for a context rank."""

    def __init__(self, options):
        length = options.sequence_length
        self.input = np.full(length, options.pad_id, dtype=np.int64)
        self.target = np.full(length, options.pad_id, dtype=np.int64)
        self.mask = np.zeros(length, dtype=np.int64)
        self.documents = np.full(length, -1, dtype=np.int64)
        self.positions = np.zeros(length, dtype=np.int64)
        self.paired = np.zeros(length, dtype=bool)  # columns that hold a pair of tokens, and of them those that are learnt
        self.learnt = np.zeros(length, dtype=bool)
        self.cropped = 0


def count_positions(documents):
    """0, 1, 2, ... from each change on."""
    index = np.arange(len(documents))
    changes = np.concatenate(([True], documents[1:] != documents[:-1]))
    return index - np.maximum.accumulate(np.where(changes, index, 0))


def put_piece(row, options, source, piece, column, number):
    begin, end = piece.token, piece.token + piece.pairs
    at, columns = slice(column, column + piece.pairs), slice(column, column + piece.columns)
    row.input[at], row.target[at] = source.tokens[begin:end], source.tokens[begin + 1:end + 1]
    learnt = np.ones(piece.pairs, dtype=bool)
    if source.loss is not None:
        learnt &= source.loss[begin + 1:end + 1] != 0
    if options.no_loss_across:
        learnt &= ~source.starts[begin + 1:end + 1]
    row.mask[at] = row.learnt[at] = learnt
    row.paired[at] = True
    row.cropped += piece.cropped
    if options.packing == WINDOWS:
        documents = source.document[begin:end]
        row.documents[at] = np.concatenate(([0], np.cumsum(documents[1:] != documents[:-1])))
        row.positions[at] = count_positions(documents)
    else:
        row.documents[columns] = number
        row.positions[columns] = np.arange(piece.columns)


def drop_tokens(row, options, epoch, place, number, probability, drop_id):
    random = Random(mix64_with(mix64_with(mix64_with(options.seed, epoch), place), number))
    for column in np.flatnonzero(row.mask):
        if random.uniform() < np.float32(probability):
            row.input[column] = drop_id


def fill(options, sources, epoch, place, pieces):
    """A row at its place in an epoch, transforms included; place None: padding, which has no pieces."""
    row, column = Row(options), 0
    for number, piece in enumerate(pieces):
        put_piece(row, options, sources[piece.source], piece, column, number)
        column += piece.columns
    for number, (probability, drop_id) in enumerate(options.dropouts):
        if place is not None:
            drop_tokens(row, options, epoch, place, number, probability, drop_id)
    if options.ignore_masked:
        row.target[row.mask == 0] = IGNORE
    return row


def runs(documents):
    """[begin, end) of the runs of equal documents in a row."""
    changes = np.flatnonzero(documents[1:] != documents[:-1]) + 1
    bounds = [0, *changes.tolist(), len(documents)]
    return list(zip(bounds[:-1], bounds[1:]))


def cu_seqlens(options, rows):
    """Where the runs of all rows begin, in the batch as one sequence; their number; the longest one."""
    length, starts, longest = options.sequence_length, [], 0
    for number, row in enumerate(rows):
        for begin, end in runs(row.documents):
            starts.append(number * length + begin)
            longest = max(longest, end - begin)
    total = len(rows) * length
    most = options.max_sequences or total
    return np.array(starts + [total] * (most + 1 - len(starts))), len(starts), longest


def columns_of(options, row):
    """Which columns of a row its context rank gets: of each part chunks r and 2C - 1 - r of 2C."""
    world, rank = max(options.context_world, 1), options.context_rank
    if world == 1:
        return np.arange(options.sequence_length)
    parts = runs(row.documents) if options.context_documents else [(0, options.sequence_length)]
    columns = []
    for begin, end in parts:
        chunk = (end - begin) // (2 * world)
        assert chunk * 2 * world == end - begin
        for number in (rank, 2 * world - 1 - rank):
            columns.append(np.arange(begin + number * chunk, begin + (number + 1) * chunk))
    return np.concatenate(columns)
