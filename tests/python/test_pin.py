"""Pinned memory and copies to a device, beside a stand-in for the CUDA driver."""
import asyncio
import ctypes
import gc
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from unittest import mock

import numpy as np

import headrace
from headrace import _cuda

import cuda_stand_in
from threads import settle

cuda = None  # the stand-in
FAR = 60  # seconds: what is waited for comes at once, or never
SHAPE = {"batch_size": 4, "sequence_length": 256}


def setUpModule():
    global cuda
    cuda = cuda_stand_in.load()
    if not cuda:
        raise unittest.SkipTest("no C compiler, or a real driver")


def wait_until(condition):
    end = time.monotonic() + FAR
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.001)


class WithFile(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "a.bin")
        np.arange(64 * 1024 + 1, dtype=np.uint16).tofile(self.path)
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self):
        cuda.stand_in_hold(0)
        wait_until(lambda: gc.collect() >= 0 and _cuda.free_pinned())
        self.assertEqual(cuda.stand_in_registered(), 0)
        self.assertEqual(cuda.stand_in_misuses(), 0)
        self.assertEqual([cuda.stand_in_primary_users(device) for device in (0, 1)],
                         [int(device in _cuda._devices) for device in (0, 1)])

    def loader(self, **options):
        return headrace.Loader(self.path, **{"pin": True, **SHAPE, **options})

    def batches(self, **options):
        return [batch.input.tobytes() for batch in self.loader(seed=5, **options)]


