"""The loader, as a program in Python sees it."""
import os
import tempfile
import unittest

import numpy as np

import headrace


class Loader(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "a.bin")
        np.arange(1001, dtype=np.uint16).tofile(self.path)

    def test_rows_in_file_order_are_the_windows_of_the_file(self):
        with headrace.Loader(self.path, batch_size=2, sequence_length=10, shuffle="none") as loader:
            rows = [row.copy() for batch in loader for row in batch.input]
        self.assertEqual(np.concatenate(rows).tolist(), list(range(1000)))

    def test_targets_are_the_ids_behind(self):
        for batch in headrace.Loader(self.path, batch_size=4, sequence_length=25, seed=3):
            np.testing.assert_array_equal(batch.target, batch.input + 1)

    def test_an_array_keeps_its_batch(self):
        loader = headrace.Loader(self.path, batch_size=2, sequence_length=10, shuffle="none", pool_size=2)
        first = next(loader).input
        for batch in loader:
            del batch
        self.assertEqual(first[0].tolist(), list(range(10)))


if __name__ == "__main__":
    unittest.main()
