"""States: a run goes on with exactly the rows that were left, from a checkpoint of any kind."""
import ctypes
import importlib.util
import io
import json
import os
import pickle
import unittest

import headrace
from headrace import _handle, _library, _state

from support import WithTokens


class State(WithTokens):
    OPTIONS = dict(batch_size=2, sequence_length=10, seed=7)

    def rows(self, loader, batches=None):
        found = []
        for batch in loader:
            found += [(batch.epoch, int(row[0])) for row, mask in zip(batch.input, batch.mask) if mask[0]]
            if batches is not None and len(found) >= 2 * batches:
                break
        return found

    def test_what_is_left_is_the_same(self):
        for given in (0, 1, 33, 49, 50, 77):
            with self.subTest(given):
                loader = self.loader(epochs=2)
                if given:
                    self.rows(loader, given)
                state = loader.state_dict()
                left = self.rows(loader)
                self.assertEqual(len(left), 200 - 2 * given)
                self.assertEqual(self.rows(self.loader(epochs=2, resume=state)), left)

    def test_with_other_batch_sizes_ranks_and_workers(self):
        loader = self.loader()
        self.rows(loader, 13)
        state = loader.state_dict()
        left = self.rows(loader)
        self.assertEqual(self.rows(self.loader(batch_size=5, workers=2, resume=state)), left)
        ranks = [self.rows(self.loader(batch_size=1, rank=rank, world=2, resume=state)) for rank in range(2)]
        self.assertEqual(sum((list(pair) for pair in zip(*ranks)), []), left)

    def test_it_survives_every_kind_of_checkpoint(self):
        loader = self.loader()
        self.rows(loader, 3)
        state = loader.state_dict()
        left = self.rows(loader)
        kept = [pickle.loads(pickle.dumps(state)), json.loads(json.dumps(state))]
        if importlib.util.find_spec("torch") and os.environ.get("HEADRACE_LONG_TESTS"):  # a second to import
            import torch
            file = io.BytesIO()
            torch.save({"loader": state}, file)
            file.seek(0)
            kept.append(torch.load(file)["loader"])
        for again in kept:
            self.assertEqual(again, state)
            self.assertEqual(self.rows(self.loader(resume=again)), left)

    def test_it_is_loaded_amid_a_run_and_back(self):
        loader = self.loader(epochs=None, shuffle="all")
        begin = loader.state_dict()
        first = self.rows(loader, 20)
        there = loader.state_dict()
        second = self.rows(loader, 20)
        loader.load_state_dict(begin)
        self.assertEqual(self.rows(loader, 20), first)
        loader.load_state_dict(there)
        self.assertEqual(self.rows(loader, 20), second)

    def test_loaded_at_the_end_of_a_round_a_for_has_the_next(self):
        loader = self.loader()
        self.rows(loader)
        state = loader.state_dict()
        second, third = self.rows(loader), self.rows(loader)
        self.assertEqual({epoch for epoch, _ in second + third}, {1, 2})
        other = self.loader(resume=state)
        self.assertEqual(other.epoch, 1)
        self.assertEqual([self.rows(other), self.rows(other)], [second, third])
        loader.load_state_dict(state)
        self.assertEqual(self.rows(loader), second)

    def test_loaded_amid_a_round_the_for_ends_where_that_would_have(self):
        loader = self.loader(epochs=2)
        self.rows(loader)
        self.rows(loader, 60)
        other = self.loader(epochs=2, resume=loader.state_dict())
        self.assertEqual({epoch for epoch, _ in self.rows(other)}, {3})
        self.assertEqual({epoch for epoch, _ in self.rows(other)}, {4, 5})

    def test_a_bad_one_is_refused_and_changes_nothing(self):
        loader = self.loader()
        self.rows(loader, 5)
        state = loader.state_dict()
        other = self.loader(seed=8).state_dict()
        text = state["state"]
        for bad, error, sentence in (
                (other, headrace.InvalidArgument, "seed 8, expected 7"),
                ({}, headrace.FormatError, "keys"), ({"state": text}, headrace.FormatError, "keys"),
                (dict(state, version=2), headrace.FormatError, "version 2, expected 1"),
                (dict(state, state="xy"), headrace.FormatError, "hexadecimal"),
                (dict(state, state=None), headrace.FormatError, "hexadecimal"),
                (dict(state, state=text[:-2]), headrace.FormatError, "95 bytes, expected 96"),
                (dict(state, state=text[:-1] + ("1" if text[-1] == "0" else "0")), headrace.FormatError, "damaged"),
                (7, TypeError, "state_dict is 7"),
                (os.path.join(self.folder, "none"), headrace.FileError, "none")):
            with self.subTest(sentence):
                with self.assertRaisesRegex(error, sentence):
                    loader.load_state_dict(bad)
                self.assertEqual(loader.state_dict(), state)
        self.assertEqual(len(self.rows(loader)), 90)

    def test_a_file_of_the_command_is_a_state_too(self):
        loader = self.loader()
        self.rows(loader, 5)
        path = os.path.join(self.folder, "run.state")
        kept = loader._live().state()
        self.assertTrue(_library.lib.batch_loader_state_save(ctypes.byref(kept), os.fsencode(path)))
        self.assertEqual(self.rows(self.loader(resume=path)), self.rows(loader))

    def test_skips_are_in_it(self):
        loader = self.loader(shuffle="none", skips=[(0, 30, 40), (0, 90, 5)])
        state = loader.state_dict()
        self.assertEqual(len(self.rows(self.loader(shuffle="none", resume=state))), 55)

    def test_it_is_before_a_batch_that_a_signal_kept_back(self):
        skips = [(0, 4, 3), (0, 5, 5), (1, 2, 1)]
        begin = self.loader(skips=skips)
        self.rows(begin, 9)
        for options in (dict(skips=skips, epochs=2), dict(resume=begin.state_dict(), batch_size=3, epochs=2),
                        dict(resume=begin.state_dict(), skips=[(0, 12, 2)], epochs=2)):  # behind it, and known
            loader = self.loader(**options)
            for _ in range(70 if "skips" in options else 50):
                expected = loader.state_dict()
                out = ctypes.c_void_p()
                handle = loader._live()
                self.assertEqual(_handle.take_waiting(handle, ctypes.byref(out), 2**64 - 1), 0)
                handle.undelivered.append(out)  # as take does
                found = loader.state_dict()
                self.assertEqual([(s.epoch, s.row) for s in map(self.decoded, (found, expected))],
                                 2 * [(self.decoded(expected).epoch, self.decoded(expected).row)])
                next(loader)

    def decoded(self, state):
        return _state.of("state", state)


if __name__ == "__main__":
    unittest.main()