class Pinned(WithFile):

    def test_batches_are_the_same_and_lie_in_registered_memory(self):
        with self.loader() as loader:
            batch = next(loader)
            self.assertTrue(_cuda.is_pinned(batch.block.ctypes.data, batch.block.nbytes))
            self.assertFalse(_cuda.is_pinned(self.loader(pin=False).next().block.ctypes.data, 1))
        del batch
        self.assertEqual(self.batches(), self.batches(pin=False))

    def test_the_next_loaders_register_nothing(self):
        self.batches()
        before = cuda.stand_in_registrations()
        for _ in range(5):
            self.batches()
        self.assertEqual(cuda.stand_in_registrations(), before)

    def test_memory_in_use_is_not_given_back(self):
        loader = self.loader()
        kept = next(loader).input
        loader.close()
        del loader
        self.assertFalse(_cuda.free_pinned())
        self.assertEqual(kept.shape, (4, 256))
        self.assertGreater(cuda.stand_in_registered(), 0)
        del kept
        self.assertTrue(_cuda.free_pinned())

    def test_nor_is_memory_that_a_loader_is_about_to_take(self):
        def make(arena, create):
            self.assertFalse(_cuda.free_pinned())
            return plain(arena, create)
        plain = _cuda.Arena.make
        with mock.patch.object(_cuda.Arena, "make", make):
            self.assertEqual(len(self.batches()), 64)

    def test_what_cuda_says_is_the_error(self):
        cuda.stand_in_fail(b"cuMemHostRegister_v2", 2, 0)
        said = "cuMemHostRegister of .* CUDA_ERROR_OUT_OF_MEMORY: out of memory"
        with self.assertRaisesRegex(headrace.OutOfMemory, said):
            self.loader()
        cuda.stand_in_fail(b"cuMemHostRegister_v2", 712, 0)
        with self.assertRaisesRegex(headrace.Unsupported, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED: part or all"):
            self.loader()
        cuda.stand_in_fail(b"cuDevicePrimaryCtxRetain", 999, 0)
        self.assertTrue(_cuda.free_pinned())
        with self.assertRaisesRegex(headrace.Unsupported, "cuDevicePrimaryCtxRetain: CUDA error 999"):
            self.loader()
        self.assertEqual(len(self.batches()), 64)

    def test_the_context_is_that_of_the_thread_or_the_launcher_s_device(self):
        def device():
            self.assertTrue(_cuda.free_pinned())
            return _cuda.pinned()._arena._device
        for rank, expected in (("1", 1), ("2", 0), ("x", 0)):
            with mock.patch.dict(os.environ, LOCAL_RANK=rank):
                self.assertEqual(device(), expected, rank)
        self.assertEqual(device(), 0)
        with _cuda.driver().within(_cuda.device(1).context):
            self.assertEqual(device(), 1)

    def test_memory_goes_back_also_where_the_driver_has_ended(self):
        plain = _cuda.driver().cuMemHostUnregister
        for code, raised in ((4, False), (709, False), (700, True)):
            self.batches()
            with mock.patch.object(_cuda.driver(), "cuMemHostUnregister", lambda memory: plain(memory) or code), \
                    mock.patch.object(_cuda.lib, "batch_arena_free", wraps=_cuda.lib.batch_arena_free) as free:
                if raised:
                    self.assertRaisesRegex(headrace.Unsupported, f"CUDA error {code}", _cuda.free_pinned)
                else:
                    self.assertTrue(_cuda.free_pinned())
            free.assert_called_once()

    def test_the_library_s_errors_stay_its_own(self):
        with self.assertRaisesRegex(headrace.InvalidArgument, "pad_id"):
            self.loader(pad_id=9, vocab_size=5)

    def test_an_interrupt_while_memory_is_registered_is_raised_and_leaves_nothing(self):
        def interrupt(*_):
            raise KeyboardInterrupt

        def register(arena, *chunk):
            os.kill(os.getpid(), signal.SIGUSR1)
            return plain(arena, *chunk)
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, interrupt))
        plain = _cuda.Arena._register
        with mock.patch.object(_cuda.Arena, "_register", register), self.assertRaises(KeyboardInterrupt):
            self.loader()
        self.assertGreater(cuda.stand_in_registered(), 0)

    def test_an_interrupt_before_the_loader_is_made_leaves_the_memory_idle(self):
        with mock.patch.object(_cuda.Taker, "make", side_effect=KeyboardInterrupt), \
                self.assertRaises(KeyboardInterrupt):
            self.loader()
        self.assertTrue(_cuda.free_pinned())

    def test_a_signal_s_handler_may_make_one_while_the_first_is_made(self):
        self.assertTrue(_cuda.free_pinned())
        made = []
        self.addCleanup(made.clear)
        self.addCleanup(signal.signal, signal.SIGUSR1,
                        signal.signal(signal.SIGUSR1, lambda *_: made.append(self.loader())))
        cuda.stand_in_signal(b"cuDevicePrimaryCtxRetain")
        made.append(self.loader())
        self.assertEqual([next(loader).step for loader in made], [0, 0])

    def test_what_a_callback_raises_is_not_lost(self):
        with mock.patch.object(_cuda.Driver, "within", side_effect=ZeroDivisionError), \
                self.assertRaises(ZeroDivisionError):
            self.loader()

    def test_without_a_driver_it_is_unsupported(self):
        with mock.patch.object(_cuda, "_driver", None), \
                mock.patch.object(_cuda.ctypes, "CDLL", side_effect=OSError("libcuda.so.1: cannot open it")), \
                self.assertRaisesRegex(headrace.Unsupported, "driver of an NVIDIA GPU: libcuda.so.1: cannot open it"):
            self.loader()

    def test_a_forked_child_has_no_pinned_memory(self):
        loader = self.loader()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads, which stay in the parent
            settle()
            child = os.fork()
        if child == 0:
            try:
                self.loader()
            except headrace.Unsupported as error:
                os._exit(0 if "forked from one that uses it" in str(error) else 1)
            os._exit(2)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(next(loader).step, 0)

    def test_at_the_end_of_the_interpreter_what_is_not_in_use_is_given_back(self):
        program = """if True:
            import atexit, os, sys
            sys.path.insert(0, sys.argv[1])
            import cuda_stand_in
            cuda = cuda_stand_in.load()
            atexit.register(lambda: print(cuda.stand_in_registered(), cuda.stand_in_misuses(), flush=True))
            import headrace
            child = os.fork()  # before there is a loader
            loader = headrace.Loader(sys.argv[2], batch_size=4, sequence_length=256, pin=True)
            kept = next(loader).input
            if child:
                os.waitpid(child, 0)
                loader.close()
                del loader, kept"""
        done = subprocess.run([sys.executable, "-c", program, os.path.dirname(__file__), self.path],
                              stdout=subprocess.PIPE, timeout=FAR, check=True)
        self.assertEqual(done.stdout.decode().splitlines(), ["1 0", "0 0"])


