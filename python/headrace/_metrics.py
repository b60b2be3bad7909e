"""Statistics for Prometheus."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Mapping

import numpy as np

from . import _declarations as c
from . import _options
from ._library import error, lib
from ._loader import Loader
from ._tokenize import Progress


def metrics(loaders: Loader | Mapping[str, Loader] | None = None, *,
            tokenize: Progress | Mapping[str, Progress] | None = None, labels: Mapping[str, str] | None = None) -> str:
    """What loaders, and runs of tokenize(), have done, as text in Prometheus' exposition format 0.0.4.

        text = headrace.metrics({"train": train, "validation": validation}, labels={"rank": "3"})

    loaders, tokenize: one, or a mapping of names to several, which are told apart by the label `name`. Of a run it is
      the last Progress that it was told.
    labels: those that each sample is to have.

    One text has all there is of a process. Loaders are not delayed by it; docs/metrics.md has the names.
    """
    if not isinstance(labels, (Mapping, type(None))):
        raise TypeError(f"labels is {_options.shown(labels)}, expected a mapping of names to values")
    kept: list[Any] = []
    objects = [c.MetricsObject(name=name, loader=_live(name, loader, kept))
               for name, loader in _named("loaders", loaders)]
    objects += [c.MetricsObject(name=name, tokenize=ctypes.pointer(_state(progress)))
                for name, progress in _named("tokenize", tokenize)]
    texts = [c.MetricsLabel(_options.text("labels", name), _options.text(f"labels[{_options.shown(name)}]", value))
             for name, value in (labels or {}).items()]
    options = _options.fill(c.MetricsOptions, num_objects=len(objects),
                            objects=_options.array(c.MetricsObject, objects),
                            labels=_options.array(c.MetricsLabel, texts), num_labels=len(texts))
    room = 4096 * (1 + len(objects))
    while True:
        text = np.empty(room, np.uint8)
        length = lib.batch_metrics_text(ctypes.byref(options), text.ctypes.data, room)
        if length == 0:
            raise error()
        if length < room:
            return text[:length].tobytes().decode()
        room = length + 1024  # numbers grow


def _named(argument: str, given: Any) -> list[tuple[bytes | None, Any]]:
    if isinstance(given, Mapping):
        return [(_options.text(argument, name), value) for name, value in given.items()]
    return [] if given is None else [(None, given)]


def _live(name: Any, loader: Any, kept: list[Any]) -> Any:
    """The C loader, which is kept for the call."""
    if not isinstance(loader, Loader):
        raise TypeError(f"loaders has {_options.shown(loader)}, expected a headrace.Loader")
    kept.append(loader._live())
    return kept[-1]


def _state(progress: Any) -> c.TokenizeProgress:
    if not isinstance(progress, Progress):
        raise TypeError(f"tokenize has {_options.shown(progress)}, expected a headrace.Progress")
    fields = dataclasses.asdict(progress)
    return c.TokenizeProgress(**{name: value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
                                 for name, value in fields.items()})
