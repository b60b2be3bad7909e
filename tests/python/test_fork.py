"""Processes: a fork of one that has a Loader is told so at once, and spawned ones cannot get it."""
import copy
import gc
import json
import multiprocessing
import os
import pickle
import threading
import unittest

import headrace

from support import WithTokens
from threads import settle


class Fork(WithTokens):

    def setUp(self):
        super().setUp()
        self.dataset = headrace.Dataset(self.path)
        self.loader = headrace.Loader(self.dataset, batch_size=2, sequence_length=10, shuffle="none", epochs=None)
        self.addCleanup(self.loader.close)

    def in_fork(self, run):
        """What run() answers in a fork, by JSON."""
        reading, writing = os.pipe()
        settle()
        child = os.fork()
        if child == 0:
            try:
                answer = run()
            except BaseException as error:
                answer = repr(error)
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
        os.close(writing)
        with open(reading) as pipe:
            answer = json.load(pipe)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        return answer

    def test_every_call_says_what_to_do(self):
        loader, batch, state = self.loader, next(self.loader), self.loader.state_dict()

        async def iterate():
            async for _ in loader:
                pass

        def step(coroutine):
            coroutine.send(None)
        calls = {"next": lambda: next(loader), "for": lambda: list(loader), "timeout": lambda: loader.next(timeout=0),
                 "async": lambda: step(iterate()), "state_dict": loader.state_dict, "stats": loader.stats,
                 "load_state_dict": lambda: loader.load_state_dict(state), "replay": lambda: loader.replay(0, 0),
                 "places": lambda: loader.places(batch), "fileno": loader.fileno, "arm": loader.arm,
                 "epoch": lambda: loader.epoch}

        def call_all():
            answers = {}
            for name, call in calls.items():
                try:
                    answers[name] = repr(call())
                except headrace.ForkError as error:
                    answers[name] = str(error)
            return answers
        for name, answer in self.in_fork(call_all).items():
            with self.subTest(name):
                self.assertRegex(answer, f"made in process {os.getpid()}.*make a Loader here, in the child")

    def test_batches_that_are_out_can_be_read_and_dropped_there(self):
        batch = next(self.loader)
        array = next(self.loader).target

        def look():
            nonlocal array, batch
            seen = batch.input[1].tolist() + array[0].tolist()
            del array
            batch.release()
            return seen
        self.assertEqual(self.in_fork(look), list(range(10, 20)) + list(range(21, 31)))
        self.assertEqual(batch.input[1, 0], 10)
        self.assertEqual(next(self.loader).step, 2)

    def test_it_can_be_dropped_and_closed_there_and_another_made(self):
        batch = next(self.loader)

        def drop():
            with self.loader:
                pass
            self.loader = None
            gc.collect()
            with headrace.Loader(self.dataset, batch_size=1, sequence_length=10, shuffle="none") as own:
                first = next(own).input[0].tolist()
            return first + batch.input[0].tolist()
        self.assertEqual(self.in_fork(drop), 2 * list(range(10)))
        self.assertEqual(next(self.loader).step, 1)

    def test_it_can_be_closed_there_while_another_thread_makes_the_next_loader(self):
        def close():
            thread = threading.Thread(target=self.loader.close)
            thread.start()
            thread.join()
            return "closed"
        with self.loader._changing:
            self.assertEqual(self.in_fork(close), "closed")

    def test_what_needs_no_workers_is_known_there(self):
        self.assertEqual(self.in_fork(lambda: [self.loader.epoch_steps, self.loader.epoch_rows, self.loader.world]),
                         [50, 100, 1])

    def test_while_other_threads_wait(self):
        held = [next(self.loader) for _ in range(4)]
        before = self.loader.stats().trainer_wait_ns
        thread = threading.Thread(target=lambda: held.append(next(self.loader)))
        thread.start()
        while self.loader.stats().trainer_wait_ns == before:
            pass

        def refused():
            try:
                next(self.loader)
            except headrace.ForkError:
                return "refused"
        self.assertEqual(self.in_fork(refused), "refused")
        del held[0]
        thread.join()
        self.assertEqual(held[-1].step, 4)

    def test_it_cannot_be_sent_to_another(self):
        for refused in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaisesRegex(TypeError, "make it in the process that uses it.*headrace.torch.Dataset"):
                refused(self.loader)
        with self.assertRaisesRegex(TypeError, "make it in the process"):
            multiprocessing.get_context("spawn").Process(target=print, args=(self.loader,)).start()

    def test_a_process_of_multiprocessing_makes_its_own(self):
        for method in ("fork", "spawn"):
            context = multiprocessing.get_context(method)
            answers = context.SimpleQueue()
            process = context.Process(target=first_row, args=(self.path, answers))
            settle()
            process.start()
            self.assertEqual(answers.get(), list(range(10)))
            process.join()
            self.assertEqual(process.exitcode, 0)


def first_row(path, answers):
    with headrace.Loader(path, batch_size=2, sequence_length=10, shuffle="none") as loader:
        answers.put(next(loader).input[0].tolist())


if __name__ == "__main__":
    unittest.main()
