"""Random documents in files of several formats, and what a loader sees of them."""
import os
import struct

import numpy as np

import order


def draw_length(draw):
    return draw.choice([0, 1, draw.randrange(8), draw.randrange(40), draw.randrange(40), draw.randrange(120)])


def write_bounded(path, tokens, ends, draw):
    """datatrove's files, or Megatron's; returns the path to name."""
    kind = draw.choice([np.uint16, np.int32])
    if draw.randrange(2):
        tokens.astype(kind).tofile(path + '.ds')
        np.array(ends, dtype=np.uint64).tofile(path + '.ds.index')
        return path + '.ds'
    tokens.astype(kind).tofile(path + '.bin')
    lengths = np.diff([0] + ends)
    with open(path + '.idx', 'wb') as file:
        file.write(b'MMIDIDX\0\0' + struct.pack('<QBQQ', 1, 8 if kind == np.uint16 else 4, len(ends), len(ends) + 1))
        file.write(lengths.astype(np.int32).tobytes() + ((np.array(ends) - lengths) * kind().nbytes).astype(np.int64).tobytes())
        file.write(np.arange(len(ends) + 1).astype(np.int64).tobytes())
    return path + '.bin'


def write_unbounded(path, tokens, draw):
    """Tokens alone, NumPy's file, or llm.c's; returns the path to name."""
    kind = draw.randrange(3)
    if kind == 0:
        path += '.u32.bin'
        tokens.astype(np.uint32).tofile(path)
    elif kind == 1:
        path += '.npy'
        np.save(path, tokens.astype(np.uint16))
    else:
        path += '.bin'
        header = np.zeros(256, dtype=np.int32)
        header[:3] = 20240520, 1, len(tokens)
        with open(path, 'wb') as file:
            file.write(header.tobytes() + tokens.astype(np.uint16).tobytes())
    return path


def make_file(path, bounded, masked, draw):
    """Documents in one file: (path, tokens, ends, loss)."""
    lengths = [draw_length(draw) for _ in range(draw.choice([1, 5, 20]))] + [9]
    tokens = np.array([draw.randrange(1000) for _ in range(sum(lengths))], dtype=np.int64)
    ends, loss = np.cumsum(lengths).tolist(), np.ones(len(tokens), dtype=np.uint8)
    path = write_bounded(path, tokens, ends, draw) if bounded else write_unbounded(path, tokens, draw)
    if masked and draw.randrange(3):
        loss = np.array([draw.randrange(3) > 0 for _ in tokens], dtype=np.uint8)
        (loss if draw.randrange(2) else np.packbits(loss, bitorder='little')).tofile(path + '.loss')
    return path, tokens, ends, loss


class Files:
    """A dataset's files, of one in four of which no boundaries are known, with masks for some of every second one; and all of
    it once more, as datasets in memory have it."""

    def __init__(self, folder, number, draw):
        self.bounded, masked = draw.randrange(4) > 0, draw.randrange(2)
        names = [os.path.join(folder, f'{number}-{nth}') for nth in range(draw.choice([1, 1, 2, 3]))]
        self.files = [make_file(name, self.bounded, masked, draw) for name in names]
        self.paths = [file[0] for file in self.files]
        self.memory = os.path.join(folder, f'{number}-all')
        path, tokens, ends, loss = self.joined(self.files)
        self.tokens = len(tokens)
        tokens.astype(np.uint16).tofile(path + '.tokens')
        if self.bounded:
            np.array(ends, dtype=np.uint64).tofile(path + '.ends')
        if masked:
            loss.tofile(path + '.loss')

    def joined(self, files):
        tokens, ends, loss = [np.zeros(0, dtype=np.int64)], [], [np.zeros(0, dtype=np.uint8)]
        for _, of_file, ends_of_file, loss_of_file in files:
            base = sum(map(len, tokens))
            ends += [base + end for end in ends_of_file]
            tokens.append(of_file)
            loss.append(loss_of_file)
        return self.memory, np.concatenate(tokens), ends, np.concatenate(loss)

    def source(self, options, weight):
        """What a loader sees of it."""
        files = [self.joined(self.files)] if options.memory else self.files
        if options.subset:
            files = [order.chosen(options, *file) for file in files]
        _, tokens, ends, loss = self.joined(files)
        return order.Source(tokens, ends if self.bounded else None, loss, weight)
