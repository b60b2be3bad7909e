"""The loader, as a program in Python sees it: options, sources, rounds, ranks, threads, statistics."""
import inspect
import logging
import os
import sys
import threading
import types
import unittest
from unittest import mock

import numpy as np

import headrace
from headrace import _declarations, _making

from support import WithTokens


class WithFiles(WithTokens):

    def setUp(self):
        super().setUp()
        for name in ("RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"):
            os.environ.pop(name, None)


def ids(loader):
    return [int(row[0]) for batch in loader for row in batch.input if row[1]]


class Loader(WithFiles):

    def test_rows_in_file_order_are_the_windows_of_the_file(self):
        with self.loader() as loader:
            rows = [row.copy() for batch in loader for row in batch.input]
        self.assertEqual(np.concatenate(rows).tolist(), list(range(1000)))

    def test_targets_are_the_ids_behind(self):
        for batch in self.loader(batch_size=4, sequence_length=25, shuffle="all", seed=3):
            np.testing.assert_array_equal(batch.target, batch.input + 1)

    def test_its_options_are_those_of_c_and_their_defaults(self):
        given = inspect.signature(headrace.Loader).parameters
        fields = {name for name, _ in _declarations.LoaderOptions._fields_}
        hidden = {"size", "num_transforms", "num_skips", "pool", "pool_options"}
        self.assertEqual(fields - hidden, set(given) - {"sources", "huge_pages", "numa_node", "pin"})
        self.assertEqual([name for name, one in given.items() if one.default is one.empty],
                         ["sources", "batch_size", "sequence_length"])
        for name in fields - hidden - {"batch_size", "sequence_length", "rank", "world", "epochs", "resume"}:
            with self.subTest(name):  # 0 of C: the first word of an enum
                words = _declarations.LoaderOptions.NAMES.get(name)
                self.assertIn(given[name].default, [words[0]] if words else [0, False, ()])

    def test_every_option_reaches_the_library(self):
        seen = {}
        make = _making.make

        def look(datasets, options, *others):
            seen.update({name: getattr(options, name) for name, _ in options._fields_})
            return make(datasets, options, *others)
        with mock.patch.object(_making, "make", look):
            loader = self.loader(vocab_size=5000, id_type="int64", mask_type="uint8", with_documents=True, workers=2,
                                 pool_size=5, seed=9, shuffle="blocks", block_rows=7, pad_id=3, epochs=4, steps=11,
                                 drop_last=True, rank=1, world=3, as_they_come=True, faults="skip",
                                 with_cu_seqlens=True, resident_bytes=1 << 20, ignore_masked=True, max_sequences=8,
                                 skips=[(0, 3, 2), (1, 0, 1)],
                                 transforms=[headrace.transforms.mask(probability=0.5, mask_id=1, vocab_size=5000)],
                                 huge_pages=True, context_rank=0, context_world=1)
        expected = dict(vocab_size=5000, id_type=1, mask_type=4, with_documents=True, workers=2, pool_size=5, seed=9,
                        shuffle=1, block_rows=7, pad_id=3, epochs=4, steps=11, drop_last=True, rank=1, world=3,
                        as_they_come=True, faults=1, with_cu_seqlens=True, resident_bytes=1 << 20, ignore_masked=True,
                        max_sequences=8, num_skips=2, num_transforms=1, context_world=1)
        self.assertEqual({name: seen[name] for name in expected}, expected)
        self.assertEqual([(s.epoch, s.first, s.count) for s in seen["skips"][:2]], [(0, 3, 2), (1, 0, 1)])
        self.assertTrue(seen["pool_options"].contents.huge_pages)
        batch = next(loader)
        self.assertEqual((batch.input.dtype, batch.mask.dtype), (np.int64, np.uint8))
        self.assertTrue((batch.target[batch.mask == 0] == -100).all())

    def test_what_is_wrong_is_said_by_name(self):
        for options, error, sentence in (
                (dict(batch_size=0), headrace.InvalidArgument, "batch_size is 0"),
                (dict(shuffle="some"), headrace.InvalidArgument, "shuffle is 'some', expected 'all', 'blocks'"),
                (dict(workers=-1), headrace.InvalidArgument, "workers is -1"),
                (dict(epochs=0), headrace.InvalidArgument, "epochs is 0, expected 1 to"),
                (dict(steps="3"), TypeError, "steps is '3'"),
                (dict(rank=1), headrace.InvalidArgument, "rank is 1 and world is None"),
                (dict(rank=3, world=3), headrace.InvalidArgument, "rank is 3"),
                (dict(skips=[3]), headrace.InvalidArgument, r"skips\[0\] is 3"),
                (dict(skips=[(1, 2)]), headrace.InvalidArgument, r"skips\[0\] is \(1, 2\)"),
                (dict(transforms=[print]), TypeError, r"transforms\[0\]"),
                (dict(resume="nothing-there"), headrace.FileError, "nothing-there"),
                (dict(huge_pages=True, pin=True), headrace.InvalidArgument, "huge_pages is True beside pin"),
                (dict(numa_node=-1), headrace.InvalidArgument, "numa_node is -1")):
            with self.subTest(options), self.assertRaisesRegex(error, sentence):
                self.loader(**options)
        for sources, error, sentence in ((7, TypeError, "sources is 7"), ([], headrace.InvalidArgument, "is empty"),
                                         ("nowhere.bin", headrace.FileError, "nowhere.bin"),
                                         ([("a", 1, 2)], headrace.InvalidArgument, "pair"),
                                         ({self.path: -1}, headrace.InvalidArgument, "weight of .* is -1"),
                                         ({self.path: 0}, headrace.InvalidArgument, "weight of .* is 0"),
                                         ({self.path: "x"}, TypeError, "weight of .* is 'x'"),
                                         ({}, headrace.InvalidArgument, "empty")):
            with self.subTest(sources), self.assertRaisesRegex(error, sentence):
                self.loader(sources)

    def test_when_it_is_closed_every_call_says_so(self):
        loader = self.loader()
        batch = next(loader)
        loader.close()
        loader.close()
        for call in (loader.__next__, loader.next, loader.stats, loader.state_dict, loader.arm,
                     lambda: loader.replay(0, 0), lambda: loader.places(batch), loader.fileno,
                     lambda: list(loader), lambda: loader.epoch_steps):
            with self.assertRaisesRegex(headrace.Closed, "the loader is closed"):
                call()
        self.assertEqual(batch.input[0, 1], 1)


