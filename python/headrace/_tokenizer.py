"""From text to token ids and back."""
from __future__ import annotations

import builtins
import ctypes
import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, overload

import numpy as np

from . import _arrays, _options
from . import _declarations as c
from ._library import Owner, Resource, error, lib
from ._options import Path

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclasses.dataclass(frozen=True)
class TokenizerFacts:
    """What is known of a tokenizer.

    kind: "bytes", "sentencepiece", "ranks" or "json"
    vocab_size: ids are below it
    end_of_text: its id
    added_tokens: tokens that are found before the text is split, special ones too
    specials: "ignore", "allow" or "error"
    normal_form: the tokenizer's own: "none", "nfc" or "nfkc"
    split: what splits text: the name of a scanner, or "PCRE2"
    split_unicode: the version of the Unicode tables of that
    normal_unicode: of those of the normal form
    """
    kind: str
    vocab_size: int
    end_of_text: int | None
    added_tokens: int
    specials: str
    normal_form: str
    split: str | None
    split_unicode: str | None
    normal_unicode: str | None


class Tokenizer(Owner):
    """A tokenizer, of the file that a model was trained with.

    path: a tokenizer.json of Hugging Face with a byte-level BPE model, a rank file of tiktoken or a SentencePiece
      model: its bytes tell which.
    split: of a rank file, how text is split: "gpt2", "cl100k", "o200k", "llama3" or "qwen2".
    specials: special tokens that a text spells out are text ("ignore"), the token ("allow") or an error ("error").
    special_tokens: of a rank file, more of them: a mapping of texts to ids.

    Any number of threads may use one at the same time.
    """
    _what = "tokenizer"
    _name = ""

    def __init__(self, path: Path, *, split: str | None = None, specials: str = "ignore",
                 special_tokens: Mapping[str, int] | None = None) -> None:
        name = _options.path("path", path)
        tokens = _special_tokens(special_tokens or {})
        options = _options.fill(c.TokenizerOptions, split=split, specials=specials, special_tokens=tokens,
                                special_token_count=len(tokens) if tokens else 0)
        self._own(lib.batch_tokenizer_open(name, ctypes.byref(options)), name.decode("utf-8", "replace"))

    @classmethod
    def bytes(cls, specials: int = 0) -> Tokenizer:
        """The tokenizer whose ids are the bytes of the text.

        Special ids, from 256 on, never come from text; the first of them is the end of text.
        """
        made = cls.__new__(cls)
        made._own(lib.batch_tokenizer_bytes(_options.integer("specials", specials, 0, 2**32 - 1)), "")
        return made

    def _own(self, pointer: int | None, name: str) -> None:
        if not pointer:
            raise error()
        self._resource = Resource(pointer, lib.batch_tokenizer_free, self._what)
        self._name = name

    def encode(self, text: str | builtins.bytes) -> NDArray[np.int32]:
        """The ids of a text, as an array of int32. Bytes need not be UTF-8."""
        data = _bytes("text", text)
        with self._hold() as tokenizer:
            count = len(data) + 16
            while True:
                ids: NDArray[np.int32] = np.empty(count, np.int32)
                count = lib.batch_tokenizer_encode(tokenizer.pointer, data, len(data),
                                                   _arrays.pointer(ids, ctypes.c_int32), len(ids))
                if count == c.TOKENIZER_FAILED:
                    raise error()
                if count <= len(ids):
                    return ids[:count].copy()

    def decode(self, ids: ArrayLike, errors: str = "replace") -> str:
        """The text of ids. `errors` is that of bytes.decode, for ids that are cut amid a character."""
        return self.decode_bytes(ids).decode("utf-8", errors)

    def decode_bytes(self, ids: ArrayLike) -> builtins.bytes:
        """The bytes of ids."""
        row = _arrays.converted("ids", ids, np.int32)
        with self._hold() as tokenizer:
            count = 8 * len(row) + 64
            while True:
                text = np.empty(count, np.uint8)
                count = lib.batch_tokenizer_decode(tokenizer.pointer, _arrays.pointer(row, ctypes.c_int32), len(row),
                                                   text.ctypes.data, len(text))
                if count == c.TOKENIZER_FAILED:
                    raise error()
                if count <= len(text):
                    return text[:count].tobytes()

    @property
    def facts(self) -> TokenizerFacts:
        """What is known of it: its kind, and the versions of Unicode that its ids depend on."""
        found = c.TokenizerFacts()
        with self._hold() as tokenizer:
            if not lib.batch_tokenizer_describe(tokenizer.pointer, ctypes.byref(found)):
                raise error()
            facts = _options.values(found)  # its texts are the tokenizer's
        if found.end_of_text == c.NO_TOKEN:
            facts["end_of_text"] = None
        return TokenizerFacts(**facts)

    @property
    def vocab_size(self) -> int:
        """What all ids are below."""
        return self.facts.vocab_size

    @property
    def end_of_text(self) -> int | None:
        """The id of the end of text, None where there is none."""
        return self.facts.end_of_text

    def __repr__(self) -> str:
        if self._resource is None:
            return "<headrace.Tokenizer closed>"
        facts = self.facts
        return f"<headrace.Tokenizer {self._name or facts.kind}: {facts.vocab_size} ids>"


