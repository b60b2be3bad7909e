"""headrace.torch on a GPU. Skipped where there is none, before torch is loaded."""
import importlib.util
import os
import sys
import tempfile
import unittest
import warnings

if not os.path.exists("/dev/nvidiactl"):
    print("skipped: no NVIDIA GPU here")
    sys.exit(77)

import numpy as np  # noqa: E402
import torch

import headrace
from headrace import _cuda
from headrace.torch import free_pinned, to_device

if not torch.cuda.is_available():
    print("skipped: torch finds no CUDA device")
    sys.exit(77)

FAR = 60  # seconds
LONG_KERNEL = 2_000_000_000  # cycles: about a second
EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python", "examples", "torch_train.py")


class Device(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "a.bin")
        np.random.default_rng(1).integers(0, 65536, 1 << 20, dtype=np.uint16).tofile(self.path)
        self.addCleanup(self.nothing_is_left)
        # CUDA loads kernels and gets memory when they are first asked for, and may wait then for what is under way.
        for stream in (None, torch.cuda.Stream()):
            to_device(next(self.loader()), "cuda", stream)
        torch.cuda._sleep(1)
        torch.cuda.synchronize()

    def nothing_is_left(self):
        torch.cuda.synchronize()
        with _cuda.driver().within(_cuda.device(0).context):
            _cuda.driver().cuStreamSynchronize(_cuda.device(0)._returns)
        self.assertTrue(free_pinned())

    def loader(self, **options):
        return headrace.Loader(self.path, **{"batch_size": 8, "sequence_length": 512, "seed": 3, "id_type": "uint16",
                                             "mask_type": "uint8", "pin": True, **options})

    def expected(self, **options):
        return [(batch.input.tolist(), batch.target.tolist()) for batch in self.loader(pin=False, **options)]

    def arrived(self, device="cuda", stream=None, **options):
        found = []
        for batch in self.loader(pool_size=2, **options):
            sent = to_device(batch, device, stream)
            found.append((sent["input"], sent["target"]))
            del batch
        return [(ids.tolist(), targets.tolist()) for ids, targets in found]

    def test_batches_arrive_while_the_pool_s_memory_is_filled_again(self):
        expected = self.expected()
        self.assertEqual(self.arrived(), expected)
        self.assertEqual(self.arrived(stream=torch.cuda.Stream()), expected)
        self.assertEqual(self.arrived(pin=False), expected)
        self.assertEqual(self.arrived(with_documents=True, id_type="int64"), expected)
        if torch.cuda.device_count() > 1:
            self.assertEqual(self.arrived(device="cuda:1"), expected)

    def test_a_batch_stays_out_until_the_stream_has_passed(self):
        loader = self.loader(pool_size=1)
        batch = next(loader)
        expected = batch.input.tolist()
        torch.cuda._sleep(LONG_KERNEL)
        sent = to_device(batch, "cuda")
        del batch
        with self.assertRaises(headrace.TimedOut), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loader.next(timeout=0.02)
        loader.next(timeout=FAR)
        self.assertEqual(sent["input"].tolist(), expected)

    def test_a_stream_beside_does_not_wait_for_a_kernel_and_the_current_one_waits_for_it(self):
        loader, side = self.loader(pool_size=1), torch.cuda.Stream()
        batch = next(loader)
        expected = batch.input.tolist()
        to_device(batch, "cuda", side)  # makes what stays in this stream
        torch.cuda.synchronize()
        over = torch.cuda.Event()
        torch.cuda._sleep(LONG_KERNEL)
        over.record()
        sent = to_device(batch, "cuda", side)
        del batch
        loader.next(timeout=FAR)  # it came back
        self.assertFalse(over.query())
        self.assertEqual(sent["input"].tolist(), expected)

    def test_a_graph_takes_no_batch(self):
        batch, place = next(self.loader()), torch.zeros(8, device="cuda")
        graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()
        with torch.cuda.graph(graph):
            place.add_(1)
            for stream in None, side:
                with self.assertRaisesRegex(headrace.Unsupported, "CUDA graph"):
                    to_device(batch, "cuda", stream)
        graph.replay()
        self.assertEqual(place.tolist(), [1] * 8)

    def test_the_example_s_losses_are_those_with_torch_s_loader(self):
        spec = importlib.util.spec_from_file_location("torch_train", EXAMPLE)
        example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        losses = [example.train(example.parse([self.path, "--device", "cuda", "--loader", loader, "--steps", "20"]))[1]
                  for loader in ("headrace", "torch")]
        for one, other in zip(*losses):
            self.assertAlmostEqual(one, other, delta=0.02)  # sums of atomic additions


if __name__ == "__main__":
    unittest.main()
