"""headrace.torch: tensors over batches, copies to devices, DataLoader's workers, ranks, and the example."""
import ctypes
import importlib.util
import io
import multiprocessing
import os
import pickle
import tempfile
import threading
import time
import unittest
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from unittest import mock

import numpy as np
import torch
import torch.distributed
from torch.utils.data import DataLoader

import headrace
import headrace.torch as ht
from headrace import _cuda

import cuda_stand_in
from threads import settle

FAR = 60  # seconds: what is waited for comes at once, or never
LONG = os.environ.get("HEADRACE_LONG_TESTS")
SHAPE = {"batch_size": 4, "sequence_length": 32}
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def program(*path):
    spec = importlib.util.spec_from_file_location(path[-1], os.path.join(SOURCE, *path) + ".py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class WithFile(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "a.bin")
        np.arange(65536, dtype=np.uint16)[::-1].tofile(self.path)

    def loader(self, **options):
        return headrace.Loader(self.path, **{**SHAPE, "seed": 3, **options})


class Tensors(WithFile):

    def test_they_are_the_batch_s_memory(self):
        batch = next(self.loader(with_documents=True, with_cu_seqlens=True, mask_type="uint8", id_type="int64"))
        found = ht.tensors(batch)
        self.assertEqual((found.pop("num_sequences"), found.pop("max_seqlen")), (4, 32))
        self.assertEqual(set(found), {"input", "target", "mask", "documents", "positions", "cu_seqlens"})
        for name, tensor in found.items():
            array = getattr(batch, name)
            self.assertEqual((tensor.data_ptr(), tensor.shape), (array.ctypes.data, array.shape), name)
            np.testing.assert_array_equal(tensor.numpy(), array)
        found["input"][0, 0] = 77
        self.assertEqual(batch.input[0, 0], 77)

    def test_the_last_tensor_gives_the_batch_back(self):
        loader = self.loader(pool_size=1)
        for keep in (lambda found: found["mask"], lambda found: found["input"][1:, 3].t(),
                     lambda found: found["target"].numpy(), lambda found: torch.utils.dlpack.to_dlpack(found["input"])):
            kept = keep(ht.tensors(next(loader)))
            with self.assertRaises(headrace.TimedOut), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loader.next(timeout=0.02)
            del kept
            loader.next(timeout=FAR)

    def test_what_autograd_has_saved_keeps_the_batch(self):
        loader, weights = self.loader(pool_size=3), torch.nn.Embedding(65536, 1)
        batch = next(loader)
        ids = batch.input.ravel().tolist()
        loss = weights(ht.tensors(batch)["input"]).sum()
        del batch
        for other in loader:  # all of the pool's other batches, many times
            del other
        loss.backward()
        self.assertEqual(sorted(weights.weight.grad.nonzero()[:, 0].tolist()), sorted(ids))

    def test_ids_of_16_bits_are_widened_right(self):
        for type_ in (torch.int32, torch.int64):
            found = []
            for batch in self.loader(id_type="uint16", shuffle="none"):
                ids = ht.widen(ht.tensors(batch)["input"], type_)
                np.testing.assert_array_equal(ids.numpy(), batch.input)
                found += ids.flatten()[ht.tensors(batch)["mask"].flatten() > 0].tolist()
            self.assertEqual((ids.dtype, found), (type_, list(range(65535, 0, -1))))
        self.assertEqual(ht.widen(torch.tensor([-1])).tolist(), [-1])

    def test_a_copy_to_the_cpu_is_done_and_of_all_types(self):
        for options in ({"id_type": "uint16", "mask_type": "uint8"}, {"id_type": "int64", "with_documents": True},
                        {"id_type": "float32", "with_cu_seqlens": True}, {"batch_size": 1, "sequence_length": 3,
                                                                          "mask_type": "uint8", "id_type": "int64"}):
            loader = self.loader(pool_size=1, **options)
            for take in (loader.next, lambda: loader.replay(0, 2)):
                batch = take()
                found, expected = ht.to_device(batch, "cpu"), batch.input.copy()
                np.testing.assert_array_equal(found["target"].numpy(), batch.target)
                np.testing.assert_array_equal(found["mask"].numpy(), batch.mask)
                del batch
                loader.next(timeout=FAR)
                np.testing.assert_array_equal(found["input"].numpy(), expected)
        with self.assertRaisesRegex(headrace.InvalidArgument, "stream is 7, expected None for the device cpu"):
            ht.to_device(loader.replay(0, 0), "cpu", 7)
        with self.assertRaisesRegex(headrace.InvalidArgument, "to_device: ids is torch.int16, expected torch.int32 or "):
            ht.to_device(loader.replay(0, 0), "cpu", ids=torch.int16)
        with self.assertRaisesRegex(headrace.InvalidArgument, "widen: dtype is torch.float32, expected torch.int32"):
            ht.widen(torch.tensor([1], dtype=torch.int16), torch.float32)


class Stream:
    """A stream of the stand-in, as torch shows one."""
    device = torch.device("cuda", 0)

    def __init__(self, name):
        self.name, self.log, handle = name, [], ctypes.c_void_p()
        driver = _cuda.driver()
        with driver.within(_cuda.device(0).context):
            driver.check(driver.cuStreamCreate(ctypes.byref(handle), 1), "cuStreamCreate")
        self.cuda_stream = handle.value

    def wait_stream(self, other):
        self.log.append(other.name)


class ToDevice(WithFile):
    """to_device beside the stand-in for the driver: memory of torch's on the CPU stands for the device's."""

    @classmethod
    def setUpClass(cls):
        cls.cuda = cuda_stand_in.load()
        if not cls.cuda:
            raise unittest.SkipTest("no C compiler, or a real driver")

    def setUp(self):
        super().setUp()
        self.current, self.side, self.places = Stream("current"), Stream("side"), []
        for where, what in ((torch.cuda, {"current_stream": lambda device: self.current, "stream": self.on,
                                          "Stream": lambda: self.side}),
                            (ht, {"_empty": self.empty, "_raw_stream": None})):
            for name, stand_in in what.items():
                patch = mock.patch.object(where, name, stand_in)
                patch.start()
                self.addCleanup(patch.stop)
        self.addCleanup(self.cuda.stand_in_hold, 0)

    @contextmanager
    def on(self, stream):
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    def empty(self, size, device):
        self.places.append(self.current.name)
        return torch.zeros(size, dtype=torch.uint8)

    def done(self):
        self.cuda.stand_in_hold(0)
        driver = _cuda.driver()
        with driver.within(_cuda.device(0).context):
            for stream in (self.current, self.side):
                driver.cuStreamSynchronize(stream.cuda_stream)

    def test_a_batch_is_one_copy_and_goes_back_behind_it(self):
        loader = self.loader(pool_size=1, pin=True, with_documents=True)
        batch, copies = next(loader), self.cuda.stand_in_copies()
        self.cuda.stand_in_hold(1)
        found = ht.to_device(batch, "cuda")
        expected = {name: getattr(batch, name).copy() for name in found}
        del batch
        with self.assertRaises(headrace.TimedOut), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loader.next(timeout=0.02)
        self.done()
        loader.next(timeout=FAR)
        self.assertEqual((self.cuda.stand_in_copies(), self.cuda.stand_in_misuses()), (copies + 1, 0))
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name].numpy(), array, name)

    def test_the_current_stream_waits_for_a_stream_beside_it(self):
        recorded = []
        with mock.patch.object(torch.Tensor, "record_stream", lambda tensor, stream: recorded.append(stream)):
            batch = next(self.loader(pin=True))
            found = ht.to_device(batch, "cuda:0", self.side)
        self.done()
        np.testing.assert_array_equal(found["input"].numpy(), batch.input)
        self.assertEqual((self.places, self.current.log, recorded), (["side"], ["side"], [self.current] * 3))

    def test_the_example_gets_on_a_device_what_it_gets_on_the_cpu(self):
        def send(device, *what):  # the stand-in's copies are not in order with what torch does on the CPU
            plain(device, *what)
            self.done()
        plain, found = _cuda.Device.send, []
        with mock.patch.object(_cuda.Device, "send", send):
            for device in ("cuda", "cpu"):
                batches = self.example(device)
                found.append([[tensor.tolist() for tensor in next(batches)] for _ in range(7)])
        self.assertEqual(found[0], found[1])
        self.assertEqual(self.cuda.stand_in_misuses(), 0)

    def example(self, device):
        """The example's batches."""
        example = program("python", "examples", "torch_train")
        options = example.parse([self.path, "--batch-size", "100"])
        options.device = torch.device(device)
        patch = mock.patch.object(torch.Tensor, "record_stream", lambda tensor, stream: None)
        patch.start()
        self.addCleanup(patch.stop)
        return example.Headrace(headrace.Dataset(self.path), 65536, options)

    def test_the_example_never_waits_for_the_steps_that_it_has_asked_for(self):
        over, in_vain, driver = threading.Event(), [], _cuda.driver()
        step = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: in_vain.append(not over.wait(FAR)))
        with driver.within(_cuda.device(0).context):
            driver.check(driver.cuLaunchHostFunc(self.current.cuda_stream, step, None), "cuLaunchHostFunc")
        batches = self.example("cuda")
        kept = [next(batches) for _ in range(4 * batches.loader.stats().pool_size)]  # copies go to where they are
        over.set()
        self.done()
        del kept
        self.assertEqual(in_vain, [False])

    def test_memory_that_is_not_pinned_is_copied_as_ever(self):
        copies = self.cuda.stand_in_copies()
        batch = next(self.loader())
        found = ht.to_device(batch, "cuda")
        np.testing.assert_array_equal(found["input"].numpy(), batch.input)
        self.assertEqual(self.cuda.stand_in_copies(), copies)

    def test_neither_stream_may_be_captured(self):
        self.addCleanup(self.cuda.stand_in_capture, None)
        batch, copies = next(self.loader(pin=True)), self.cuda.stand_in_copies()
        for stream in self.current, self.side:
            self.cuda.stand_in_capture(stream.cuda_stream)
            with self.assertRaisesRegex(headrace.Unsupported, "CUDA graph"):
                ht.to_device(batch, "cuda", self.side)
        self.assertEqual((self.cuda.stand_in_copies(), self.current.log), (copies, []))

    def test_the_device_is_that_of_the_stream(self):
        _cuda._devices.pop(1, None)
        self.current.device = torch.device("cuda", 1)
        found = ht.to_device(next(self.loader(pin=True)), "cuda:1")
        self.done()
        self.assertIn(1, _cuda._devices)
        del found

    def test_a_stream_of_another_device_is_refused(self):
        self.side.device = torch.device("cuda", 1)
        with self.assertRaisesRegex(headrace.InvalidArgument, "stream is of cuda:1, expected one of cuda:0"):
            ht.to_device(next(self.loader(pin=True)), "cuda", self.side)


