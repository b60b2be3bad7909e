"""Tokenizers and normalize(), as a program in Python sees them."""
import base64
import os
import pickle
import tempfile
import threading
import unittest

import numpy as np

import headrace


def rank_file(folder):
    """Bytes, and a few tokens of more: what tiktoken's files look like."""
    tokens = [bytes([i]) for i in range(256)] + [b"ab", b"abc", b" ab"]
    path = os.path.join(folder, "small.tiktoken")
    with open(path, "wb") as file:
        file.writelines(b"%s %d\n" % (base64.b64encode(token), rank) for rank, token in enumerate(tokens))
    return path


class Bytes(unittest.TestCase):

    def test_ids_are_the_bytes(self):
        tokenizer = headrace.Tokenizer.bytes(2)
        ids = tokenizer.encode("hä\0")
        self.assertEqual((ids.tolist(), ids.dtype), ([104, 195, 164, 0], np.int32))
        self.assertEqual(tokenizer.encode(b"\xff\0").tolist(), [255, 0])
        self.assertEqual(tokenizer.encode(bytearray(b"a")).tolist(), [97])
        self.assertEqual(tokenizer.encode("").tolist(), [])
        self.assertEqual((tokenizer.vocab_size, tokenizer.end_of_text), (258, 256))
        self.assertEqual(headrace.Tokenizer.bytes().end_of_text, None)
        self.assertEqual(tokenizer.facts, headrace.TokenizerFacts(
            kind="bytes", vocab_size=258, end_of_text=256, added_tokens=0, specials="ignore", normal_form="none",
            split=None, split_unicode=None, normal_unicode=None))
        self.assertEqual(repr(tokenizer), "<headrace.Tokenizer bytes: 258 ids>")

    def test_decoding_gives_the_text_back(self):
        tokenizer, text = headrace.Tokenizer.bytes(1), "hä\0" * 1000
        self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)
        self.assertEqual(tokenizer.decode([104, 256, 105]), "hi")
        self.assertEqual(tokenizer.decode([]), "")
        self.assertEqual(tokenizer.decode(np.array([104, 0, 105], dtype=np.uint16)[::2]), "hi")
        self.assertEqual(tokenizer.decode_bytes([195]), b"\xc3")
        self.assertEqual(tokenizer.decode([195]), "�")
        with self.assertRaises(UnicodeDecodeError):
            tokenizer.decode([195], errors="strict")

    def test_what_is_no_text_or_no_ids_is_refused(self):
        tokenizer = headrace.Tokenizer.bytes()
        with self.assertRaisesRegex(headrace.OutOfRange, r"ids\[1\] is 300"):
            tokenizer.decode([1, 300])
        with self.assertRaisesRegex(headrace.OutOfRange, r"ids\[1\] is 4294967296"):
            tokenizer.decode([1, 2**32])
        with self.assertRaisesRegex(TypeError, "ids has elements of type float64"):
            tokenizer.decode([1.5])
        with self.assertRaisesRegex(headrace.InvalidArgument, "ids has 2 dimensions"):
            tokenizer.decode([[1]])
        with self.assertRaisesRegex(TypeError, "text is of type int, expected str or bytes"):
            tokenizer.encode(5)
        with self.assertRaisesRegex(headrace.InvalidArgument, "expected text that can be encoded"):
            tokenizer.encode("\ud800")
        with self.assertRaisesRegex(headrace.InvalidArgument, "specials is 65281, expected at most 65280"):
            headrace.Tokenizer.bytes(65281)

    def test_bytes_that_python_read_as_surrogates_are_bytes_again(self):
        self.assertEqual(headrace.Tokenizer.bytes().encode(os.fsdecode(b"\xff")).tolist(), [255])

    def test_many_threads_use_one(self):
        tokenizer, wrong = headrace.Tokenizer.bytes(), []

        def work(i):
            for _ in range(50):
                if tokenizer.decode(tokenizer.encode(f"text {i}")) != f"text {i}":
                    wrong.append(i)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_closed_one_says_so(self):
        with headrace.Tokenizer.bytes() as tokenizer:
            pass
        for call in (lambda: tokenizer.encode("a"), lambda: tokenizer.decode([1]), lambda: tokenizer.facts,
                     lambda: tokenizer.vocab_size, lambda: headrace.Dataset(".", tokenizer=tokenizer)):
            with self.assertRaisesRegex(headrace.Closed, "^the tokenizer is closed$"):
                call()
        self.assertEqual(repr(tokenizer), "<headrace.Tokenizer closed>")
        with self.assertRaisesRegex(TypeError, "a Tokenizer cannot be copied or pickled"):
            pickle.dumps(tokenizer)


