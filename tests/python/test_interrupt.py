"""Waiting: Ctrl-C ends it and loses nothing, other threads run meanwhile, and a wait that can never end says so."""
import gc
import os
import signal
import sys
import threading
import time
import unittest
import unittest.mock
import warnings

import numpy as np

import headrace
from headrace import _handle, _library, _waiting

from support import WithTokens

PACKAGE = os.path.dirname(headrace.__file__)


class Interrupt(Exception):
    """What the test's signal handler raises."""


class Waiting(WithTokens):
    OPTIONS = dict(WithTokens.OPTIONS, pool_size=2, epochs=None)

    def silent(self):
        """So that a wait for nothing does not warn of it."""
        before, _waiting._SILENT_NS = _waiting._SILENT_NS, 10**18
        self.addCleanup(setattr, _waiting, "_SILENT_NS", before)

    def interrupted(self, send):
        """A wait that nothing else ends, with a thread beside it that runs `send` as soon as it waits."""
        self.silent()
        loader = self.loader()
        held = [next(loader), next(loader)]

        def when_it_waits():
            while loader.stats().trainer_wait_ns == before:  # what a slice of the wait has added
                pass
            send()
        before = loader.stats().trainer_wait_ns
        thread = threading.Thread(target=when_it_waits)
        thread.start()
        with self.assertRaises(KeyboardInterrupt):
            next(loader)
        thread.join()
        held.clear()
        self.assertEqual(next(loader).step, 2)

    def test_ctrl_c_ends_a_wait(self):
        self.interrupted(lambda: os.kill(os.getpid(), signal.SIGINT))

    def test_a_wait_in_the_main_thread_looks_for_them_within_a_tenth_of_a_second(self):
        asked = []

        def wait(handle, batch, until):
            asked.append(until - time.monotonic_ns())
            return before(handle, batch, until)
        before, loader = _waiting.take_waiting, self.loader()
        with unittest.mock.patch.object(_waiting, "take_waiting", wait):
            held = [next(loader), next(loader)]
            with self.assertRaises(headrace.TimedOut):
                loader.next(timeout=0.2)
        self.assertGreater(len(asked), 1)
        self.assertLess(max(asked), 100_000_000)
        held.clear()

    def test_also_when_another_thread_gets_the_signal(self):
        self.interrupted(lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))

    def test_a_handler_of_the_programs_runs_and_the_wait_goes_on(self):
        self.silent()
        loader = self.loader()
        held = [next(loader), next(loader)]
        before = signal.signal(signal.SIGALRM, lambda *_: held.clear())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        self.assertEqual(next(loader).step, 2)
        self.assertEqual(held, [])

    @unittest.skipIf(sys.version_info < (3, 11), "signals are seen between any two instructions, the last ones too")
    def test_no_batch_is_lost_or_doubled_wherever_a_signal_comes(self):
        loader = self.loader(batch_size=1, pool_size=3)
        came = []

        def raise_in_the_package(_, frame):
            if frame.f_code.co_filename.startswith(PACKAGE):
                came.append(frame.f_lineno)
                raise Interrupt
        before = signal.signal(signal.SIGALRM, raise_in_the_package)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        steps = []
        signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
        while len(came) < 300:
            batch = None
            try:
                batch = loader.next()
            except Interrupt:
                pass
            if batch is not None:
                steps.append(int(batch._root[:4].view(np.int32)[0]))  # by no line of the package
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertEqual(steps, [10 * (i % 100) for i in range(len(steps))])

    def test_a_batch_that_one_kept_back_goes_with_its_loader(self):
        def raise_interrupt(handle, out):
            raise Interrupt
        before = _library.lib.batch_count_live()
        loader = self.loader()
        with unittest.mock.patch.object(_handle.Handle, "_batch", raise_interrupt):
            with self.assertRaises(Interrupt):
                next(loader)
        loader.close()
        self.assertEqual(_library.lib.batch_count_live(), before)

    def test_a_step_that_is_made_again_meanwhile_is_freed(self):
        def raise_interrupt(pointer):
            raise Interrupt
        loader = self.loader()
        next(loader)
        before = _library.lib.batch_count_live()
        with unittest.mock.patch.object(_handle, "CopiedSeat", raise_interrupt):
            with self.assertRaises(Interrupt):
                loader.replay(0, 3)
        self.assertEqual(_library.lib.batch_count_live(), before)
        batch = loader.replay(0, 3)
        self.assertEqual(_library.lib.batch_count_live(), before + 1)
        del batch
        self.assertEqual(_library.lib.batch_count_live(), before)

    def test_where_one_comes_while_a_loader_is_made_that_is_freed(self):
        def raise_interrupt(handle):
            raise Interrupt
        dataset = headrace.Dataset(self.path)
        before = _library.lib.batch_count_live()
        with unittest.mock.patch.object(_handle.Handle, "stats", raise_interrupt):
            try:
                headrace.Loader(dataset, batch_size=2, sequence_length=10)
            except Interrupt as error:
                raised = error  # with all frames
        self.assertEqual(_library.lib.batch_count_live(), before)
        self.assertIsNotNone(raised.__traceback__)

    def test_close_from_another_thread_ends_it(self):
        loader = self.loader()
        held = [next(loader), next(loader)]
        before = loader.stats().trainer_wait_ns

        def when_it_waits():
            while loader.stats().trainer_wait_ns == before:
                pass
            loader.close()
        thread = threading.Thread(target=when_it_waits)
        thread.start()
        with self.assertRaises(headrace.Closed):
            next(loader)
        thread.join()
        with self.assertRaises(headrace.Closed):
            next(loader)
        self.assertEqual(held[0].input[0, 0], 0)

    def test_who_waits_goes_on_where_another_thread_has_put_the_loader(self):
        loader = self.loader()
        state = loader.state_dict()
        held = [next(loader), next(loader)]
        before = loader.stats().trainer_wait_ns
        thread = threading.Thread(target=lambda: held.append(next(loader)))
        thread.start()
        while loader.stats().trainer_wait_ns == before:
            pass
        loader.load_state_dict(state)
        thread.join()
        self.assertEqual([batch.step for batch in held], [0, 1, 0])

    def test_other_threads_run_during_a_wait(self):
        loader = self.loader()
        held = [next(loader), next(loader)]
        threading.Thread(target=held.clear).start()  # which must run for this to end
        self.assertEqual(next(loader).step, 2)

    def test_a_wait_ends_at_its_time(self):
        loader = self.loader()
        held = [next(loader), next(loader)]
        for timeout in (0, 0.001, 0.07):
            with self.assertRaisesRegex(headrace.TimedOut, "2 of the loader's 2 batches are held"):
                loader.next(timeout=timeout)
        del held[0]
        self.assertEqual(loader.next(timeout=float("inf")).step, 2)
        for bad in (-1, float("nan"), "1"):
            with self.assertRaisesRegex((headrace.InvalidArgument, TypeError), "timeout is"):
                loader.next(timeout=bad)

    def test_batches_held_by_a_cycle_are_found(self):
        gc.disable()
        self.addCleanup(gc.enable)
        loader = self.loader()
        for _ in range(2):
            cycle = [next(loader)]
            cycle.append(cycle)
        del cycle
        self.assertEqual(next(loader).step, 2)

    def test_a_wait_that_can_never_end_says_so_once(self):
        self.addCleanup(setattr, _waiting, "_SILENT_NS", _waiting._SILENT_NS)
        _waiting._SILENT_NS = 10_000_000
        loader = self.loader()
        held = [next(loader), next(loader)]
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for _ in range(2):
                with self.assertRaises(headrace.TimedOut):
                    loader.next(timeout=0.2)
        self.assertEqual([warning.category for warning in said], [RuntimeWarning])
        self.assertRegex(str(said[0].message), "all 2 that the loader has are held.*step 0 of epoch 0.*pool_size")
        self.assertEqual(said[0].filename, __file__)
        self.assertEqual(len(held), 2)

    def test_where_warnings_are_errors_it_ends_a_list_of_all_batches(self):
        self.addCleanup(setattr, _waiting, "_SILENT_NS", _waiting._SILENT_NS)
        _waiting._SILENT_NS = 10_000_000
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaisesRegex(RuntimeWarning, "pool_size"):
                list(self.loader(epochs=1))

    def test_with_a_batch_to_come_nothing_is_said(self):
        self.addCleanup(setattr, _waiting, "_SILENT_NS", _waiting._SILENT_NS)
        _waiting._SILENT_NS = 0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(sum(1 for _ in self.loader(epochs=2)), 100)


if __name__ == "__main__":
    unittest.main()