class Workers(WithFile):

    OPTIONS = {**SHAPE, "seed": 3, "epochs": 2, "batch_size": 100}  # 21 steps an epoch, the last one padded

    def of_loader(self, **options):
        return [(batch.input.tobytes(), batch.mask.tobytes())
                for batch in headrace.Loader(self.path, **{**self.OPTIONS, **options})]

    def of_data_loader(self, workers, context=None):
        batches = DataLoader(ht.Dataset(self.path, **self.OPTIONS), batch_size=None, num_workers=workers,
                             multiprocessing_context=context)
        settle()
        return [tuple(batch[name].numpy().tobytes() for name in ("input", "mask")) for batch in batches]

    def worker(self, number, of, state=None, epoch=0, **options):
        """A dataset and its iteration as a worker has them, in this process; 0 of 0: without workers."""
        info = mock.Mock(id=number, num_workers=of)
        with mock.patch.object(torch.utils.data, "get_worker_info", lambda: info if of else None):
            dataset = pickle.loads(pickle.dumps(ht.Dataset(self.path, **{**self.OPTIONS, **options})))
            dataset.set_epoch(epoch)
            if state:
                dataset.load_state_dict(pickle.loads(pickle.dumps(state)))
            return dataset, iter(dataset)

    def of_workers(self, of, **options):
        """What a DataLoader takes from its workers: from one after the other, but for those that have ended."""
        runs, found = [self.worker(k, of, **options)[1] for k in range(of or 1)], []
        while runs:
            for run in list(runs):
                batch = next(run, None)
                if batch is None:
                    runs.remove(run)
                else:
                    found.append(tuple(batch[name].numpy().tobytes() for name in ("input", "mask")))
        return found

    def test_batches_are_those_of_one_loader_in_its_order(self):
        expected = self.of_loader()
        self.assertEqual(len(expected), 42)
        self.assertEqual(self.of_data_loader(0), expected)
        self.assertEqual(self.of_data_loader(2, "fork"), expected)
        for of in (1, 3, 5):
            self.assertEqual(self.of_workers(of), expected, of)

    @unittest.skipUnless(LONG, "2 s a process; HEADRACE_LONG_TESTS")
    def test_those_of_spawned_workers_too(self):
        self.assertEqual(self.of_data_loader(2, "spawn"), self.of_loader())

    def test_a_batch_comes_from_a_worker_in_one_piece_of_shared_memory(self):
        dataset = ht.Dataset(self.path, **self.OPTIONS, steps=2)
        settle()
        batch = next(iter(DataLoader(dataset, batch_size=None, num_workers=1, multiprocessing_context="fork")))
        self.assertTrue(batch["mask"].is_shared())
        storage = getattr(torch.Tensor, "untyped_storage", torch.Tensor.storage)  # torch 2 warns of storage()
        self.assertEqual(len({storage(tensor).data_ptr() for tensor in batch.values()}), 1)

    def test_ranks_and_what_leaves_rows_out_change_nothing_of_that(self):
        for options in ({"rank": 1, "world": 3, "drop_last": True}, {"skips": [(0, 3, 100)], "rank": 0, "world": 2},
                        {"steps": 33}, {"id_type": "int64", "packing": "best_fit", "batch_size": 7, "pack_window": 2}):
            with mock.patch.object(self, "path", self.documents() if "packing" in options else self.path):
                self.assertEqual(self.of_workers(2, **options), self.of_loader(**options), options)

    def documents(self):
        path = os.path.join(self.folder, "documents.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines('{"text": "%s"}\n' % ("x" * (i * 37 % 90)) for i in range(200))
        return path

    def test_an_iteration_begins_with_the_epoch_that_is_set(self):
        expected = self.of_loader(epochs=4)[2 * 21:]
        self.assertNotEqual(expected[0], self.of_loader()[0])
        for of in (0, 2):
            self.assertEqual(self.of_workers(of, epoch=2), expected, of)

    def test_an_iteration_begins_where_a_loader_was(self):
        loader = headrace.Loader(self.path, **self.OPTIONS)
        for _ in range(25):
            next(loader)
        self.assertEqual(self.of_workers(2, resume=loader.state_dict(), epochs=1), self.of_loader()[25:])

    def test_states_of_workers_go_on_where_each_was(self):
        """As torchdata's StatefulDataLoader: load_state_dict in the worker, then iter; state_dict behind each batch."""
        expected = [ids for ids, _ in self.of_loader()]
        for first, then in ((2, 2), (0, 2), (0, 0)):
            workers = [self.worker(k, first) for k in range(first or 1)]
            for at in range(25):  # into the second epoch
                self.assertEqual(next(workers[at % len(workers)][1])["input"].numpy().tobytes(), expected[at])
            states, turn = [dataset.state_dict() for dataset, _ in workers], 25 if first else 0
            workers = [self.worker(k, then, states[k % len(states)]) for k in range(then or 1)]
            for at in range(25, 42):
                found = next(workers[(turn + at - 25) % len(workers)][1])
                self.assertEqual(found["input"].numpy().tobytes(), expected[at], (first, then, at))
            self.assertEqual([next(run, None) for _, run in workers], [None] * len(workers))
        with self.assertRaisesRegex(headrace.InvalidArgument, "the state is of 2 workers, expected 3"):
            self.worker(0, 3, {"workers": 2, "taken": 1, "first": 0, "loader": {}})

    def test_at_its_end_an_iteration_is_at_the_beginning_of_what_follows(self):
        dataset, run = self.worker(0, 0)
        self.assertEqual(sum(1 for _ in run), 42)
        after = headrace.Loader(self.path, **self.OPTIONS, resume=dataset.state_dict()["loader"])
        self.assertEqual((after.epoch, next(after).step), (2, 0))
        self.assertEqual(list(self.worker(0, 2, dataset.state_dict())[1]), [])

    def test_what_cannot_be_is_said(self):
        with self.assertRaisesRegex(TypeError, "batch_sice"):
            ht.Dataset(self.path, **SHAPE, batch_sice=1)
        with self.assertRaisesRegex(headrace.InvalidArgument, "pin is True, expected False"):
            ht.Dataset(self.path, **SHAPE, pin=True)
        with self.assertRaisesRegex(headrace.InvalidArgument, "epochs is 0, expected 1 to"):
            ht.Dataset(self.path, **SHAPE, epochs=0)
        with self.assertRaisesRegex(headrace.InvalidArgument, "nothing has been iterated in this process"):
            ht.Dataset(self.path, **SHAPE).state_dict()
        with self.assertRaisesRegex(headrace.InvalidArgument, "as_they_come is True, expected False"):
            self.of_workers(2, as_they_come=True)


def rank_of_a_run(rank, folder, path, answers):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    dataset = ht.Dataset(path, **SHAPE, seed=3)
    own = [batch["input"].tolist() for batch in DataLoader(dataset, batch_size=None, num_workers=0)]
    loader = headrace.Loader(path, **SHAPE, seed=3)
    assert [batch.input.tolist() for batch in loader] == own
    assert (loader.rank, loader.world) == (rank, 2)
    torch.distributed.barrier()
    answers.put((rank, own))


class Distributed(WithFile):

    def test_the_shares_of_the_ranks_are_disjoint_and_complete(self):
        fork = multiprocessing.get_context("fork")
        answers = fork.Queue()
        ranks = [fork.Process(target=rank_of_a_run, args=(rank, self.folder, self.path, answers)) for rank in range(2)]
        settle()
        for process in ranks:
            process.start()
        shares = dict(answers.get(timeout=FAR) for _ in ranks)
        for process in ranks:
            process.join(FAR)
        self.assertEqual([process.exitcode for process in ranks], [0, 0])
        together = [batch for step in zip(shares[0], shares[1]) for batch in step]
        self.assertEqual(together, [batch.input.tolist() for batch in self.loader()])


class Example(WithFile):

    def train(self, *more):
        example = program("python", "examples", "torch_train")
        text = os.path.join(self.folder, "text.txt")
        with open(text, "wb") as file:
            file.write(bytes(np.random.default_rng(1).integers(97, 123, 700, dtype=np.uint8)))  # 5 steps an epoch
        shown = io.StringIO()
        with redirect_stdout(shown):
            options = example.parse([text, "--batch-size", "4", "--sequence-length", "32", "--layers", "1",
                                     "--width", "16", "--heads", "2", *more])
            _, losses, _ = example.train(options)
        return losses, shown.getvalue()

    def test_its_losses_are_those_with_torch_s_loader_to_the_last_bit_and_go_on_so(self):
        whole, shown = self.train("--steps", "13")
        self.assertEqual(len(set(whole)), 13)
        self.assertRegex(shown, r"step 13: loss [0-9.]+, [0-9,]+ tokens/s, [0-9.]+ % of the time in next, "
                                r"[0-9.]+ % waiting\n")
        self.assertEqual(self.train("--steps", "13", "--loader", "torch")[0], whole)
        self.assertNotEqual(self.train("--steps", "13", "--seed", "2")[0], whole)
        for loader in ("headrace", "torch"):
            state = os.path.join(self.folder, loader)
            parts = [self.train("--steps", steps, "--loader", loader, "--state", state)[0] for steps in ("7", "6")]
            self.assertEqual(parts[0] + parts[1], whole, loader)


    def test_it_says_what_it_cannot_do(self):
        example = program("python", "examples", "torch_train")
        for arguments, said in ((["--width", "6", "x"], "--width is 6, expected a multiple of --heads, 4"),
                                (["--steps", "0", "x"], "'0' is not a whole number from 1 on"), ([], "required: data"),
                                ([os.path.join(self.folder, "none")], "none: "),
                                ([self.path, "--width", "4", "--state", self.path], "a.bin is not a state of torch_")):
            shown = io.StringIO()
            with self.assertRaises(SystemExit) as ended, redirect_stderr(shown):
                example.main(arguments)
            self.assertIn(said, shown.getvalue() + str(ended.exception.code))


class Bench(WithFile):

    def test_the_gpu_s_figures_are_of_all_that_it_names(self):
        gpu, shown = program("bench", "python", "gpu"), io.StringIO()
        gpu.MIB, gpu.KIB = 64 << 10, 1 << 10  # a trial
        ids, csv = os.path.join(self.folder, "small.bin"), os.path.join(self.folder, "csv")
        np.random.default_rng(1).integers(0, 60, 1 << 18, dtype=np.uint16).tofile(ids)
        with redirect_stdout(shown):
            status = gpu.main(["--data", ids, "--seconds", "0.2", "--device", "cpu", "--csv", csv])
        table = [line.split("\t") for line in shown.getvalue().splitlines() if line.startswith("row\t")]
        self.assertEqual(len(table), 9)
        self.assertEqual({len(row) for row in table}, {5})
        self.assertEqual(status, int(any(row[4] == "FAIL" for row in table)))
        with open(csv, encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 9)

    def test_the_targets_are_parts_of_torch_s_copies(self):
        gpu = program("bench", "python", "gpu")
        names = ("torch's copies of 64 MiB", "torch's copies of 1 MiB", "to_device, batches of 1 MiB",
                 "to_device, batches of 128 KiB, 8 in a copy")

        def verdicts(*figures, waiting):
            found = {name: (figure,) * 3 for name, figure in zip(names, figures)}
            return [row[3] for row in gpu.rows(found, (0.5, waiting))]
        self.assertEqual(verdicts(50, 40, 36, 30, waiting=0.009), ["-", "-", "PASS", "PASS", "-", "PASS"])
        self.assertEqual(verdicts(50, 40, 35, 29, waiting=0.011), ["-", "-", "FAIL", "FAIL", "-", "FAIL"])


if __name__ == "__main__":
    unittest.main()
