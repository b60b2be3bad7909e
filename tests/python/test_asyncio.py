"""A loader in event loops: it waits by a descriptor, for any tasks and loops, and leaves nothing in a loop."""
import asyncio
import select
import threading
import unittest
import warnings

import headrace
from headrace import _waiting

from support import WithTokens


class Asyncio(WithTokens):
    OPTIONS = dict(WithTokens.OPTIONS, pool_size=2)

    def run_all(self, main):
        """In a loop with asyncio's own checks and in one without. Nothing may be left to watch."""
        for debug in (False, True):
            async def check():
                loop = asyncio.get_running_loop()
                before = len(loop._selector.get_map())
                found = await asyncio.wait_for(main(), 100)
                self.assertEqual(len(loop._selector.get_map()), before)
                return found
            asyncio.run(check(), debug=debug)

    def test_all_batches_in_order_and_again(self):
        async def main():
            loader = self.loader()
            for epoch in range(2):
                steps = [(batch.epoch, batch.step) async for batch in loader]
                self.assertEqual(steps, [(epoch, step) for step in range(50)])
            self.assertFalse(loader._handle.watches)
        self.run_all(main)

    def test_a_wait_lets_the_loop_go_on_and_does_not_turn_it(self):
        async def main():
            loader = self.loader(epochs=None)
            held = [await loader.__anext__(), await loader.__anext__()]
            asking = asyncio.ensure_future(loader.__anext__())
            watch = None
            while watch is None or not watch.waiting:
                await asyncio.sleep(0)
                watch = loader._handle.watches.get(asyncio.get_running_loop())
            woken = []
            watch.readable = lambda wake=watch.readable: (woken.append(1), wake())
            await asyncio.sleep(0.05)
            self.assertFalse(asking.done())
            self.assertEqual(woken, [])
            held.clear()
            self.assertEqual((await asking).step, 2)
        self.run_all(main)

    def test_several_tasks_get_distinct_batches(self):
        async def main():
            loader = self.loader(epochs=3, pool_size=8)
            came = []

            async def take():
                async for batch in loader:
                    came.append((batch.epoch, batch.step))
                    await asyncio.sleep(0)  # with the batch: tasks wait, and are woken together
            await asyncio.gather(*(take() for _ in range(5)))
            self.assertEqual(sorted(came), [(epoch, step) for epoch in range(3) for step in range(50)])
        self.run_all(main)

    def test_loops_of_several_threads_share_it(self):
        loader = self.loader(epochs=6, pool_size=8)
        came = []

        async def take():
            try:
                while True:  # a `for` that began after the others' end would go on with the next epochs
                    batch = await loader.__anext__()
                    came.append((batch.epoch, batch.step))
                    await asyncio.sleep(0)
            except StopAsyncIteration:
                pass

        async def two():
            await asyncio.wait_for(asyncio.gather(take(), take()), 100)
        threads = [threading.Thread(target=asyncio.run, args=(two(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(came), [(epoch, step) for epoch in range(6) for step in range(50)])
        self.assertFalse(loader._handle.watches)

    def test_a_cancelled_wait_loses_nothing(self):
        async def main():
            loader = self.loader(epochs=None)
            held = [await loader.__anext__(), await loader.__anext__()]
            tasks = [asyncio.ensure_future(loader.__anext__()) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            tasks[2].cancel()
            await asyncio.sleep(0)
            held.clear()
            self.assertEqual((await tasks.pop(1)).step, 2)  # a task holds what it answered
            for cancelled in tasks:
                with self.assertRaises(asyncio.CancelledError):
                    await cancelled
            with self.assertRaises(asyncio.TimeoutError):
                held = [await loader.__anext__()]
                held.append(await loader.__anext__())
                await asyncio.wait_for(loader.__anext__(), 0.01)
            self.assertFalse(loader._handle.watches)
            held.clear()
            self.assertEqual((await loader.__anext__()).step, 5)
        self.run_all(main)

    def test_close_ends_a_wait(self):
        async def main():
            loader = self.loader(epochs=None)
            held = [await loader.__anext__(), await loader.__anext__()]
            tasks = [asyncio.ensure_future(loader.__anext__()) for _ in range(3)]
            await asyncio.sleep(0)
            threading.Thread(target=loader.close).start()
            for task in tasks:
                with self.assertRaises(headrace.Closed):
                    await task
            self.assertEqual(held[0].step, 0)
        self.run_all(main)

    def test_who_waits_goes_on_where_the_loader_has_been_put(self):
        async def main():
            loader = self.loader(epochs=None)
            state = loader.state_dict()
            held = [await loader.__anext__(), await loader.__anext__()]
            task = asyncio.ensure_future(loader.__anext__())
            await asyncio.sleep(0)
            loader.load_state_dict(state)
            self.assertEqual((await task).step, 0)
            self.assertEqual(len(held), 2)
        self.run_all(main)

    def test_who_begins_to_wait_there_meanwhile_waits_for_the_right_descriptor(self):
        self.addCleanup(setattr, _waiting, "_SILENT_NS", _waiting._SILENT_NS)
        _waiting._SILENT_NS = 10**15  # nothing but the descriptor ends a wait

        async def wait(loader):
            await loader.__anext__()

        async def main():
            loader = self.loader(epochs=None)
            state = loader.state_dict()
            held = [await loader.__anext__(), await loader.__anext__()]
            tasks = [asyncio.ensure_future(wait(loader)) for _ in range(3)]
            await asyncio.sleep(0.01)
            loader.load_state_dict(state)
            held += [next(loader), next(loader)]
            tasks += [asyncio.ensure_future(wait(loader)) for _ in range(3)]
            await asyncio.sleep(0.05)
            held.clear()
            await asyncio.gather(*tasks)
        self.run_all(main)

    def test_a_fault_is_raised(self):
        async def main():
            loader = self.loader(vocab_size=500)
            steps = []
            with self.assertRaisesRegex(headrace.OutOfRange, "500"):
                async for batch in loader:
                    steps.append(batch.step)
            self.assertEqual(steps, list(range(24)))
        self.run_all(main)

    def test_a_wait_that_can_never_end_says_so(self):
        self.addCleanup(setattr, _waiting, "_SILENT_NS", _waiting._SILENT_NS)
        _waiting._SILENT_NS = 10_000_000

        async def main():
            loader = self.loader(epochs=None)
            held = [await loader.__anext__(), await loader.__anext__()]
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(loader.__anext__(), 0.2)
            said = [warning.category for warning in said if "pool_size" in str(warning.message)]
            self.assertEqual(said, [RuntimeWarning])
            self.assertEqual(len(held), 2)
        self.run_all(main)

    def test_a_loop_that_is_gone_leaves_nothing(self):
        loader = self.loader(epochs=None)
        loop = asyncio.new_event_loop()

        async def wait():
            held = [await loader.__anext__(), await loader.__anext__()]
            await loader.__anext__()
            return held
        coroutine = wait()
        task = loop.create_task(coroutine)
        while loop not in loader._handle.watches or loader._handle.held() < 2:
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        task._log_destroy_pending = False
        coroutine.close()  # as the end of the interpreter does
        self.assertFalse(loader._handle.watches)
        self.assertEqual(next(loader).step, 2)

    def test_by_hand_with_the_descriptor(self):
        loader = self.loader()
        steps = []
        poll = select.poll()
        poll.register(loader, select.POLLIN)
        try:
            while True:
                try:
                    steps.append(loader.next(timeout=0).step)
                except headrace.TimedOut:
                    if loader.arm():
                        self.assertTrue(poll.poll(100_000))
        except StopIteration:
            pass
        self.assertEqual(steps, list(range(50)))


if __name__ == "__main__":
    unittest.main()
