"""Errors of the library as exceptions, and a library that does not fit."""
import ctypes
import os
import pickle
import shutil
import subprocess
import tempfile
import unittest
from unittest import mock

import numpy as np

import headrace
from headrace import _declarations as c
from headrace import _library

from support import Folder
from threads import settle

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


class Classes(Folder):

    def raised(self, call):
        """The exception of a call: one of the package's, with a sentence, that goes through a pickle as it is."""
        with self.assertRaises(headrace.Error) as caught:
            call()
        error = caught.exception
        other = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(other), str(other), other.status), (type(error), str(error), error.status))
        self.assertGreater(len(str(error)), 10)
        return error

    def test_each_kind_of_error_is_a_class_and_one_of_pythons(self):
        dataset = headrace.Dataset.from_memory(np.arange(100))

        def load(**options):
            headrace.Loader(dataset, **{"batch_size": 1, "sequence_length": 1, **options})

        for kind, builtin, status, call in (
            (headrace.InvalidArgument, ValueError, "error_invalid_argument", lambda: load(batch_size=0)),
            (headrace.InvalidArgument, ValueError, "error_invalid_argument", lambda: load(shuffle="al")),
            (headrace.OutOfRange, IndexError, "error_out_of_range", lambda: headrace.Tokenizer.bytes().decode([300])),
            (headrace.OutOfRange, IndexError, "error_out_of_range", lambda: dataset[100]),
            (headrace.SizeOverflow, OverflowError, "error_overflow",
             lambda: load(batch_size=2**32 - 1, sequence_length=2**31 - 1)),
            (headrace.OutOfMemory, MemoryError, "error_out_of_memory",  # more than there are addresses
             lambda: load(batch_size=2**24, sequence_length=2**24)),
            (headrace.FileError, OSError, "error_io", lambda: headrace.Dataset(os.path.join(self.folder, "nothing"))),
            (headrace.FormatError, ValueError, "error_format",
             lambda: headrace.normalize(b"\xff", malformed="error")),
        ):
            error = self.raised(call)
            self.assertEqual((type(error), error.status), (kind, status))
            self.assertIsInstance(error, builtin)

    def test_what_cannot_be_is_named_and_cut_where_it_is_long(self):
        dataset, huge, long = headrace.Dataset.from_memory(np.arange(100)), 10**400, "x" * 10**6 + "\ud800"
        batch = dict(batch_size=1, sequence_length=1)
        loader = headrace.Loader(dataset, **batch)
        mask = dict(probability=0.5, mask_id=0, vocab_size=9)
        for kind, begin, call in (
            (ValueError, "timeout is 1000", lambda: loader.next(timeout=huge)),
            (ValueError, "the weight of .* is 1000", lambda: headrace.Loader([(dataset, huge)], **batch)),
            (ValueError, "epochs is 1000", lambda: headrace.Loader(dataset, epochs=huge, **batch)),
            (ValueError, "epochs is (1000|a number of very many digits)",
             lambda: headrace.Loader(dataset, epochs=10**5000, **batch)),
            (ValueError, "text is 'xxx", lambda: headrace.Tokenizer.bytes().encode(long)),
            (ValueError, "shuffle is 'xxx", lambda: headrace.Loader(dataset, shuffle=long, **batch)),
            (ValueError, "mask_type is 'int32', expected 'float32' or 'uint8'$",
             lambda: headrace.Loader(dataset, mask_type="int32", **batch)),
            (ValueError, "mask_type is ''", lambda: headrace.Loader(dataset, mask_type="", **batch)),
            (TypeError, "epochs is True", lambda: headrace.Loader(dataset, epochs=np.True_, **batch)),
            (TypeError, "timeout is True", lambda: loader.next(timeout=np.True_)),
            (TypeError, "skips is 5", lambda: headrace.Loader(dataset, skips=5, **batch)),
            (TypeError, "keep is 5", lambda: headrace.transforms.mask(keep=5, **mask)),
            (TypeError, "resume is 5", lambda: headrace.Loader(dataset, resume=5, **batch)),
            (TypeError, "batch is 5", lambda: loader.places(5)),
            (TypeError, "labels is 5", lambda: headrace.metrics(labels=5)),
        ):
            with self.assertRaisesRegex(kind, "^" + begin) as caught:
                call()
            self.assertLess(len(str(caught.exception)), 500)

    def test_what_a_build_lacks_or_does_not_know_is_unsupported(self):
        path = os.path.join(self.folder, "a.bin")
        np.arange(10, dtype=np.uint16).tofile(path)
        options = c.DatasetOptions(reserved=1)  # as a later version may have it
        self.assertIsNone(_library.lib.batch_dataset_open((ctypes.c_char_p * 1)(os.fsencode(path)), 1,
                                                          ctypes.byref(options)))
        self.assertEqual(type(_library.error()), headrace.Unsupported)
        self.assertIsInstance(_library.error(), RuntimeError)
        self.assertEqual(_library.error().status, "error_unsupported")

    def test_a_writer_in_a_forked_process_says_so(self):
        writer = headrace.Writer(os.path.join(self.folder, "a.bin"))
        settle()
        child = os.fork()
        if child == 0:
            try:
                writer.append([1])
            except headrace.ForkError as error:
                os._exit(0 if isinstance(error, headrace.Unsupported) and "fork" in str(error) else 2)
            os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        writer.append([1])
        self.assertEqual(writer.finish().tokens, 1)

    def test_what_is_closed_says_so(self):
        dataset = headrace.Dataset.from_memory([1, 2])
        dataset.close()
        error = self.raised(lambda: dataset.tokens)
        self.assertEqual((type(error), error.status, str(error)), (headrace.Closed, "closed", "the dataset is closed"))

    def test_the_sentence_is_the_librarys(self):
        path = os.path.join(os.fsencode(self.folder), b"\xff\n.bin")
        with open(path, "wb") as file:
            file.write(b"odd")
        error = self.raised(lambda: headrace.Dataset(path))
        self.assertIn(r"\xff\x0a.bin", str(error).lower())
        error = self.raised(lambda: headrace.Tokenizer.bytes().decode([300]))  # in this thread, which knows it still
        self.assertEqual(str(error), _library.lib.batch_last_error().contents.message.decode())

    def test_every_status_of_the_library_has_its_exception(self):
        for status, name in enumerate(c.STATUS):
            if name.startswith("error_"):
                self.assertEqual(_library.error(status).status, name)
                self.assertIsNot(type(_library.error(status)), headrace.Error)
        self.assertEqual(type(_library.error(c.TIMEDOUT)), headrace.TimedOut)
        self.assertTrue(issubclass(headrace.TimedOut, TimeoutError))
        self.assertEqual(type(_library.error(c.CLOSED)), headrace.Closed)


