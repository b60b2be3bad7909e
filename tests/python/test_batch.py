"""A batch, as a program sees it: arrays over the library's memory, and what is known of them."""
import unittest

import numpy as np

import headrace

from support import WithTokens

ROW = 10


class Batch(WithTokens):

    def test_arrays_have_the_types_that_were_asked_for(self):
        for id_type in ("int32", "int64", "uint16", "float32"):
            for mask_type in ("float32", "uint8"):
                batch = next(self.loader(id_type=id_type, mask_type=mask_type))
                self.assertEqual([array.dtype for array in (batch.input, batch.target, batch.mask)],
                                 [id_type, id_type, mask_type])
                self.assertEqual({array.shape for array in (batch.input, batch.target, batch.mask)}, {(2, ROW)})
                self.assertEqual(batch.input.ravel().tolist(), list(range(2 * ROW)))
                self.assertTrue((batch.mask == 1).all())

    def test_what_was_not_asked_for_is_none(self):
        batch = next(self.loader())
        self.assertEqual((batch.documents, batch.positions, batch.cu_seqlens), (None, None, None))
        self.assertEqual((batch.num_sequences, batch.max_seqlen), (0, 0))

    def test_documents_positions_and_sequences(self):
        tokens = headrace.Dataset.from_memory(np.arange(12, dtype=np.uint16), document_ends=[5, 12])
        batch = next(self.loader(tokens, batch_size=1, sequence_length=11, packing="best_fit", with_documents=True,
                                 with_cu_seqlens=True, max_sequences=4))
        count = batch.num_sequences
        starts = batch.cu_seqlens[:count + 1].tolist()
        self.assertEqual(batch.cu_seqlens.shape, (5,))
        self.assertEqual((starts[0], starts[-1]), (0, 11))
        self.assertEqual(batch.max_seqlen, max(np.diff(starts)))
        for start, end in zip(starts, starts[1:]):
            self.assertEqual(len(set(batch.documents[0, start:end].tolist())), 1)
            self.assertEqual(batch.positions[0, start:end].tolist(), list(range(end - start)))

    def test_elements_can_be_written(self):
        batch = next(self.loader())
        batch.input[0] = 7
        self.assertEqual(batch.input[0].tolist(), [7] * ROW)
        self.assertTrue(batch.block.flags.writeable)

    def test_the_block_is_the_memory_of_all_arrays(self):
        for batch in (next(self.loader(with_documents=False)), self.loader().replay(0, 1)):
            for array in (batch.input, batch.target, batch.mask):
                self.assertTrue(np.shares_memory(array, batch.block))
                offset = array.ctypes.data - batch.block.ctypes.data
                self.assertEqual(offset % 64, 0)
                self.assertEqual(batch.block[offset:offset + array.nbytes].tobytes(), array.tobytes())
            self.assertEqual((batch.block.dtype, batch.block.ndim), (np.uint8, 1))

    def test_an_array_is_made_once(self):
        batch = next(self.loader())
        self.assertIs(batch.input, batch.input)

    def test_numbers(self):
        loader = self.loader(epochs=2)
        steps = [(batch.epoch, batch.step, batch.batch_size, batch.sequence_length, batch.status, batch.error)
                 for batch in loader]
        self.assertEqual(steps, [(epoch, step, 2, ROW, "ok", None) for epoch in range(2) for step in range(50)])

    def test_attributes_cannot_be_set(self):
        batch = next(self.loader())
        for name in ("input", "step", "status", "others"):
            with self.assertRaises(AttributeError):
                setattr(batch, name, 1)

    def test_after_its_release_every_use_says_so(self):
        batch = next(self.loader())
        batch.input  # also of what was made before
        batch.release()
        batch.release()
        for name in ("input", "target", "mask", "documents", "positions", "cu_seqlens", "block", "num_sequences",
                     "max_seqlen", "epoch", "step", "status", "batch_size", "sequence_length"):
            with self.subTest(name), self.assertRaisesRegex(headrace.Closed, "the batch has been released") as raised:
                getattr(batch, name)
            self.assertIsNone(raised.exception.__context__)

    def test_its_text_has_shapes_and_place(self):
        loader = self.loader(id_type="uint16")
        next(loader)
        batch = next(loader)
        self.assertEqual(repr(batch), "<headrace.Batch: epoch 0, step 1: input uint16[2, 10], target uint16[2, 10], "
                                      "mask float32[2, 10]>")
        batch.release()
        self.assertEqual(repr(batch), "<headrace.Batch, released>")


class Faults(WithTokens):
    """With an id in the fourth batch that is outside the vocabulary."""

    def loader(self, sources=None, **options):
        tokens = np.arange(201, dtype=np.uint16)
        tokens[65] = 999
        tokens.tofile(self.path)
        return super().loader(sources, **dict(dict(vocab_size=500), **options))

    def test_handed_on_it_says_what_is_wrong(self):
        batches = [(batch.step, batch.status, batch.error, repr(batch)) for batch in self.loader(faults="hand_on")]
        self.assertEqual([status for _, status, _, _ in batches], ["ok"] * 3 + ["error_out_of_range"] + ["ok"] * 6)
        self.assertIsInstance(batches[3][2], headrace.OutOfRange)
        self.assertRegex(str(batches[3][2]), "999")
        self.assertRegex(batches[3][3], "error_out_of_range>$")
        self.assertEqual([error for _, _, error, _ in batches[:3] + batches[4:]], [None] * 9)

    def test_skipped_its_row_is_padding(self):
        loader = self.loader(faults="skip")
        sums = [batch.mask.sum() for batch in loader]
        self.assertEqual(sums, [20] * 3 + [10] + [20] * 6)
        self.assertEqual((loader.stats().errors, loader.stats().skipped), (1, 1))

    def test_stopped_it_is_raised_then_and_ever_after(self):
        loader = self.loader()
        steps = []
        with self.assertRaisesRegex(headrace.OutOfRange, "999") as first:
            for batch in loader:
                steps.append(batch.step)
        self.assertEqual(steps, [0, 1, 2])
        for again in (lambda: next(loader), lambda: list(loader), lambda: loader.next(timeout=0)):
            with self.assertRaises(headrace.OutOfRange) as raised:
                again()
            self.assertEqual(str(raised.exception), str(first.exception))
        self.assertEqual(first.exception.status, "error_out_of_range")


if __name__ == "__main__":
    unittest.main()