class Files(unittest.TestCase):

    def setUp(self):
        if "pcre2" not in headrace.features():
            self.skipTest("built without PCRE2")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = rank_file(folder.name)

    def test_a_rank_file_merges_what_it_has(self):
        tokenizer = headrace.Tokenizer(self.path, split="gpt2", special_tokens={"<|mine|>": 1000})
        self.assertEqual(tokenizer.encode("abc ab").tolist(), [257, 258])
        self.assertEqual(tokenizer.decode([257, 258]), "abc ab")
        self.assertEqual((tokenizer.facts.kind, tokenizer.facts.specials), ("ranks", "ignore"))
        self.assertGreater(tokenizer.vocab_size, 1000)
        self.assertIn("small.tiktoken", repr(tokenizer))

    def test_specials_in_a_text_are_what_was_asked(self):
        made = {specials: headrace.Tokenizer(self.path, split="gpt2", specials=specials,
                                             special_tokens={"<|mine|>": 1000})
                for specials in ("ignore", "allow", "error")}
        self.assertNotIn(1000, made["ignore"].encode("a<|mine|>"))
        self.assertEqual(made["allow"].encode("a<|mine|>").tolist(), [97, 1000])
        with self.assertRaisesRegex(headrace.FormatError, "mine"):
            made["error"].encode("a<|mine|>")

    def test_what_cannot_be_is_said(self):
        for error, expected, given in (
            (headrace.FileError, "nothing: open: No such file", {"path": self.path + "nothing"}),
            (headrace.InvalidArgument, "split is 'gpt3', expected 'of_file', 'gpt2',", {"split": "gpt3"}),
            (headrace.InvalidArgument, "split", {}),
            (headrace.InvalidArgument, "expected no NUL", {"path": "a\0b"}),
            (TypeError, "path is 5, expected a path", {"path": 5}),
            (TypeError, "special_tokens is 5, expected a mapping", {"special_tokens": 5}),
            (headrace.InvalidArgument, r"special_tokens\['a'\] is -1", {"special_tokens": {"a": -1}}),
            (TypeError, r"special_tokens\['a'\] is 1.5", {"special_tokens": {"a": 1.5}}),
        ):
            with self.assertRaisesRegex(error, expected):
                headrace.Tokenizer(**{"path": self.path, **given})


class Normalize(unittest.TestCase):

    def test_text_is_normalized_as_asked(self):
        self.assertEqual(headrace.normalize("a  b \r\nc"), "a  b \r\nc")
        self.assertEqual(headrace.normalize("a  b \r\nc", squeeze_space=True), "a b\nc")
        self.assertEqual(headrace.normalize(b"a\xffb", malformed="replace"), "a�b".encode())
        self.assertEqual(headrace.normalize(os.fsdecode(b"a\xff")), os.fsdecode(b"a\xff"))
        with self.assertRaisesRegex(headrace.FormatError, "at byte 1"):
            headrace.normalize(b"a\xff", malformed="error")

    def test_unicode_is_that_of_utf8proc(self):
        if "utf8proc" not in headrace.features():
            self.skipTest("built without utf8proc")
        self.assertEqual(headrace.normalize("ﬁ", normal_form="nfkc"), "fi")
        self.assertEqual(headrace.normalize("A\u0308", normal_form="nfc", fold_case=True), "ä")
        self.assertEqual(headrace.normalize("ﷺ" * 100, normal_form="nfkc"), "صلى الله عليه وسلم" * 100)

    def test_what_cannot_be_is_said(self):
        with self.assertRaisesRegex(headrace.InvalidArgument, "normal_form is 'nfd', expected 'none', 'nfc' or 'nfkc'"):
            headrace.normalize("a", normal_form="nfd")
        with self.assertRaisesRegex(TypeError, "fold_case is 1, expected True or False"):
            headrace.normalize("a", fold_case=1)
        with self.assertRaisesRegex(TypeError, "text is of type list"):
            headrace.normalize(["a"])


if __name__ == "__main__":
    unittest.main()
