"""tokenize() and the Writer, as a program in Python sees them."""
import contextlib
import ctypes
import gc
import json
import os
import pickle
import signal
import threading
import time
import unittest
from unittest import mock

import numpy as np

import headrace
from headrace import _declarations as c
from headrace import _tokenize, _writer

from support import Folder


class Contents(Folder):

    def jsonl(self, texts, name="a.jsonl"):
        with open(self.place(name), "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        return self.place(name)

    def there(self):
        return sorted(os.listdir(self.folder))


class Tokenize(Contents):

    def test_text_becomes_tokens(self):
        done = headrace.tokenize(self.jsonl(["ab", "c"]), self.place("out.bin"))
        self.assertEqual(done, headrace.Written(tokens=5, masked=0, documents=2, files=1, token_type="u16"))
        self.assertEqual(headrace.Dataset(self.place("out.bin"))[:].tolist(), [97, 98, 256, 99, 256])
        self.assertEqual(self.there(), ["a.jsonl", "out.bin"])

    def test_the_separator_is_the_usual_one_of_the_format(self):
        paths = [self.jsonl(["ab"])]
        for to, expected in (("llmc-gpt2", [256, 97, 98]), ("llmc_llama3", [256, 97, 98]), ("npy", [97, 98, 256]),
                             ("megatron", [97, 98]), ("datatrove", [97, 98])):
            headrace.tokenize(paths, self.place(to), to=to, tokenizer=headrace.Tokenizer.bytes(1))
            found = [name for name in self.there() if name.startswith(to) and not name.endswith(".index")]
            self.assertEqual(headrace.Dataset(self.place(found[0]))[:].tolist(), expected)
        headrace.tokenize(paths, self.place("own.bin"), separator="before", end_of_text=70000)
        self.assertEqual(headrace.Dataset(self.place("own.bin"))[:].tolist(), [70000, 97, 98])

    @unittest.skipUnless("utf8proc" in headrace.features(), "built without utf8proc")
    def test_options_are_those_of_the_library(self):
        with open(self.place("a.jsonl"), "wb") as file:
            file.write('{"body": "Ä  b"}\nno JSON\n'.encode())
        done = headrace.tokenize(self.place("a.jsonl"), self.place("out.bin"), text_field="body", on_bad_line="skip",
                                 fold_case=True, squeeze_space=True, separator="none", token_type="u32", workers=2,
                                 format="jsonl", malformed="error", normal_form="nfkc", longest_document=1000)
        self.assertEqual((done.bad_lines, done.documents, done.token_type), (1, 1, "u32"))
        self.assertEqual(bytes(headrace.Dataset(self.place("out.bin"))[:].tolist()), "ä b".encode())

    def test_spans_are_masked(self):
        with open(self.place("a.jsonl"), "w", encoding="utf-8") as file:
            file.write('{"prompt": "ab", "completion": "c"}\n')
        done = headrace.tokenize(self.place("a.jsonl"), self.place("out.bin"), spans="prompt")
        self.assertEqual((done.tokens, done.masked), (4, 2))
        self.assertEqual(headrace.Dataset(self.place("out.bin")).read_loss(0, 4).tolist(), [False, False, True, True])

    def test_progress_is_told_in_the_calling_thread_and_at_the_end(self):
        told, threads = [], set()

        def progress(state):
            told.append(state)
            threads.add(threading.current_thread())
        headrace.tokenize(self.jsonl(["ab"] * 1000), self.place("out.bin"), progress=progress)
        last = told[-1]
        self.assertEqual((last.tokens, last.documents, last.bytes), (3000, 1000, last.total_bytes))
        self.assertEqual((last.path, threads), (self.place("a.jsonl"), {threading.current_thread()}))
        self.assertIn(last.bottleneck, ("none", "reader", "workers", "writer"))

    def test_what_is_there_stays_without_overwrite_and_is_replaced_with_it(self):
        headrace.tokenize(self.jsonl(["old"]), self.place("out.bin"))
        with self.assertRaisesRegex(headrace.FileError, "out.bin"):
            headrace.tokenize(self.jsonl(["new"]), self.place("out.bin"))
        self.assertEqual(headrace.Dataset(self.place("out.bin"))[:].tolist(), [*b"old", 256])
        headrace.tokenize(self.place("a.jsonl"), self.place("out.bin"), overwrite=True)
        self.assertEqual(headrace.Dataset(self.place("out.bin"))[:].tolist(), [*b"new", 256])

    def test_progress_may_be_any_callable_and_nothing_else(self):
        class Told(list):  # which is False while it is empty
            __call__ = list.append
        told = Told()
        headrace.tokenize(self.jsonl(["ab"]), self.place("out.bin"), progress=told)
        self.assertEqual(told[-1].tokens, 3)
        with self.assertRaisesRegex(TypeError, "progress is 'x', expected a function"):
            headrace.tokenize(self.jsonl(["ab"]), self.place("other.bin"), progress="x")

    def test_an_exception_of_progress_stops_it_and_what_was_there_stays(self):
        headrace.tokenize(self.jsonl(["old"]), self.place("out.bin"))

        def progress(state):
            raise KeyError("mine")
        with self.assertRaisesRegex(KeyError, "mine"):
            headrace.tokenize(self.jsonl(["new"] * 1000), self.place("out.bin"), overwrite=True, progress=progress)
        self.assertEqual(headrace.Dataset(self.place("out.bin"))[:].tolist(), [*b"old", 256])
        self.assertEqual(self.there(), ["a.jsonl", "out.bin"])

    def test_ctrl_c_stops_it_and_nothing_is_left(self):
        def progress(state):
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait()  # until the signal is there
        with self.assertRaises(KeyboardInterrupt):
            headrace.tokenize(self.jsonl(["new"] * 1000), self.place("out.bin"), progress=progress)
        self.assertEqual(self.there(), ["a.jsonl"])

    def test_a_second_ctrl_c_does_not_wait_and_what_the_library_uses_stays(self):
        library, gone, freed, seen = _tokenize.lib, threading.Event(), threading.Event(), []
        really_free = library.batch_writer_free

        def slow(paths, count, options, writer, callback, context):
            os.kill(os.getpid(), signal.SIGINT)
            while callback(None, ctypes.pointer(c.TokenizeProgress())):
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)
            gone.wait()
            seen.append((freed.is_set(), library.batch_writer_tokens(writer)))
            return c.OK

        def free(pointer):
            really_free(pointer)
            freed.set()

        with mock.patch.object(_tokenize, "lib", mock.Mock(batch_tokenize_files=slow)), \
                mock.patch.object(_writer.lib, "batch_writer_free", free):
            with self.assertRaises(KeyboardInterrupt):
                headrace.tokenize(self.jsonl(["a"]), self.place("out.bin"))
            gone.set()
            freed.wait()
        self.assertEqual(seen, [(False, 0)])
        self.assertEqual(self.there(), ["a.jsonl"])

    def test_a_run_of_shards_that_was_stopped_goes_on(self):
        paths = self.jsonl(["x" * 100] * 500)
        headrace.tokenize(paths, self.place("whole.bin"), shard_tokens=10000)

        def progress(state):
            if os.path.exists(self.place("part_000002.bin")):
                raise KeyError("enough")
        arguments = {"paths": paths, "output": self.place("part.bin"), "shard_tokens": 10000}
        with self.assertRaises(KeyError):
            headrace.tokenize(**arguments, progress=progress)
        with self.assertRaises(headrace.FileError):
            headrace.tokenize(**arguments)
        done = headrace.tokenize(**arguments, continue_run=True)
        self.assertEqual((done.tokens, done.documents), (50500, 500))
        names = [name for name in self.there() if name.startswith("whole")]
        self.assertEqual(len(names), done.files)
        for name in names:
            with open(self.place(name), "rb") as one, open(self.place(name.replace("whole", "part")), "rb") as other:
                self.assertEqual(one.read(), other.read())

    def test_it_leaves_nothing_open_and_nothing_to_the_cyclic_collector(self):
        path, tokenizer = self.jsonl(["ab"]), headrace.Tokenizer.bytes(1)

        def calls():
            headrace.tokenize(path, self.place("out.bin"), tokenizer=tokenizer, overwrite=True,
                              progress=lambda state: None)
            headrace.Dataset(path, tokenizer=tokenizer)
            headrace.Dataset.from_memory([1, 2], [2], [True, False])
            headrace.Writer(self.place("other")).append([1])
            with contextlib.suppress(headrace.FileError):
                headrace.tokenize(path, self.place("out.bin"), tokenizer=tokenizer)
            with contextlib.suppress(headrace.FormatError):
                headrace.Dataset(path, format="npy")
        calls()
        open_files = os.listdir("/proc/self/fd")
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        calls()
        self.assertEqual(gc.collect(), 0)
        self.assertEqual(len(os.listdir("/proc/self/fd")), len(open_files))

    def test_a_thread_of_the_programs_may_call_it(self):
        done = []
        path = self.jsonl(["ab"])
        thread = threading.Thread(target=lambda: done.append(headrace.tokenize(path, self.place("out.bin"))))
        thread.start()
        thread.join()
        self.assertEqual(done[0].tokens, 3)

    def test_what_cannot_be_is_said_and_nothing_is_left(self):
        path = self.jsonl(["ab"])
        for error, expected, given in (
            (headrace.FileError, "nothing: open: No such file", {"paths": self.place("nothing")}),
            (headrace.FileError, "nothing/out", {"output": self.place("nothing", "out")}),
            (headrace.InvalidArgument, "paths has no path", {"paths": []}),
            (headrace.InvalidArgument, "to is 'text', expected", {"to": "text"}),
            (headrace.InvalidArgument, "to is 'jsonl', expected", {"to": "jsonl"}),
            (headrace.InvalidArgument, "to is 'txt', expected", {"to": "txt"}),
            (headrace.InvalidArgument, "separator is 'behind', expected", {"separator": "behind"}),
            (headrace.InvalidArgument, "end_of_text is 5 without a separator", {"separator": "none", "end_of_text": 5}),
            (headrace.InvalidArgument, "end_of_text is -1, expected 0", {"end_of_text": -1}),
            (headrace.InvalidArgument, "separator is 'after' without an end_of_text",
             {"tokenizer": headrace.Tokenizer.bytes()}),
            (headrace.InvalidArgument, "overwrite", {"overwrite": True, "continue_run": True}),
            (TypeError, "tokenizer is 'bytes', expected a headrace.Tokenizer", {"tokenizer": "bytes"}),
            (headrace.InvalidArgument, "shard_tokens is -1, expected 0", {"shard_tokens": -1}),
        ):
            with self.assertRaisesRegex(error, expected):
                headrace.tokenize(**{"paths": path, "output": self.place("out"), **given})
        self.assertEqual(self.there(), ["a.jsonl"])


