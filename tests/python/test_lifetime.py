"""A batch goes back when the last thing that shows its memory is dropped, and never earlier."""
import copy
import ctypes
import gc
import itertools
import os
import pickle
import subprocess
import sys
import threading
import unittest

import numpy as np

import headrace
from headrace import _library

from support import WithTokens

POOL = 2


class Recorded(WithTokens):
    """With a loader of few batches, and a record of which went back."""

    OPTIONS = dict(WithTokens.OPTIONS, pool_size=POOL, epochs=None)

    def setUp(self):
        super().setUp()
        self.released = []  # addresses, in the order in which batches went back
        release = _library.lib.batch_release

        def record(lease):
            self.released.append(lease._as_parameter_)
            release(lease)
        _library.lib.batch_release = record
        self.addCleanup(setattr, _library.lib, "batch_release", release)


class Lifetime(Recorded):

    def goes_back_with(self, make):
        """What make(batch) gives is all that is kept: the elements stay while it is there, and go back with it."""
        loader = self.loader()
        batch = next(loader)
        kept = make(batch)
        del batch
        for _ in range(3 * POOL):
            next(loader)  # if it had gone back, it would have been filled again
        before = len(self.released)
        self.assertEqual(before, 3 * POOL)
        self.assertEqual(np.asarray(memoryview(kept)).ravel()[:10].tolist(), list(range(10)))
        del kept
        self.assertEqual(len(self.released), before + 1)

    def test_with_an_array(self):
        self.goes_back_with(lambda batch: batch.input)

    def test_with_a_view_of_a_view(self):
        self.goes_back_with(lambda batch: batch.input[:1].T[::-1][::-1].T[:, :])

    def test_with_an_array_of_another_class(self):
        self.goes_back_with(lambda batch: batch.input.view(np.ma.MaskedArray).view(np.matrix)[0])

    def test_with_a_memoryview(self):
        self.goes_back_with(lambda batch: memoryview(batch.input)[:1])

    def test_with_an_array_over_a_memoryview(self):
        self.goes_back_with(lambda batch: np.frombuffer(memoryview(batch.input), np.int32))

    def test_with_a_capsule_of_dlpack(self):
        loader = self.loader()
        capsule = next(loader).input.__dlpack__()
        self.assertEqual(self.released, [])
        del capsule
        self.assertEqual(len(self.released), 1)

    def test_with_an_array_from_dlpack(self):
        self.goes_back_with(lambda batch: np.from_dlpack(batch.input))

    def test_with_an_object_of_ctypes(self):
        self.goes_back_with(lambda batch: (ctypes.c_int32 * 20).from_buffer(batch.input))

    def test_with_the_block(self):
        self.goes_back_with(lambda batch: batch.block.view(np.int32))

    def test_with_the_batch_itself(self):
        loader = self.loader()
        batch = next(loader)
        next(loader)
        self.assertEqual(len(self.released), 1)
        del batch
        self.assertEqual(len(self.released), 2)

    def test_released_by_hand_with_an_array_elsewhere_it_stays(self):
        def release(batch):
            array = batch.input
            batch.release()
            return array
        self.goes_back_with(release)

    def test_after_the_loader_is_closed(self):
        loader = self.loader()
        array = next(loader).input
        loader.close()
        del loader
        self.assertEqual(array[0].tolist(), list(range(10)))
        self.assertEqual(self.released, [])
        del array
        self.assertEqual(len(self.released), 1)

    def test_after_the_loader_has_gone_on_to_its_next_epochs(self):
        loader = self.loader(epochs=1, steps=1)
        array, = [batch.input for batch in loader]
        list(loader)
        self.assertEqual(array[0].tolist(), list(range(10)))

    def test_one_made_again_is_freed_too(self):
        loader = self.loader()
        batch = loader.replay(0, 3)
        np.testing.assert_array_equal(batch.target, batch.input + 1)
        self.assertEqual(batch.input[0, 0], 60)
        del batch
        self.assertEqual(len(self.released), 1)

    def test_arrays_are_copied_and_pickled_and_batches_refused(self):
        loader = self.loader()
        batch = next(loader)
        copies = [copy.deepcopy(batch.input), copy.copy(batch.input), pickle.loads(pickle.dumps(batch.input)),
                  pickle.loads(pickle.dumps(batch.input, 5)), batch.input.copy()]
        for refused in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaisesRegex(TypeError, "batch.input.copy"):
                refused(batch)
        batch.release()
        self.assertEqual(len(self.released), 1)
        for _ in range(2 * POOL):
            next(loader)
        for array in copies:
            self.assertEqual(array[0].tolist(), list(range(10)))


