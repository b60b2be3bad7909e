"""Trains a bigram model by counting, on what the installed package hands out: it must know what follows what."""
import numpy as np

import headrace

ids = np.arange(4000, dtype=np.uint16) % 7
ids.tofile("ids.bin")
counts = np.zeros((7, 7), dtype=np.int64)
with headrace.Loader("ids.bin", batch_size=4, sequence_length=16, workers=2, seed=1, epochs=2) as loader:
    for batch in loader:
        np.add.at(counts, (batch.input, batch.target), batch.mask.astype(np.int64))
follows = counts.argmax(axis=1)
assert follows.tolist() == [1, 2, 3, 4, 5, 6, 0], follows
assert counts.sum() == 2 * 3999, counts.sum()
print(headrace.__version__)