def _special_tokens(tokens: Mapping[str, int]) -> Any:
    if not isinstance(tokens, Mapping):
        raise TypeError(f"special_tokens is {_options.shown(tokens)}, expected a mapping of texts to ids")
    made = [c.SpecialToken(_options.text("special_tokens", text),
                           _options.integer(f"special_tokens[{_options.shown(text)}]", id, 0, 2**31 - 1))
            for text, id in tokens.items()]
    return _options.array(c.SpecialToken, made)


def _bytes(name: str, text: Any) -> builtins.bytes:
    if isinstance(text, str):
        return _options.encoded(name, text, "utf-8")
    if isinstance(text, (bytes, bytearray, memoryview)):
        return bytes(text)
    raise TypeError(f"{name} is of type {type(text).__name__}, expected str or bytes")


def text_options(malformed: str, normal_form: str, fold_case: bool, squeeze_space: bool) -> c.TextOptions:
    """The C options of what is done to text before it is tokenized."""
    return _options.fill(c.TextOptions, malformed=malformed, normal_form=normal_form, fold_case=fold_case,
                         squeeze_space=squeeze_space)


@overload
def normalize(text: str, *, malformed: str = ..., normal_form: str = ..., fold_case: bool = ...,
              squeeze_space: bool = ...) -> str: ...


@overload
def normalize(text: bytes, *, malformed: str = ..., normal_form: str = ..., fold_case: bool = ...,
              squeeze_space: bool = ...) -> bytes: ...


def normalize(text: str | bytes, *, malformed: str = "keep", normal_form: str = "none", fold_case: bool = False,
              squeeze_space: bool = False) -> str | bytes:
    """A text as a dataset or tokenize() with the same options would give it to the tokenizer; str of str, else bytes.

    malformed: bytes that are not UTF-8 are kept ("keep"), become U+FFFD ("replace") or are a FormatError ("error").
    normal_form: "none", "nfc" or "nfkc".
    fold_case: Unicode full case folding.
    squeeze_space: each line break becomes LF, every other run of white space one space, none before a line break.
    """
    options, data = text_options(malformed, normal_form, fold_case, squeeze_space), _bytes("text", text)
    room = len(data) + 64
    while True:
        out = np.empty(room, np.uint8)
        room = lib.batch_text_normalize(data, len(data), ctypes.byref(options), out.ctypes.data, len(out))
        if room == c.TOKENIZER_FAILED:
            raise error()
        if room <= len(out):
            found = out[:room].tobytes()
            return found.decode("utf-8", "surrogateescape") if isinstance(text, str) else found