class Numbers(unittest.TestCase):
    """ctypes would wrap what does not fit, and take anything for a truth."""

    def refused(self, kind, expected, **options):
        dataset = headrace.Dataset.from_memory(np.arange(100))
        with self.assertRaisesRegex(kind, expected):
            headrace.Loader(dataset, **{"batch_size": 1, "sequence_length": 1, **options})

    def test_numbers_that_do_not_fit_are_named(self):
        self.refused(headrace.InvalidArgument, "batch_size is -1, expected 0 to 4294967295", batch_size=-1)
        self.refused(headrace.InvalidArgument, "batch_size is 4294967297, expected", batch_size=2**32 + 1)
        self.refused(headrace.InvalidArgument, "seed is 18446744073709551616, expected", seed=2**64)

    def test_what_is_no_number_or_word_is_named(self):
        self.refused(TypeError, "batch_size is 1.0, expected a whole number", batch_size=1.0)
        self.refused(TypeError, "batch_size is '1', expected a whole number", batch_size="1")
        self.refused(TypeError, "workers is True, expected a whole number", workers=True)
        self.refused(TypeError, "shuffle is 1, expected 'all', 'blocks' or 'none'", shuffle=1)
        self.refused(headrace.InvalidArgument, "shuffle is 'al', expected 'all', 'blocks' or 'none'", shuffle="al")

    def test_numpys_numbers_and_truths_are_taken(self):
        dataset = headrace.Dataset.from_memory(np.arange(100))
        loader = headrace.Loader(dataset, batch_size=np.int64(3), sequence_length=np.uint8(4),
                                 seed=np.uint64(2**64 - 1))
        self.assertEqual(next(loader).input.shape, (3, 4))
        self.assertEqual(headrace.normalize("A", fold_case=np.False_), "A")


class Library(unittest.TestCase):

    def refused(self, library, expected):
        with mock.patch.dict(os.environ, HEADRACE_LIBRARY=library):
            with self.assertRaisesRegex(ImportError, expected):
                _library._load()

    def test_one_that_is_not_there_or_is_no_headrace(self):
        self.refused("/nothing/libheadrace.so", "/nothing/libheadrace.so.*name its file in HEADRACE_LIBRARY")
        self.refused("libc.so.6", "libc.so.6 is no libheadrace")

    @unittest.skipUnless(COMPILER, "no C compiler")
    def test_one_of_another_version_or_without_a_function(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, names, expected in ((203, (), "is version 9.9.9, and this package is for 0.1: install both"),
                                            (199, list(c.FUNCTIONS)[:-1], f"has no {list(c.FUNCTIONS)[-1]}: install")):
                path = os.path.join(folder, f"{number}.so")
                names = set(names) - {"batch_version", "batch_version_number"}
                text = 'const char *batch_version(void) { return "9.9.9"; }'
                text += f" int batch_version_number(void) {{ return {number}; }}"
                text += "".join(f" int {name}(void) {{ return 0; }}" for name in names)
                subprocess.run([COMPILER, "-w", "-shared", "-fPIC", "-x", "c", "-o", path, "-"], input=text.encode(),
                               check=True)
                self.refused(path, expected)

    def test_the_package_says_its_version_and_parts(self):
        self.assertRegex(headrace.__version__, r"^0\.1\.\d+$")
        self.assertEqual(" ".join(headrace.features()), _library.lib.batch_features().decode())

    def test_an_installation_writes_down_where_the_library_is(self):
        here = os.path.dirname(os.path.abspath(_library.__file__))
        place = mock.Mock(LIBRARY=os.path.relpath(_library.__file__, here))  # any file that is there
        with mock.patch.dict("sys.modules", {"headrace._location": place}), mock.patch.dict(os.environ):
            os.environ.pop("HEADRACE_LIBRARY", None)
            self.assertEqual(_library._place(), os.path.abspath(_library.__file__))
            place.LIBRARY = "../nothing"
            self.assertEqual(_library._place(), "libheadrace.so.0.1")


if __name__ == "__main__":
    unittest.main()
