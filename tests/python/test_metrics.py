"""The text for Prometheus, as a program in Python gets it."""
import os
import re
import tempfile
import unittest

import numpy as np

import headrace


def samples(text):
    """The value of each sample."""
    return {name: float(value) for name, value in re.findall(r"^([^#\s].*) (\S+)$", text, re.MULTILINE)}


class Metrics(unittest.TestCase):

    def loader(self):
        loader = headrace.Loader(headrace.Dataset.from_memory(np.arange(101)), batch_size=2, sequence_length=10)
        self.addCleanup(loader.close)
        return loader

    def test_a_loader_is_counted(self):
        loader = self.loader()
        for _ in range(3):
            next(loader)
        text = headrace.metrics(loader)
        self.assertEqual(samples(text)["headrace_loader_batches_total"], 3)
        self.assertEqual(samples(text)["headrace_loader_tokens_total"], 60)
        self.assertIn(f'headrace_build_info{{version="{headrace.__version__}"}}', text)
        self.assertTrue(text.endswith("\n"))

    def test_several_are_told_apart_by_their_names(self):
        first, second = self.loader(), self.loader()
        next(first)
        found = samples(headrace.metrics({"train": first, 'odd "\n': second}, labels={"rank": "3"}))
        self.assertEqual(found['headrace_loader_batches_total{name="train",rank="3"}'], 1)
        self.assertEqual(found['headrace_loader_batches_total{name="odd \\"\\n",rank="3"}'], 0)

    def test_a_text_of_any_length_is_given_whole(self):
        loader = self.loader()
        text = headrace.metrics({f"{i:02} " + "long " * 200: loader for i in range(30)})
        families = "^headrace_loader_[a-z_]+(?={)"
        expected = 30 * re.findall(families, headrace.metrics({"name": loader}), re.MULTILINE)
        self.assertEqual(sorted(re.findall(families, text, re.MULTILINE)), sorted(expected))
        self.assertGreater(len(expected), 300)
        self.assertTrue(text.endswith("\n"))

    def test_a_run_of_tokenize_is_counted(self):
        told = []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write("abc")
            headrace.tokenize(path, os.path.join(folder, "a.bin"), progress=told.append)
        self.assertEqual(samples(headrace.metrics(tokenize=told[-1]))["headrace_tokenize_tokens_total"], 4)
        self.assertIn('name="a"', headrace.metrics(tokenize={"a": told[-1]}))

    def test_nothing_gives_the_version(self):
        self.assertEqual(len(samples(headrace.metrics())), 1)

    def test_what_cannot_be_is_said(self):
        loader = self.loader()
        for error, expected, call in (
            (TypeError, "loaders has 3, expected a headrace.Loader", lambda: headrace.metrics(3)),
            (TypeError, "tokenize has 3, expected a headrace.Progress", lambda: headrace.metrics(tokenize={"a": 3})),
            (TypeError, "loaders is 3, expected a string", lambda: headrace.metrics({3: loader})),
            (TypeError, r"labels\['rank'\] is 3, expected a string", lambda: headrace.metrics(labels={"rank": 3})),
            (headrace.InvalidArgument, "__x", lambda: headrace.metrics(labels={"__x": "3"})),
        ):
            with self.assertRaisesRegex(error, expected):
                call()
        loader.close()
        with self.assertRaisesRegex(headrace.Closed, "the loader is closed"):
            headrace.metrics(loader)


if __name__ == "__main__":
    unittest.main()
