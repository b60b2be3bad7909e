"""The built-in transforms, as a program in Python makes them."""
import gc
import unittest
import weakref

import numpy as np

import headrace
from headrace import transforms


def batches(*chain, **options):
    """Copies of all batches of a loader over the ids 0 to 999."""
    dataset = headrace.Dataset.from_memory(np.arange(1001, dtype=np.uint16))
    given = {"batch_size": 4, "sequence_length": 50, "seed": 1, "shuffle": "none", **options}
    with headrace.Loader(dataset, transforms=chain, **given) as loader:
        return [(batch.input.copy(), batch.target.copy(), batch.mask.copy()) for batch in loader]


class Transforms(unittest.TestCase):

    def test_masking_learns_what_it_masked(self):
        kept = list(range(0, 1000, 2))
        for given, target, mask in batches(transforms.mask(probability=0.5, mask_id=1000, vocab_size=1001, keep=kept)):
            chosen = mask == 1
            self.assertTrue((target[chosen] % 2 == 1).all())  # what is kept is never chosen
            self.assertGreater((given[chosen] == 1000).sum(), 10)
            np.testing.assert_array_equal(given[~chosen], target[~chosen])

    def test_dropout_and_replacement_change_the_input_alone(self):
        for given, target, mask in batches(transforms.dropout(probability=1, drop_id=7)):
            self.assertTrue((given == 7).all() and (mask == 1).all())
            np.testing.assert_array_equal(np.diff(target), 1)
        for given, target, _ in batches(transforms.replace(probability=1.0, vocab_size=5)):
            self.assertEqual(np.unique(given).tolist(), [0, 1, 2, 3, 4])
            np.testing.assert_array_equal(np.diff(target), 1)

    def test_features_are_normalized_and_get_noise_in_the_order_given(self):
        chain = transforms.normalize(mean=500, deviation=250), transforms.noise(deviation=0)
        plain = batches(id_type="float32")
        for (given, _, _), (before, _, _) in zip(batches(*chain, id_type="float32"), plain):
            np.testing.assert_allclose(given, (before - 500) / 250, rtol=1e-6)
        noisy = batches(transforms.noise(deviation=2), id_type="float32")
        difference = np.concatenate([(a[0] - b[0]).ravel() for a, b in zip(noisy, plain)])
        self.assertAlmostEqual(float(difference.std()), 2, delta=0.5)

    def test_the_result_does_not_depend_on_the_workers(self):
        chain = (transforms.mask(probability=0.3, mask_id=1000, vocab_size=1001),
                 transforms.dropout(probability=0.1, drop_id=3))
        one, three = batches(*chain, workers=1), batches(*chain, workers=3)
        for a, b in zip(one, three):
            for x, y in zip(a, b):
                np.testing.assert_array_equal(x, y)

    def test_what_they_read_is_there_as_long_as_a_loader_uses_it(self):
        dataset = headrace.Dataset.from_memory(np.arange(101))
        chain = [transforms.dropout(probability=1, drop_id=3)]
        there = weakref.ref(chain[0]._options)
        loader = headrace.Loader(dataset, batch_size=1, sequence_length=10, transforms=chain)
        chain.clear()
        gc.collect()
        self.assertIsNotNone(there())
        self.assertTrue(all((batch.input == 3).all() for batch in loader))
        del loader
        gc.collect()
        self.assertIsNone(there())

    def test_one_may_be_given_alone(self):
        dataset = headrace.Dataset.from_memory(np.arange(101))
        with headrace.Loader(dataset, batch_size=1, sequence_length=10,
                             transforms=transforms.dropout(probability=1, drop_id=3)) as loader:
            self.assertTrue((next(loader).input == 3).all())

    def test_what_cannot_be_is_said(self):
        for error, expected, call in (
            (TypeError, r"transforms\[0\] is 3, expected one of headrace.transforms", lambda: batches(3)),
            (TypeError, "probability is 'x', expected a number",
             lambda: transforms.dropout(probability="x", drop_id=1)),
            (headrace.InvalidArgument, "drop_id is 4294967296, expected",
             lambda: transforms.dropout(probability=1, drop_id=2**32)),
            (headrace.InvalidArgument, r"keep\[1\] is 2147483648, expected",
             lambda: transforms.mask(probability=1, mask_id=1, vocab_size=2, keep=[0, 2**31])),
            (headrace.InvalidArgument, "deviation is 0",
             lambda: batches(transforms.normalize(mean=0, deviation=0), id_type="float32")),
            (headrace.InvalidArgument, "drop_id is 1001",
             lambda: batches(transforms.dropout(probability=1, drop_id=1001), vocab_size=1001)),
        ):
            with self.assertRaisesRegex(error, expected):
                call()

    def test_they_say_what_they_are(self):
        self.assertEqual(repr(transforms.mask(probability=0.5, mask_id=1, vocab_size=2, keep=[0])),
                         "headrace.transforms.mask(probability=0.5, mask_id=1, vocab_size=2, keep=[0])")
        self.assertEqual(repr(transforms.noise(deviation=1)), "headrace.transforms.noise(deviation=1)")


if __name__ == "__main__":
    unittest.main()
