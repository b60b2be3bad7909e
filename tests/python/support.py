"""What several tests of the package begin with: a folder of their own, and a file of the tokens 0 to 1000 in it."""
import os
import tempfile
import unittest

import numpy as np

import headrace


class Folder(unittest.TestCase):
    """With a folder that goes with the test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def place(self, *names):
        """Where something of these names is, or is to be, in the folder."""
        return os.path.join(self.folder, *names)

    def tokens(self, name, tokens):
        """The path of a file of these tokens."""
        np.array(tokens, dtype=np.uint16).tofile(self.place(name))
        return self.place(name)


class WithTokens(Folder):
    """With a file, `path`, and loaders that are closed with the test."""
    OPTIONS = dict(batch_size=2, sequence_length=10, shuffle="none")

    def setUp(self):
        super().setUp()
        self.path = self.tokens("a.bin", range(1001))

    def loader(self, sources=None, **options):
        loader = headrace.Loader(self.path if sources is None else sources, **{**self.OPTIONS, **options})
        self.addCleanup(loader.close)
        return loader
