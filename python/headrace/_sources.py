"""What a loader reads: one dataset or several, with their shares of the rows."""
from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Sequence, Union

from . import _declarations as c
from . import _options
from ._dataset import Dataset, Path
from ._errors import InvalidArgument
from ._handle import drop_all
from ._library import Resource

Source = Union[Path, Dataset, Sequence[Union[Path, Dataset]]]
Sources = Union[Source, Mapping[Any, float], Sequence[tuple[Source, float]]]


class Datasets:
    """Holds the datasets of a loader, whoever else closes them."""

    _holds: list[Resource] = []  # of one that a signal kept from its own

    def __init__(self, sources: Sources) -> None:
        self._holds = []
        self.weights: list[float] = []
        for source, weight in _pairs(sources):
            dataset = source if isinstance(source, Dataset) else Dataset(source)
            self._holds.append(dataset._hold())
            self.weights.append(weight)

    def hold(self) -> list[Resource]:
        """Each once more."""
        held: list[Resource] = []
        try:
            for resource in self._holds:
                held.append(resource.hold())
        except BaseException:
            drop_all(held)
            raise
        return held

    def close(self) -> None:
        drop_all(self._holds)

    __del__ = close


def array(holds: Sequence[Resource], weights: Sequence[float]) -> Any:
    """The sources as batch_loader_create_mixed takes them."""
    return _options.array(c.LoaderSource, [c.LoaderSource(r.pointer, w) for r, w in zip(holds, weights)])


def _pairs(sources: Any) -> list[tuple[Any, float]]:
    if isinstance(sources, (str, bytes, os.PathLike, Dataset)):
        return [(sources, 0.0)]
    if isinstance(sources, Mapping):
        return _weighted(sources.items())
    items = _options.several("sources", sources, "a path, a Dataset, several of them, or a mix of (source, weight) "
                             "pairs")
    if not items:
        raise InvalidArgument("sources is empty, expected at least one")
    if all(isinstance(item, tuple) for item in items):
        return _weighted(items)
    if any(isinstance(item, Dataset) for item in items):
        return [(item, 0.0) for item in items]
    return [(items, 0.0)]


def _weighted(items: Any) -> list[tuple[Any, float]]:
    pairs = []
    for item in items:
        if len(item) != 2:
            raise InvalidArgument(f"sources has {_options.shown(item)}, expected a (source, weight) pair")
        source, weight = item
        weight = _options.real(f"the weight of {_options.shown(source)}", weight)
        if not weight > 0:
            raise InvalidArgument(f"the weight of {_options.shown(source)} is {weight}, expected a number above 0")
        pairs.append((list(source) if isinstance(source, tuple) else source, weight))
    if not pairs:
        raise InvalidArgument("sources is empty, expected at least one")
    return pairs
