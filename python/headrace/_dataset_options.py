"""What a dataset and tokenize() are told alike: how text becomes ids, and which of them are learnt."""
from __future__ import annotations

import contextlib
from typing import Any, ContextManager, Mapping, Union

from . import _declarations as c
from . import _errors, _options
from ._library import Resource
from ._tokenizer import Tokenizer, text_options

Spans = Union[str, Mapping[str, Any], None]


def dataset_options(*, tokenizer: Tokenizer | None = None, malformed: str = "keep", normal_form: str = "none",
                    fold_case: bool = False, squeeze_space: bool = False, spans: Spans = None, separator: str = "none",
                    end_of_text: int | None = None, temporary_directory: Any = None,
                    **given: Any) -> c.DatasetOptions:
    """The C options; the tokenizer is held by them, until release()."""
    if tokenizer is not None and not isinstance(tokenizer, Tokenizer):
        raise TypeError(f"tokenizer is {_options.shown(tokenizer)}, expected a headrace.Tokenizer")
    if temporary_directory is not None:
        given["temporary_directory"] = _options.path("temporary_directory", temporary_directory)
    options = _options.fill(c.DatasetOptions, spans=_span_options(spans), separator=separator,
                            text=text_options(malformed, normal_form, fold_case, squeeze_space),
                            end_of_text=_end_of_text(separator, end_of_text, tokenizer), **given)
    if tokenizer is not None:
        options.keep = tokenizer._hold()
        options.tokenizer = options.keep.pointer
    return options


def held(options: c.DatasetOptions) -> ContextManager[Any]:
    """For the thread that calls the library: the tokenizer is there meanwhile, also when who waits has gone."""
    tokenizer: Resource | None = options.keep
    if tokenizer is None:
        return contextlib.nullcontext()
    return tokenizer.hold()


def release(options: c.DatasetOptions) -> None:
    """The options are no longer needed by who made them."""
    held, options.keep = options.keep, None
    if held:
        held.drop()


def _end_of_text(separator: str, given: int | None, tokenizer: Tokenizer | None) -> int | None:
    """The id that parts documents: as given, or else the tokenizer's own."""
    if _options.word("separator", separator, c.SEPARATOR) == 0:
        if given is not None:
            raise _errors.InvalidArgument(f"end_of_text is {_options.shown(given)} without a separator, expected "
                                          "where it stands: separator='before' or 'after'")
        return None
    own = given if given is not None or tokenizer is None else tokenizer.end_of_text
    if own is None:
        raise _errors.InvalidArgument(f"separator is {separator!r} without an end_of_text, expected the id, or "
                                      "separator='none'")
    return own


def _span_options(spans: Spans) -> c.SpanOptions | None:
    if spans is None:
        return None
    if isinstance(spans, str):
        return c.SpanOptions(kind=_options.word("spans", spans, c.SPANS))
    known = [name for name, *_ in c.SpanOptions._fields_ if name not in ("size", "reserved")]
    if not isinstance(spans, Mapping) or not all(name in known for name in spans):
        raise TypeError(f"spans is {_options.shown(spans)}, expected {_options.one_of(c.SPANS)}, or a mapping with "
                        "some of " + ", ".join(known))
    given = dict(spans)
    if isinstance(given.get("train_roles"), (list, tuple)):
        given["train_roles"] = ",".join(map(str, given["train_roles"]))
    return _options.fill(c.SpanOptions, **given)