class Sources(WithFiles):

    def test_paths_are_one_stream(self):
        other = self.tokens("b.bin", range(1001, 1200))
        for sources in ([self.path, other], (os.fsencode(self.path), other), headrace.Dataset([self.path, other])):
            self.assertEqual(ids(self.loader(sources))[-2:], [1180, 1190])

    def test_datasets_in_a_list_give_every_row_once(self):
        other = headrace.Dataset(self.tokens("b.bin", range(5000, 5051)))
        seen = ids(self.loader([self.path, other], shuffle="all"))
        self.assertEqual(sorted(seen), list(range(0, 1000, 10)) + list(range(5000, 5050, 10)))

    def test_a_mix_has_its_shares(self):
        other = self.tokens("b.bin", range(5000, 6001))
        many = headrace.Dataset([self.tokens("c.bin", range(9000, 9501)), self.tokens("d.bin", range(9501, 10001))])
        for sources in ({self.path: 3, other: 1}, [(self.path, 3.0), ([other], 1)], [(self.path, 0.75), (many, 0.25)]):
            seen = ids(self.loader(sources, shuffle="all"))
            self.assertAlmostEqual(sum(first < 5000 for first in seen) / len(seen), 0.75, delta=0.02)

    def test_a_dataset_may_be_closed_meanwhile(self):
        dataset = headrace.Dataset(self.path)
        loader = self.loader(dataset)
        dataset.close()
        for _ in range(2):
            self.assertEqual(len(ids(loader)), 100)
        with self.assertRaises(headrace.Closed):
            self.loader(dataset)


