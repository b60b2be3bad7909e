"""Loaders made and dropped leave nothing: many_loaders.py, with 10^5 of them where HEADRACE_LONG_TESTS is set."""
import os
import subprocess
import sys
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_loaders.py")
NUMBER = 100_000 if os.environ.get("HEADRACE_LONG_TESTS") else 200


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


class ManyLoaders(unittest.TestCase):

    def test_memory_descriptors_threads_and_batches_are_as_many_as_before(self):
        done = run(str(NUMBER))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, f"{NUMBER} loaders: .* MiB, [0-9]+ descriptors, 1 threads, 1 batches")

    def test_a_leak_is_seen(self):
        done = run("70", "--leak")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, "became")


if __name__ == "__main__":
    unittest.main()
