"""Datasets, as a program in Python sees them."""
import copy
import gc
import gzip
import itertools
import json
import os
import pathlib
import pickle
import signal
import sys
import threading
import time
import unittest
import weakref
from unittest import mock

import numpy as np

import headrace
from headrace import _dataset, _interruptible, _library

from support import Folder
from threads import settle


class Contents(Folder):

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        if isinstance(content, np.ndarray):
            content = content.tobytes()
        with open(path, "wb") as file:
            file.write(content)
        return path


class Files(Contents):

    def test_tokens_are_those_of_the_file(self):
        dataset = headrace.Dataset(self.file("a.bin", np.arange(1001, dtype=np.uint16)))
        self.assertEqual((dataset.tokens, len(dataset), dataset.width, dataset.documents), (1001, 1001, 2, 0))
        self.assertEqual(dataset.read(10, 3).tolist(), [10, 11, 12])
        self.assertEqual(dataset.read(10, 3).dtype, np.int32)
        self.assertEqual(dataset.read(1001, 0).tolist(), [])
        self.assertEqual(dataset.id_range(), (0, 1000))
        self.assertFalse(dataset.has_loss)
        self.assertTrue(dataset.read_loss(0, 5).all())
        self.assertIn("1001 tokens", repr(dataset))

    def test_slices_are_those_of_a_list(self):
        dataset, tokens = headrace.Dataset(self.file("a.bin", np.arange(50, 90, dtype=np.uint16))), list(range(50, 90))
        for places in (slice(None), slice(3, 7), slice(-5, None), slice(30, 10, -3), slice(7, 7), slice(None, None, 9),
                       slice(100, 200), slice(None, None, -1)):
            self.assertEqual(dataset[places].tolist(), tokens[places])
        self.assertEqual([dataset[0], dataset[-1], dataset[np.int64(3)]], [50, 89, 53])
        self.assertEqual(list(dataset), tokens)

    def test_several_paths_are_one_stream(self):
        paths = [self.file(f"{i}.bin", np.full(3 + i, i, dtype=np.uint16)) for i in range(3)]
        for given in (paths, tuple(map(os.fsencode, paths)), self.folder, os.path.join(self.folder, "*.bin")):
            dataset = headrace.Dataset(given)
            self.assertEqual(dataset[:].tolist(), [0] * 3 + [1] * 4 + [2] * 5)
        self.assertEqual([(file.path, file.first_token, file.tokens, file.format, file.token_type)
                          for file in dataset.files],
                         [(path, first, tokens, "headerless", "u16")
                          for path, first, tokens in zip(paths, (0, 3, 7), (3, 4, 5))])

    def test_a_path_of_any_bytes_is_found_again(self):
        path = self.file("x", b"")
        odd = os.path.join(os.fsencode(self.folder), b"\xff\xfe.bin")
        os.rename(path, odd)
        with open(odd, "wb") as file:
            file.write(b"\1\0")
        for given in (odd, os.fsdecode(odd)):
            dataset = headrace.Dataset(given)
            self.assertEqual(os.fsencode(dataset.files[0].path), odd)

    def test_options_are_those_of_the_library(self):
        plain = self.file("a", np.arange(20, dtype=np.uint32))
        told = {"format": "headerless", "token_type": "u32"}
        dataset = headrace.Dataset(plain, io="read", separator="after", end_of_text=9, **told)
        self.assertEqual((dataset.documents, dataset.width), (2, 4))
        self.assertEqual(dataset.document(0).tolist(), list(range(10)))
        self.assertEqual((dataset.document_range(-1), dataset.document_range(-2)), ((10, 20), (0, 10)))
        self.file("a.loss", np.arange(20, dtype=np.uint8) % 2)
        self.assertEqual(headrace.Dataset(plain, **told).read_loss(0, 4).tolist(), [False, True, False, True])
        self.assertFalse(headrace.Dataset(plain, loss="none", **told).has_loss)

    def test_a_dash_is_taken_for_an_underscore(self):
        header = np.zeros(256, dtype=np.int32)
        header[:3] = 20240520, 1, 2
        path = self.file("a.bin", header.tobytes() + b"\1\0\2\0")
        for name in ("llmc_gpt2", "llmc-gpt2", "auto"):
            self.assertEqual(headrace.Dataset(path, format=name).files[0].format, "llmc_gpt2")

    def test_train_and_validation_are_all_of_it(self):
        path = self.file("a.bin", np.arange(40 * 4096, dtype=np.uint32))
        parts = [headrace.Dataset(path, token_type="u32", subset=subset, validation_fraction=0.3, subset_seed=5)[:]
                 for subset in ("train", "validation")]
        self.assertEqual(sorted(np.concatenate(parts).tolist()), list(range(40 * 4096)))
        self.assertGreater(min(map(len, parts)), 0)
        other = headrace.Dataset(path, token_type="u32", subset="train", validation_fraction=0.3, subset_seed=6)
        self.assertNotEqual(parts[0].tolist(), other[:].tolist())

    def test_the_fingerprint_is_that_of_the_tokens(self):
        tokens = np.arange(1000) % 256
        wide, narrow = (self.file(f"{type_}.bin", tokens.astype(type_)) for type_ in ("uint32", "uint16"))
        self.assertEqual(headrace.Dataset(wide, token_type="u32").fingerprint(), headrace.Dataset(narrow).fingerprint())
        self.assertNotEqual(headrace.Dataset.from_memory(tokens[:-1]).fingerprint(),
                            headrace.Dataset(narrow).fingerprint())

    def test_what_cannot_be_is_said(self):
        path = self.file("a.bin", np.arange(10, dtype=np.uint16))
        dataset = headrace.Dataset(pathlib.Path(path))
        for error, expected, call in (
            (TypeError, "paths is 3, expected a path, or several of them", lambda: headrace.Dataset(3)),
            (TypeError, r"paths\[1\] is None, expected a path", lambda: headrace.Dataset([path, None])),
            (headrace.InvalidArgument, "paths has no path", lambda: headrace.Dataset([])),
            (headrace.InvalidArgument, r"paths is 'a\\x00b', expected no NUL", lambda: headrace.Dataset("a\0b")),
            (headrace.InvalidArgument, "text_field is .*, expected no NUL",
             lambda: headrace.Dataset(path, text_field="\0")),
            (headrace.InvalidArgument, r"paths is '\\ud800', expected text that can be",
             lambda: headrace.Dataset("\ud800")),
            (headrace.InvalidArgument, "format is 'bin', expected 'auto', 'headerless'",
             lambda: headrace.Dataset(path, format="bin")),
            (TypeError, "loss is 1, expected 'auto' or 'none'", lambda: headrace.Dataset(path, loss=1)),
            (TypeError, "fold_case is 'yes', expected True or False", lambda: headrace.Dataset(path, fold_case="yes")),
            (TypeError, "validation_fraction is '1', expected a number",
             lambda: headrace.Dataset(path, validation_fraction="1")),
            (headrace.InvalidArgument, "validation_fraction is 2", lambda: headrace.Dataset(
                path, subset="train", validation_fraction=2)),
            (headrace.InvalidArgument, "subset_seed is -1, expected 0", lambda: headrace.Dataset(path, subset_seed=-1)),
            (headrace.InvalidArgument, "workers is 4294967296", lambda: headrace.Dataset(path, workers=2**32)),
            (headrace.InvalidArgument, "end_of_text is 5 without a separator",
             lambda: headrace.Dataset(path, end_of_text=5)),
            (headrace.InvalidArgument, "separator is 'after' without an end_of_text",
             lambda: headrace.Dataset(path, separator="after")),
            (TypeError, "tokenizer is 'bytes', expected a headrace.Tokenizer",
             lambda: headrace.Dataset(path, tokenizer="bytes")),
            (TypeError, "spans is .*, expected 'text', 'prompt' or 'messages', or a mapping with some of",
             lambda: headrace.Dataset(path, spans={"fields": "x"})),
            (headrace.InvalidArgument, "spans is 'chat', expected", lambda: headrace.Dataset(path, spans="chat")),
            (headrace.OutOfRange, "place is 10, expected one of 10 tokens", lambda: dataset[10]),
            (TypeError, "place is 'a', expected a whole number", lambda: dataset["a"]),
            (headrace.OutOfRange, r"start \+ count is 11, expected at most 10", lambda: dataset.read(10, 1)),
            (headrace.InvalidArgument, "count is -1, expected 0", lambda: dataset.read(0, -1)),
            (headrace.OutOfRange, "index is 0, and no boundaries of documents are known", lambda: dataset.document(0)),
            (headrace.OutOfRange, "index is 2, expected one of 1 documents",
             lambda: headrace.Dataset.from_memory([1], [1]).document(2)),
        ):
            with self.subTest(expected), self.assertRaisesRegex(error, expected):
                call()