class Node:
    """One of a ring, all of which is there until the last one's end."""
    alive = None  # a function that says whether the elements are still the batch's
    seen = []

    def __init__(self, held):
        self.held = held
        self.next = None

    def __del__(self):
        Node.seen.append(Node.alive(self))


class Cycles(Recorded):

    def ring(self, order):
        """Dataset, loader, batch and array in a cycle, in this order, with finalizers that look at the array."""
        dataset = headrace.Dataset(self.path)
        loader = self.loader(dataset)
        self._cleanups.pop()  # it is for the collector to close it
        batch = next(loader)
        parts = {"dataset": dataset, "loader": loader, "batch": batch, "array": batch.input}
        nodes = [Node(parts[name]) for name in order]
        for node, other in zip(nodes, nodes[1:] + nodes[:1]):
            node.next = other
        return nodes

    def intact(self, node):
        """Whether the array, found from any node of the ring, has the elements that it had, and has not gone back."""
        for _ in range(4):
            if isinstance(node.held, np.ndarray):
                return not self.released and node.held[0].tolist() == list(range(10))
            node = node.next
        return False

    def test_in_every_order_all_finalizers_see_the_elements(self):
        Node.alive = staticmethod(self.intact)
        gc.disable()
        self.addCleanup(gc.enable)
        for order in itertools.permutations(["dataset", "loader", "batch", "array"]):
            with self.subTest(order=order):
                self.released.clear()
                Node.seen = []
                nodes = self.ring(order)
                del nodes
                self.assertEqual(self.released, [])
                gc.collect()
                self.assertEqual(Node.seen, [True] * 4)
                self.assertEqual(len(self.released), 1)

    def test_what_a_finalizer_brings_back_to_life_has_its_elements(self):
        revived = []
        Node.alive = staticmethod(revived.append)
        nodes = self.ring(["loader", "array", "dataset", "batch"])
        del nodes
        gc.collect()
        self.assertEqual(self.released, [])
        for node in revived:
            if isinstance(node.held, headrace.Loader):
                with self.assertRaises(headrace.Closed):  # its threads are not
                    next(node.held)
        Node.alive = staticmethod(self.intact)
        self.assertTrue(self.intact(revived[0]))
        revived.clear()
        del node
        gc.collect()
        self.assertEqual(len(self.released), 1)

    def test_dropped_by_other_threads(self):
        loader = self.loader(pool_size=8)
        arrays = [[] for _ in range(4)]

        def drop(mine):
            for _ in range(100):
                batch = loader.next()
                mine.append((batch.step, batch.input[0, 0]))
                del batch
        threads = [threading.Thread(target=drop, args=(mine,)) for mine in arrays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.released), 400)
        self.assertTrue(all(first == step % 50 * 20 for mine in arrays for step, first in mine))


# Reads an array's elements where nothing was released, after the batch was filled again, and while it is idle, which is
# seen by AddressSanitizer alone.
READ = """
import os, sys
import headrace
from headrace import _library
when = sys.argv[2]
loader = headrace.Loader(sys.argv[1], batch_size=2, sequence_length=10, shuffle="none", pool_size=1, epochs=None,
                         steps=int(when == "idle"))
array = next(loader).input
if when != "held":
    _library.lib.batch_release(next(iter(loader._handle.seats)))
if when == "filled":
    again = next(loader)
while True:
    same = array.copy()[0].tolist() == list(range(10))
    if when != "idle":
        print("same" if same else "other", flush=True)
        os._exit(0)
"""


class Control(Recorded):

    def read(self, when):
        return subprocess.run([sys.executable, "-c", READ, self.path, when], capture_output=True, text=True,
        timeout=100)

    def test_a_batch_that_goes_back_too_early_is_seen(self):
        for when, expected in (("held", "same"), ("filled", "other")):
            done = self.read(when)
            self.assertEqual((done.stdout.strip(), done.returncode), (expected, 0), done.stderr)

    @unittest.skipUnless("libasan" in os.environ.get("LD_PRELOAD", ""), "without AddressSanitizer")
    def test_address_sanitizer_sees_it_at_once(self):
        self.assertIn("use-after-poison", self.read("idle").stderr)


class Ends(Recorded):
    """The end of the interpreter, exits.py says how many."""

    def end(self, *arguments):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exits.py")
        done = subprocess.run([sys.executable, program, self.path, *arguments], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_with_everything_alive_it_is_quiet(self):
        every = 1 if os.environ.get("HEADRACE_LONG_TESTS") else 12
        self.assertEqual(self.end(str(every)), f"{120 // every + 6} ends, and they said: ''\n")

    def test_a_batch_that_was_given_back_is_seen(self):
        self.assertRegex(self.end("--control"), "given_back ended with [1-9]")


if __name__ == "__main__":
    unittest.main()
