#!/usr/bin/env python3
"""The control of run.py: files of tests with one fault of each kind, and what it must say and end with.

usage: run_control.py"""
import os
import subprocess
import sys
import tempfile

HEAD = "import threading, time, unittest\nclass Case(unittest.TestCase):\n  def test(self):\n    "
FINALIZER = "class Late:\n  def __del__(self):\n    raise ValueError('late')\n"
# The status, what is printed, and the file.
CASES = [
    (0, "OK", HEAD + "pass"),
    (1, "AssertionError", HEAD + "self.assertEqual(1, 2)"),
    (1, "no caller saw: ValueError", FINALIZER + HEAD + "Late()"),
    (1, "no caller saw: ValueError", FINALIZER + HEAD + "late = Late(); late.itself = late"),
    (1, "no caller saw: ValueError", FINALIZER + "left = Late()\n" + HEAD + "pass"),
    (1, "no caller saw: ZeroDivisionError", HEAD + "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()"),
    (1, "Ran 0 tests", "import unittest"),
    (1, "Timeout", HEAD + "time.sleep(60)"),
    (1, "No module named 'touch'", "raise ModuleNotFoundError(\"No module named 'touch'\", name='touch')"),
    (1, "import of torch halted",
     "exec(compile('import sys; sys.modules[\"torch\"] = None; import torch', 'other.py', 'exec'))"),
    (1, "ResourceWarning", HEAD + "open(__file__)"),
    (77, "skipped: no torch", "raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')"),
    (77, "skipped=1", HEAD + "self.skipTest('no machine for it')"),
]


def main():
    run = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (status, text, code) in enumerate(CASES):
            path = os.path.join(folder, "case%d.py" % number)
            with open(path, "w", encoding="utf-8") as file:
                file.write(code + "\n")
            done = subprocess.run([sys.executable, "-B", "-W", "error", run, path, "1" if "sleep" in code else "60"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            if done.returncode != status or text not in done.stdout:
                wrong += 1
                print("expected status %d and %r, found %d:\n%s" % (status, text, done.returncode, done.stdout))
    print("run: %d cases, %d wrong" % (len(CASES), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