class Sending(WithFile):
    """Batches sent to a device by a stream."""

    def setUp(self):
        super().setUp()
        self.device = _cuda.device(1)
        self.stream, self.places = ctypes.c_void_p(), []
        with _cuda.driver().within(self.device.context):
            self.assertEqual(_cuda.driver().cuStreamCreate(ctypes.byref(self.stream), 1), 0)

    def send(self, batch):
        there = np.zeros(batch.block.nbytes, dtype=np.uint8)
        self.places.append(there)
        self.send_to(there, batch)
        return there

    def send_to(self, there, batch):
        self.device.send(batch._pointer, batch.block, batch.block.ctypes.data, batch.block.nbytes, there.ctypes.data,
                         self.stream.value)

    def test_a_batch_goes_back_when_its_copy_is_done_and_not_earlier(self):
        loader = self.loader(pool_size=1)
        cuda.stand_in_hold(1)
        batch = next(loader)
        there, sent = self.send(batch), batch.block.copy()
        del batch
        with self.assertRaises(headrace.TimedOut), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loader.next(timeout=0.05)
        self.assertFalse(there.any())
        cuda.stand_in_hold(0)
        loader.next(timeout=FAR)
        np.testing.assert_array_equal(there, sent)

    def test_it_goes_back_without_python_once_somebody_has_waited(self):
        loader, before = self.loader(pool_size=1), cuda.stand_in_host_functions()
        cuda.stand_in_hold(1)
        self.send(next(loader))
        with self.assertRaises(headrace.TimedOut):
            loader.next(timeout=0)
        cuda.stand_in_hold(0)
        wait_until(lambda: cuda.stand_in_host_functions() > before)
        loader.next(timeout=FAR)

    def test_an_event_loop_gets_it_too(self):
        async def second(loader):
            self.send(await loader.__anext__())
            return await loader.__anext__()
        self.assertEqual(asyncio.run(asyncio.wait_for(second(self.loader(pool_size=1)), FAR)).step, 1)

    def test_who_polls_gets_it_too(self):
        loader = self.loader(pool_size=1)
        self.send(next(loader))
        while loader.arm():
            self.assertTrue(select.select([loader], [], [], FAR)[0])
        self.assertEqual(loader.next(timeout=0).step, 1)

    def test_the_next_one_that_is_sent_lets_go_of_it(self):
        loader, before = self.loader(pool_size=8), cuda.stand_in_host_functions()
        self.send(next(loader))
        self.synchronize()
        cuda.stand_in_hold(1)
        self.send(next(loader))
        self.assertEqual((len(self.device._sent), cuda.stand_in_host_functions()), (1, before))

    def test_a_batch_that_is_kept_stays_when_its_copy_is_done(self):
        loader = self.loader(pool_size=2)
        batch = next(loader)
        sent = batch.block.copy()
        there = self.send(batch)
        for other in loader:
            del other
        self.synchronize()
        np.testing.assert_array_equal(batch.block, sent)
        np.testing.assert_array_equal(there, sent)

    def test_all_batches_of_a_run_arrive(self):
        expected = self.batches(pin=False, pool_size=3)
        found = []
        for batch in self.loader(seed=5, pool_size=3):
            found.append((self.send(batch), batch.input.size * 4))
        del batch
        wait_until(lambda: _cuda.hand_over() or _cuda._arena.idle())
        self.assertEqual([there[:size].tobytes() for there, size in found], expected)

    def test_threads_may_send_at_once(self):
        expected = sorted(self.batches(pin=False, pool_size=5))
        found = []
        loader = self.loader(seed=5, pool_size=5)

        def run():
            for batch in loader:
                found.append((self.send(batch), batch.input.size * 4))
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(FAR)
        loader.close()
        del loader, run, threads, thread
        wait_until(lambda: _cuda.hand_over() or _cuda._arena.idle())
        self.assertEqual(sorted(there[:size].tobytes() for there, size in found), expected)

    def test_where_the_driver_refuses_the_copy_has_ended_and_the_batch_is_the_caller_s(self):
        loader = self.loader(pool_size=1)
        batch = next(loader)
        sent = batch.block.copy()
        cuda.stand_in_fail(b"cuEventRecord", 2, 0)
        there = np.zeros(batch.block.nbytes, dtype=np.uint8)
        with self.assertRaisesRegex(headrace.OutOfMemory, "cuEventRecord: CUDA_ERROR_OUT_OF_MEMORY"):
            self.send_to(there, batch)
        np.testing.assert_array_equal(there, sent)
        del batch
        loader.next(timeout=FAR)

    def test_who_waits_hears_that_the_driver_refuses_to_take_over(self):
        for function in (b"cuStreamWaitEvent", b"cuLaunchHostFunc"):
            loader = self.loader(pool_size=1)
            cuda.stand_in_hold(1)
            self.send(next(loader))
            cuda.stand_in_fail(function, 2, 0)
            with self.assertRaisesRegex(headrace.OutOfMemory, function.decode() + ": CUDA_ERROR_OUT_OF_MEMORY"):
                loader.next(timeout=FAR)
            cuda.stand_in_hold(0)
            loader.next(timeout=FAR)

    def synchronize(self):
        with _cuda.driver().within(self.device.context):
            for stream in self.stream, self.device._returns:
                _cuda.driver().cuStreamSynchronize(stream)

    def context(self):
        current = ctypes.c_void_p()
        _cuda.driver().cuCtxGetCurrent(ctypes.byref(current))
        return current.value

    def test_a_signal_between_any_two_lines_loses_no_batch(self):
        self.there = np.zeros(1 << 16, dtype=np.uint8)
        for call in (self.send_next, self.hand_over_next):
            loader, at = self.loader(pool_size=1, epochs=None), 0
            while self.is_interrupted(at, call, loader.next(timeout=FAR)):
                self.synchronize()
                at += 1
            self.assertGreater(at, 8)

    def send_next(self, batch, traced):
        traced(lambda: self.send_to(self.there, batch))

    def hand_over_next(self, batch, traced):
        cuda.stand_in_hold(1)
        try:
            self.send_to(self.there, batch)
            del batch
            traced(_cuda.hand_over)
        finally:
            cuda.stand_in_hold(0)

    def is_interrupted(self, at, call, batch):
        """Whether the call has so many lines of Device's: one is interrupted."""
        left, codes = at, [function.__code__ for function in vars(_cuda.Device).values() if hasattr(function, "__code__")]

        def trace(frame, event, _):
            nonlocal left
            if frame.f_code not in codes:
                return None
            if event == "line":
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
            return trace

        def traced(what):
            sys.settrace(trace)
            try:
                what()
            finally:
                sys.settrace(None)
        try:
            call(batch, traced)
            return False
        except KeyboardInterrupt:
            return True

    def test_a_signal_within_a_call_leaves_no_context_and_no_copy_under_way(self):
        def interrupt(*_):
            raise KeyboardInterrupt
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, interrupt))
        loader, there = self.loader(pool_size=1), np.zeros(1 << 16, dtype=np.uint8)
        for function in ("cuCtxGetCurrent", "cuCtxSetCurrent", "cuStreamIsCapturing", "cuEventCreate",
                         "cuMemcpyHtoDAsync_v2", "cuEventRecord", "cuStreamWaitEvent", "cuLaunchHostFunc"):
            self.device._events.clear()
            batch, there[:] = loader.next(timeout=FAR), 0
            cuda.stand_in_signal(function.encode())
            late = function in ("cuStreamWaitEvent", "cuLaunchHostFunc")  # called for what is still under way
            cuda.stand_in_hold(late)
            with self.assertRaises(KeyboardInterrupt):
                self.send_to(there, batch)
                _cuda.hand_over()
            self.assertIsNone(self.context(), function)
            if late:
                cuda.stand_in_hold(0)
                self.synchronize()
            if "Memcpy" in function or there.any():
                np.testing.assert_array_equal(there[:batch.block.nbytes], batch.block, function)
            del batch

    def test_a_stream_that_is_captured_takes_no_batch(self):
        batch, before = next(self.loader()), cuda.stand_in_copies()
        cuda.stand_in_capture(self.stream)
        self.addCleanup(cuda.stand_in_capture, None)
        with self.assertRaisesRegex(headrace.Unsupported, "CUDA graph"):
            self.send(batch)
        self.assertEqual(cuda.stand_in_copies(), before)

    def test_the_stand_in_notices_memory_that_is_not_registered_and_calls_from_host_functions(self):
        batch = next(self.loader(pin=False))
        with self.assertRaisesRegex(headrace.Unsupported, "cuMemcpyHtoDAsync: CUDA_ERROR_INVALID_VALUE"):
            self.send(batch)
        self.assertEqual(cuda.stand_in_misuses(), 1)
        driver = _cuda.driver()
        with driver.within(self.device.context):
            driver.cuLaunchHostFunc(self.stream, ctypes.cast(driver.cuStreamSynchronize, ctypes.c_void_p), None)
            driver.cuStreamSynchronize(self.stream)
        self.assertEqual(cuda.stand_in_misuses(), 1)


if __name__ == "__main__":
    unittest.main()
