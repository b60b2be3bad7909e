"""bench/python/loaders.py, with as little work as may be: its table, its figures, and that it finds a batch that is wrong."""
from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest

BENCH = os.path.join(os.path.dirname(__file__), "..", "..", "bench", "python", "loaders.py")
LONG = os.environ.get("HEADRACE_LONG_TESTS", "0") not in ("", "0")


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, BENCH, "--tokens", "20000", "--batch", "4x64", "--seconds", "0.01",
                           "--rounds", "1", *arguments], capture_output=True, text=True, timeout=200, check=False)


class Bench(unittest.TestCase):
    def figures(self, *arguments: str) -> list[dict[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "loaders.csv")
            done = bench("--csv", path, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, "on [0-9]+ processors.*\n(.*\n)+.*M tokens/s")
            with open(path, encoding="utf-8") as file:
                return list(csv.DictReader(file))

    def test_each_contestant_has_each_figure(self) -> None:
        lines = self.figures("--only", "headrace-python,get_batch-numpy", "--workers", "1")
        self.assertEqual({line["contestant"] for line in lines}, {"headrace-python", "get_batch-numpy"})
        self.assertEqual({line["cell"] for line in lines if line["contestant"] == "headrace-python"},
                         {"shuffled-4x64-1." + end for end in ("first", "cpu", "begin", "memory", "file")})
        for line in lines:
            self.assertLessEqual(float(line["min"]), float(line["median"]))
            self.assertEqual(float(line["median"]), float(line["max"]))  # of one round
        self.assertTrue(all(float(line["median"]) > 0 for line in lines if line["unit"] == "Gtokens/s"))

    @unittest.skipUnless(LONG and importlib.util.find_spec("torch"), "of HEADRACE_LONG_TESTS, and needs torch")
    def test_those_of_torch_too(self) -> None:
        lines = self.figures("--workers", "1,2", "--processes", "0,2")
        self.assertEqual(len(lines), (3 * 2 + 2 + 2) * 5)

    def test_a_batch_that_is_wrong_fails_it(self) -> None:
        done = bench("--only", "broken")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("a row is not what the file has there", done.stderr)

    def test_what_cannot_be_measured_is_refused_before_anything_is(self) -> None:
        for arguments, sentence in (("--tokens 2559", "--tokens 2559: expected 10 batches of them, 2560"),
                                    ("--tokens 1300000000", "--tokens 1300000000: expected at most 1262850000"),
                                    ("--seconds 0", "--seconds: 0, expected a number from 0.001 on"),
                                    ("--rounds 0", "--rounds: 0, expected a number from 1 on"),
                                    ("--workers 1,0", "--workers: 0, expected a number from 1 on"),
                                    ("--processes x", "--processes: invalid numbers value: 'x'"),
                                    ("--batch 8x1", "--batch: 1, expected a number from 2 on"),
                                    ("--csv /nowhere/a.csv", "--csv /nowhere/a.csv: No such file or directory")):
            done = bench(*arguments.split())
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(sentence, done.stderr)


if __name__ == "__main__":
    unittest.main()