class Text(Contents):

    def jsonl(self, *lines):
        return self.file("a.jsonl", b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
                                             for line in lines))

    @unittest.skipUnless("utf8proc" in headrace.features(), "built without utf8proc")
    def test_text_is_tokenized_as_it_is_opened(self):
        path = self.file("a.txt", "Ä  b\r\n".encode())
        dataset = headrace.Dataset(path)
        self.assertEqual(bytes(dataset[:].tolist()), "Ä  b\r\n".encode())
        with headrace.Tokenizer.bytes(1) as tokenizer:
            dataset = headrace.Dataset(path, tokenizer=tokenizer, separator="before", fold_case=True,
                                       squeeze_space=True, normal_form="nfc", malformed="replace", workers=2,
                                       temporary_directory=self.folder)
        self.assertEqual(dataset[:].tolist(), [256, *"ä b\n".encode()])
        self.assertTrue(dataset.files[0].tokenized)

    def test_compressed_text_says_so(self):
        if "zlib" not in headrace.features():
            self.skipTest("built without zlib")
        dataset = headrace.Dataset(self.file("a.txt.gz", gzip.compress(b"abc")))
        self.assertEqual((dataset.files[0].compression, dataset.files[0].compressed), ("gzip", True))
        self.assertEqual(bytes(dataset[:].tolist()), b"abc")

    def test_bad_lines_stop_or_are_counted(self):
        path = self.jsonl({"body": {"text": "one"}}, b"no JSON\n", {"body": {"text": "two"}})
        with self.assertRaisesRegex(headrace.FormatError, "a.jsonl: at byte 27: line 2"):
            headrace.Dataset(path, text_field="body.text")
        dataset = headrace.Dataset(path, text_field="body.text", on_bad_line="skip")
        self.assertEqual((dataset.documents, dataset.files[0].bad_lines), (2, 1))

    def test_a_line_may_be_no_longer_than_longest_document(self):
        with self.assertRaisesRegex(headrace.FormatError, "100"):
            headrace.Dataset(self.jsonl({"text": "x" * 200}), longest_document=100)

    def test_spans_say_what_is_learnt(self):
        path = self.jsonl({"messages": [{"role": "user", "content": "ab"}, {"role": "tool", "content": "c"}]})
        learnt = headrace.Dataset(path, spans={"kind": "messages", "train_roles": ["tool", "assistant"], "after": ""})
        self.assertEqual(learnt.read_loss(0, 3).tolist(), [False, False, True])
        path = self.jsonl({"prompt": "ab", "completion": "c"})
        self.assertEqual(headrace.Dataset(path, spans="prompt").read_loss(0, 3).tolist(), [False, False, True])


