#!/usr/bin/env python3
"""Runs the tests of one file. They fail too where an exception is raised that no caller sees, in a finalizer or a thread,
and where they hang: then it is said where each thread stands. Ends with 77 where all of them are skipped, or the file
itself imports torch, which is not there.

usage: run.py TEST_FILE [SECONDS]"""
import faulthandler
import gc
import importlib
import os
import sys
import threading
import traceback
import unittest

unseen = []


def unraisable(what):
    unseen.append(what.exc_type.__name__)
    sys.__unraisablehook__(what)


def in_thread(what):
    unseen.append(what.exc_type.__name__)
    threading.__excepthook__(what)


class AtOnce(unittest.TextTestResult):
    """Says what failed when it does: where a later test hangs there is no end at which to say it."""

    def addError(self, test, err):
        super().addError(test, err)
        self.stream.writeln(self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.stream.writeln(self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.stream.writeln(f"{subtest}: {''.join(traceback.format_exception(*err))}")

    def printErrors(self):
        pass


def main():
    path, seconds = os.path.abspath(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 240
    faulthandler.enable()
    faulthandler.dump_traceback_later(seconds, exit=True)
    sys.unraisablehook, threading.excepthook = unraisable, in_thread
    sys.path.insert(0, os.path.dirname(path))
    try:
        module = importlib.import_module(os.path.splitext(os.path.basename(path))[0])
    except ModuleNotFoundError as error:
        if error.name != "torch" or traceback.extract_tb(error.__traceback__)[-1].filename != path:
            raise  # else a package that must do without torch would be skipped where there is none
        print("skipped: no torch (Debian: python3-torch)")
        return 77
    runner = unittest.TextTestRunner(verbosity=2, resultclass=AtOnce)
    result = runner.run(unittest.defaultTestLoader.loadTestsFromModule(module))
    passed, run, skipped = result.wasSuccessful(), result.testsRun, len(result.skipped)
    del sys.modules[module.__name__], module, result
    gc.collect()  # what the tests have left
    if unseen:
        print("exceptions that no caller saw: %s" % ", ".join(unseen))
    if not passed or unseen or not run:
        return 1
    return 77 if skipped == run else 0


if __name__ == "__main__":
    sys.exit(main())