class Writer(Contents):

    def test_the_largest_id_is_one(self):
        for ids in ([2**31 - 1], np.array([2**31 - 1], np.uint64)):
            with headrace.Writer(self.place("out.bin"), token_type="u32", overwrite=True) as writer:
                writer.append(ids)
            self.assertEqual(headrace.Dataset(self.place("out.bin"))[0], 2**31 - 1)
            with self.assertRaisesRegex(headrace.OutOfRange, r"ids\[0\] is 2147483648"):
                headrace.Tokenizer.bytes().decode(np.array([2**31], np.int64))

    def test_what_is_appended_is_in_the_file(self):
        with headrace.Writer(self.place("out.bin"), format="megatron", vocab_size=100) as writer:
            writer.append([1, 2, 3])
            writer.append(np.arange(10, dtype=np.int64)[::5], loss=[True, False])
            writer.end_document()
            writer.append(np.array([7], dtype=np.uint8))
            self.assertEqual((writer.written.tokens, writer.written.documents, writer.written.files), (6, 1, 0))
        self.assertEqual(writer.written, headrace.Written(tokens=6, masked=1, documents=2, files=1, token_type="u16"))
        dataset = headrace.Dataset(self.place("out.bin"))
        self.assertEqual([dataset.document(i).tolist() for i in range(2)], [[1, 2, 3, 0, 5], [7]])
        self.assertEqual(dataset.read_loss(0, 6).tolist(), [True, True, True, True, False, True])

    def test_a_block_that_ends_by_an_exception_leaves_nothing(self):
        with contextlib.suppress(KeyError), headrace.Writer(self.place("out.bin")) as writer:
            writer.append([1, 2])
            raise KeyError()
        self.assertEqual(self.there(), [])

    def test_one_that_is_dropped_leaves_nothing(self):
        headrace.Writer(self.place("out.bin")).append([1, 2])
        self.assertEqual(self.there(), [])

    def test_shards_begin_with_a_document(self):
        writer = headrace.Writer(self.place("out.bin"), shard_tokens=3)
        for first in (0, 2, 4):
            writer.append([first, first + 1])
            writer.end_document()
        self.assertEqual(writer.finish().files, 2)
        self.assertEqual(self.there(), ["out_000001.bin", "out_000002.bin"])

    def test_a_bad_append_says_what_is_wrong_and_a_closed_writer_that_it_is_closed(self):
        writer = headrace.Writer(self.place("out.bin"), token_type="u16")
        for error, expected, arguments in (
            (headrace.OutOfRange, r"ids\[0\] is 4294967296", ([2**32],)),
            (TypeError, "ids has elements of type float64", ([1.5],)),
            (headrace.InvalidArgument, "loss has the shape", ([1, 2], [True])),
            (headrace.OutOfRange, "70000", ([1, 70000],)),
        ):
            with self.assertRaisesRegex(error, expected):
                writer.append(*arguments)
        with self.assertRaisesRegex(headrace.OutOfRange, "70000"):  # of the library: it answers the same from then on
            writer.finish()
        writer.close()
        for call in (lambda: writer.append([1]), writer.end_document, writer.finish):
            with self.assertRaisesRegex(headrace.Closed, "^the writer is closed$"):
                call()
        self.assertEqual(self.there(), [])
        with self.assertRaisesRegex(TypeError, "a Writer cannot be copied or pickled"):
            pickle.dumps(writer)

    def test_a_signal_handler_may_finish_it_amid_a_call(self):
        writer, seen = headrace.Writer(self.place("out.bin")), []
        writer.append([1, 2])

        def interrupted(pointer):  # a call of the library's, behind which the handler of a signal runs
            seen.append(writer.finish())
            return True
        thread = threading.Thread(target=writer._do, args=(interrupted,), daemon=True)
        thread.start()
        thread.join(60)
        self.assertEqual([done.tokens for done in seen], [2])
        with self.assertRaises(headrace.Closed):
            writer.append([3])

    def test_threads_take_turns(self):
        writer = headrace.Writer(self.place("out.bin"), token_type="u16")
        threads = [threading.Thread(target=lambda: [writer.append([i] * 10) for i in range(100)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(writer.finish().tokens, 4000)
        self.assertEqual(np.bincount(headrace.Dataset(self.place("out.bin"))[:]).tolist(), [40] * 100)


if __name__ == "__main__":
    unittest.main()