class Memory(unittest.TestCase):

    def test_every_type_of_token_is_taken(self):
        for type_ in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"):
            dataset = headrace.Dataset.from_memory(np.arange(100, dtype=type_))
            self.assertEqual(dataset[:].tolist(), list(range(100)))
            self.assertEqual(dataset.width, np.dtype(type_).itemsize)

    def test_what_lies_in_a_row_is_borrowed_and_the_rest_is_copied(self):
        tokens = np.arange(100, dtype=np.int32)
        borrowed, strided = headrace.Dataset.from_memory(tokens), headrace.Dataset.from_memory(tokens[::2])
        swapped = headrace.Dataset.from_memory(tokens.astype(">i4"))
        tokens[:] = 7
        self.assertEqual(borrowed[:3].tolist(), [7, 7, 7])
        self.assertEqual(strided[:3].tolist(), [0, 2, 4])
        self.assertEqual(swapped[:3].tolist(), [0, 1, 2])

    def test_the_array_is_there_as_long_as_a_dataset_or_its_loader(self):
        class Tokens(np.ndarray):
            """One that can be referred to weakly through its memory's owner."""
        owner = np.arange(100, dtype=np.int32).view(Tokens)
        there = weakref.ref(owner)
        dataset = headrace.Dataset.from_memory(owner[:])
        del owner
        loader = headrace.Loader(dataset, batch_size=1, sequence_length=9)
        dataset.close()
        gc.collect()
        self.assertIsNotNone(there())
        self.assertEqual(sum(1 for _ in loader), 11)
        loader.close()
        gc.collect()
        self.assertIsNone(there())

    def test_documents_and_loss_are_those_given(self):
        dataset = headrace.Dataset.from_memory([1, 2, 3, 4], [1, 1, 4], [True, False, 1, 0], name="mine")
        self.assertEqual([dataset.document(i).tolist() for i in range(3)], [[1], [], [2, 3, 4]])
        self.assertEqual(dataset.read_loss(0, 4).tolist(), [True, False, True, False])
        self.assertEqual(dataset.files[0].path, "mine")

    def test_what_is_no_row_of_tokens_is_refused(self):
        for tokens in (np.zeros(3), np.zeros(3, np.uint64), np.zeros(3, bool), ["a"], 5.0):
            with self.assertRaisesRegex(TypeError, "tokens has elements of type"):
                headrace.Dataset.from_memory(tokens)
        for tokens in (np.zeros((2, 2), int), 5):
            with self.assertRaisesRegex(headrace.InvalidArgument, "tokens has . dimensions, expected one"):
                headrace.Dataset.from_memory(tokens)
        with self.assertRaisesRegex(headrace.InvalidArgument, "expected at least 1"):
            headrace.Dataset.from_memory([])
        with self.assertRaisesRegex(headrace.OutOfRange, r"document_ends\[1\] is -2"):
            headrace.Dataset.from_memory([1, 2], [0, -2])
        with self.assertRaisesRegex(headrace.InvalidArgument, "document_ends is 1, expected count"):
            headrace.Dataset.from_memory([1, 2], [1])
        with self.assertRaisesRegex(headrace.InvalidArgument, r"loss has the shape \(1,\), expected \(2,\)"):
            headrace.Dataset.from_memory([1, 2], loss=[True])
        learnt = headrace.Dataset.from_memory([1, 2], loss=[256, 0])  # which is no byte, but not 0
        self.assertEqual(learnt.read_loss(0, 2).tolist(), [True, False])