class Rounds(WithFiles):

    def places(self, loader):
        return [(batch.epoch, batch.step) for batch in loader]

    def test_each_for_has_the_next_epochs(self):
        loader = self.loader(epochs=2, shuffle="all")
        for begin in (0, 2, 4):
            self.assertEqual(len(loader), 100)
            self.assertEqual(loader.epoch, begin)
            self.assertEqual(self.places(loader), [(begin + i // 50, i % 50) for i in range(100)])
            with self.assertRaises(StopIteration):  # the round has ended, until a `for` begins
                next(loader)

    def test_the_order_of_each_epoch_is_that_of_one_long_run(self):
        rounds, long = self.loader(shuffle="all", seed=5), self.loader(shuffle="all", seed=5, epochs=3)
        self.assertEqual(ids(rounds) + ids(rounds) + ids(rounds), ids(long))

    def test_after_a_break_it_goes_on(self):
        loader = self.loader()
        for batch in loader:
            if batch.step == 7:
                break
        self.assertEqual(self.places(loader), [(0, step) for step in range(8, 50)])

    def test_steps_are_those_of_one_for(self):
        loader = self.loader(steps=30)
        self.assertEqual(len(loader), 30)
        self.assertEqual(self.places(loader), [(0, step) for step in range(30)])
        self.assertEqual(self.places(loader), [(0, step) for step in range(30, 50)])
        self.assertEqual(self.places(loader), [(1, step) for step in range(30)])
        state = next(iter(loader)) and loader.state_dict()
        self.assertEqual(len(self.places(self.loader(steps=10, resume=state))), 10)  # counted anew
        resumed = self.loader(steps=30, resume=state)
        self.assertEqual([len(self.places(resumed)), self.places(resumed)[-1]], [19, (2, 29)])
        endless = self.loader(steps=70, epochs=None)
        self.assertEqual(len(endless), 70)
        self.assertEqual([len(self.places(endless)), endless.epoch, len(self.places(endless))], [70, 1, 70])

    def test_an_endless_one_has_no_length(self):
        loader = self.loader(epochs=None)
        with self.assertRaisesRegex(TypeError, "endless"):
            len(loader)
        self.assertTrue(loader)

    def test_rows_that_are_skipped_do_not_come(self):
        self.assertEqual(ids(self.loader(skips=[(0, 0, 97)])), [970, 980, 990])


class Ranks(WithFiles):

    def test_ranks_share_the_rows_of_each_step(self):
        ranks = [self.loader(rank=rank, world=3, shuffle="all") for rank in range(3)]
        rows = [ids(loader) for loader in ranks]
        self.assertEqual(sorted(sum(rows, [])), list(range(0, 1000, 10)))
        self.assertEqual([(loader.rank, loader.world) for loader in ranks], [(0, 3), (1, 3), (2, 3)])

    def test_the_launcher_says_it_and_it_is_logged(self):
        with mock.patch.dict(os.environ, RANK="1", WORLD_SIZE="4"), self.assertLogs("headrace", logging.INFO) as logs:
            loader = self.loader()
        self.assertEqual((loader.rank, loader.world), (1, 4))
        self.assertIn("rank 1 of 4", logs.output[0])
        with mock.patch.dict(os.environ, RANK="7", WORLD_SIZE="4"):
            with self.assertRaisesRegex(headrace.InvalidArgument, "RANK"):
                self.loader()
        with mock.patch.dict(os.environ, RANK="1", WORLD_SIZE="4"):
            self.assertEqual(self.loader(rank=0, world=1).world, 1)

    def distributed(self, **values):
        return types.SimpleNamespace(is_available=lambda: True, is_initialized=lambda: values["initialized"],
                                     get_rank=lambda: values["rank"], get_world_size=lambda: values["world"])

    def test_torch_distributed_says_it_where_it_is_initialized(self):
        modules = {"torch.distributed": self.distributed(initialized=True, rank=2, world=5)}
        with mock.patch.dict(sys.modules, modules), mock.patch.dict(os.environ, RANK="1", WORLD_SIZE="4"):
            loader = self.loader()
        self.assertEqual((loader.rank, loader.world), (2, 5))
        modules = {"torch.distributed": self.distributed(initialized=False)}
        with mock.patch.dict(sys.modules, modules):
            self.assertEqual(self.loader().world, 1)

    def test_a_worker_of_a_dataloader_has_its_share(self):
        data = types.SimpleNamespace(get_worker_info=lambda: types.SimpleNamespace(id=1, num_workers=2))
        modules = {"torch.utils.data": data, "torch.distributed": self.distributed(initialized=True, rank=1, world=3)}
        with mock.patch.dict(sys.modules, modules):
            loader, told = self.loader(), self.loader(rank=0, world=2)
        self.assertEqual((loader.rank, loader.world), (3, 6))
        self.assertEqual((told.rank, told.world), (0, 2))

    def test_torch_is_not_imported_for_it(self):
        if "torch" not in sys.modules:
            self.loader()
            self.assertNotIn("torch", sys.modules)


class Others(WithFiles):

    def test_threads_get_distinct_batches(self):
        loader = self.loader(pool_size=12, workers=2, epochs=4)
        taken, begun = [[] for _ in range(6)], threading.Barrier(6)

        def take(mine):
            begin = iter(loader)
            begun.wait()
            while True:
                try:
                    batch = next(begin)
                except StopIteration:
                    return
                mine.append((batch.epoch, batch.step, int(batch.input[0, 0])))
        threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(sum(taken, [])), [(e, s, 20 * s) for e in range(4) for s in range(50)])
        for mine in taken:
            self.assertEqual(mine, sorted(mine))

    def test_statistics_add_up_over_rounds(self):
        loader = self.loader(pool_size=3)
        self.assertEqual(loader.stats().batches, 0)
        for rounds in (1, 2, 3):
            list(batch.step for batch in loader)
            stats = loader.stats()
            self.assertEqual((stats.batches, stats.tokens), (50 * rounds, 1000 * rounds))
            self.assertEqual((stats.pool_size, stats.workers), (3, 1))
            self.assertIn(stats.bottleneck, ("none", "data", "trainer"))

    def test_places_and_steps_made_again(self):
        loader = self.loader(shuffle="all", seed=2, batch_size=7, rank=1, world=2)
        for batch in loader:
            again = loader.replay(batch.epoch, batch.step)
            np.testing.assert_array_equal(again.input, batch.input)
            np.testing.assert_array_equal(again.mask, batch.mask)
            places = loader.places(batch)
            self.assertEqual((places.dtype, places.tolist()), (np.int64, loader.places(again).tolist()))
            there = places[places >= 0].tolist()
            self.assertEqual(there, [14 * batch.step + 7 + i for i in range(len(there))])
            self.assertEqual((places < 0).tolist(), (batch.mask.sum(axis=1) == 0).tolist())
        with self.assertRaisesRegex(headrace.OutOfRange, "step"):
            loader.replay(0, 99)
        with self.assertRaises(headrace.Error):
            loader.places(next(self.loader(batch_size=3)))

    def test_epochs_are_known(self):
        loader = self.loader(batch_size=7, world=2, rank=0)
        self.assertEqual((loader.epoch_rows, loader.epoch_steps, len(loader)), (100, 8, 8))

    def test_it_says_what_it_is(self):
        loader = self.loader(batch_size=4, rank=1, world=2)
        self.assertEqual(repr(loader), "<headrace.Loader: 4 rows of 10 a step, rank 1 of 2>")
        loader.close()
        self.assertEqual(repr(loader), "<headrace.Loader closed>")

    def test_it_has_help(self):
        for name in dir(headrace.Loader) + dir(headrace.Batch) + dir(headrace.Stats):
            for kind in (headrace.Loader, headrace.Batch):
                if not name.startswith("_") and hasattr(kind, name):
                    self.assertTrue(inspect.getdoc(getattr(kind, name)), name)


if __name__ == "__main__":
    unittest.main()