class Life(Contents):

    def dataset(self):
        return headrace.Dataset.from_memory(np.arange(100))

    def test_a_closed_dataset_says_so_to_every_call(self):
        dataset = self.dataset()
        with dataset:
            pass
        dataset.close()
        for call in (lambda: dataset.tokens, lambda: dataset.documents, lambda: dataset.files, lambda: dataset[3],
                     lambda: dataset.read(0, 1), lambda: dataset.document(0), dataset.id_range, dataset.fingerprint,
                     lambda: dataset.width, lambda: dataset.has_loss, lambda: dataset.read_loss(0, 1)):
            with self.assertRaisesRegex(headrace.Closed, "^the dataset is closed$"):
                call()
        self.assertEqual(repr(dataset), "<headrace.Dataset closed>")

    def test_it_is_not_copied_or_pickled(self):
        for call in (pickle.dumps, copy.copy, copy.deepcopy):
            with self.assertRaisesRegex(TypeError, "a Dataset cannot be copied or pickled"):
                call(self.dataset())

    def test_one_that_was_not_made_goes_quietly(self):
        class Mine(headrace.Dataset):
            def __init__(self):
                raise KeyError("before the dataset is made")
        with self.assertRaises(KeyError):
            Mine()
        gc.collect()  # __del__ prints what it raises: the run is with warnings as errors
        self.assertIsInstance(Mine.from_memory([1, 2]), Mine)

    def test_closing_while_others_read_frees_it_behind_them(self):
        dataset, threads, stop, failures = self.dataset(), [], threading.Event(), []

        def read():
            try:
                while not stop.is_set():
                    dataset.read(0, 100)
            except headrace.Closed:
                pass
            except BaseException as failure:
                failures.append(failure)
        for _ in range(3):
            threads.append(threading.Thread(target=read))
            threads[-1].start()
        dataset.close()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_a_forked_process_reads_it(self):
        dataset = self.dataset()
        settle()
        child = os.fork()
        if child == 0:
            good = dataset[5] == 5 and dataset.id_range() == (0, 99)
            dataset.close()
            os._exit(0 if good else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(dataset[7], 7)

    def test_ctrl_c_ends_the_wait_while_it_is_opened_and_nothing_stays(self):
        go_on, freed = threading.Event(), threading.Event()
        library = _dataset.lib

        def slow(*arguments):
            os.kill(os.getpid(), signal.SIGINT)
            go_on.wait()
            return library.batch_dataset_open(*arguments)

        def free(pointer):
            library.batch_dataset_free(pointer)
            freed.set()

        path = self.file("a.bin", np.arange(10, dtype=np.uint16))
        with mock.patch.object(_dataset, "lib", mock.Mock(batch_dataset_open=slow, batch_dataset_free=free)):
            with self.assertRaises(KeyboardInterrupt):
                headrace.Dataset(path)
            self.assertFalse(freed.is_set())
            go_on.set()
            freed.wait()

    def test_an_error_in_the_thread_that_opens_is_raised_in_the_caller(self):
        self.assertIs(threading.current_thread(), threading.main_thread())
        with self.assertRaisesRegex(headrace.FileError, "nothing here: open: No such file"):
            headrace.Dataset(os.path.join(self.folder, "nothing here"))
        self.assertNotEqual(_interruptible.run(threading.get_ident), threading.get_ident())


class Resources(unittest.TestCase):

    def test_the_last_drop_frees_and_what_is_freed_is_not_held_again(self):
        freed = []
        resource = _library.Resource(5, freed.append, "thing")
        with resource.hold():
            resource.drop()
            self.assertEqual(freed, [])
        self.assertEqual(freed, [5])
        for _ in range(2):
            with self.assertRaisesRegex(headrace.Closed, "the thing is closed"):
                resource.hold()
        self.assertEqual(freed, [5])


class Calls(unittest.TestCase):
    """What is done in a thread of its own, so that Ctrl-C need not wait for it."""

    def test_whoever_comes_last_takes_the_answer(self):
        for ended in (False, True):  # before the wait is interrupted
            begun, begin, answers, taken = threading.Event(), threading.Event(), [], threading.Event()

            def work():
                begun.set()
                return begin.wait() and "answer"

            def abandoned(answer):
                answers.append(answer)
                taken.set()

            call = _interruptible.Call(work, abandoned)

            def meanwhile():
                begun.wait()  # before that an interrupted wait calls nothing
                if ended:
                    begin.set()
                    call.join()
                raise KeyError("mine")
            with self.assertRaisesRegex(KeyError, "mine"):
                call.wait(meanwhile)
            begin.set()
            taken.wait()
            call.join()
            self.assertEqual(answers, ["answer"])

    def test_wherever_a_signal_comes_its_thread_ends(self):
        def raised_at(place):
            """Whether the call has so many places, in whatever module, of which this is where one raises."""
            places = itertools.count()

            def trace(frame, event, argument):
                if frame.f_code is not raised_at.__code__ and next(places) == place:
                    raise KeyError("mine")
                return trace
            call = _interruptible.Call(lambda: "answer")
            sys.settrace(trace)
            try:
                call.wait()
            except KeyError:
                return True
            finally:
                sys.settrace(None)
            return False

        def threads():
            return len(os.listdir("/proc/self/task"))
        before = threads()
        self.assertGreater(sum(1 for _ in itertools.takewhile(raised_at, itertools.count())), 5)
        end = time.monotonic() + 60
        while threads() > before:
            self.assertLess(time.monotonic(), end, "a thread that never ends")

    def test_where_there_is_no_thread_to_be_had_nothing_runs(self):
        ran = []
        with mock.patch.object(_interruptible._thread, "start_new_thread", side_effect=RuntimeError("can't start new thread")):
            with self.assertRaisesRegex(headrace.OutOfMemory, "can't start new thread"):
                _interruptible.run(lambda: ran.append(1))
        self.assertEqual(ran, [])

    def test_another_thread_than_the_main_one_needs_no_other(self):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(_interruptible.run(threading.current_thread)))
        thread.start()
        thread.join()
        self.assertEqual(answers, [thread])


if __name__ == "__main__":
    unittest.main()
