"""Transforms: what a loader's workers do to each row of a batch after filling it.

    masking = headrace.transforms.mask(probability=0.15, mask_id=103, vocab_size=30522)
    loader = headrace.Loader(files, batch_size=32, sequence_length=512, transforms=[masking])

What a transform draws follows from the loader's seed, the epoch, the row's place in it and the transform's place in the
list: it is the same for any number of workers, and in a batch that is made again. Positions whose mask is 0 are left
alone. They run in the library, without Python; their arguments are checked when a loader is made of them.
"""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Iterable

from . import _declarations as c
from ._library import lib
from ._options import array, fill, integer, several, shown

__all__ = ["Transform", "dropout", "mask", "noise", "normalize", "replace"]


class Transform:
    """What the functions of this module make; any number of loaders may use one, at the same time."""
    __slots__ = ("_options", "_made", "_text")

    def __init__(self, make: Callable[[Any], Any], options: c.Options, text: str) -> None:
        self._options = options  # which the transform reads as long as it is used
        self._made = make(options)
        self._text = text

    def __repr__(self) -> str:
        return f"headrace.transforms.{self._text}"


def mask(*, probability: float, mask_id: int, vocab_size: int, keep: Iterable[int] = ()) -> Transform:
    """Masked language modelling (Devlin et al. 2019).

    Each position is chosen with `probability`; of the chosen, 80 % become mask_id, 10 % a random id below vocab_size,
    10 % stay. The target becomes what the input was, the mask 1 where chosen and 0 elsewhere. Ids in `keep` are never
    chosen.
    """
    ids = [integer(f"keep[{i}]", id, -2**31, 2**31 - 1) for i, id in enumerate(several("keep", keep, "ids"))]
    options = fill(c.MaskOptions, probability=probability, mask_id=mask_id, vocab_size=vocab_size,
                   keep=array(ctypes.c_int32, ids), num_keep=len(ids))
    kept = f", keep={ids}" if ids else ""
    return Transform(lib.batch_transform_mask, options,
                     f"mask(probability={probability}, mask_id={mask_id}, vocab_size={vocab_size}{kept})")


def dropout(*, probability: float, drop_id: int) -> Transform:
    """Each id of the input becomes drop_id with `probability`; targets stay."""
    return Transform(lib.batch_transform_dropout, fill(c.DropoutOptions, probability=probability, drop_id=drop_id),
                     f"dropout(probability={probability}, drop_id={drop_id})")


def replace(*, probability: float, vocab_size: int) -> Transform:
    """Each id of the input becomes a random one below vocab_size with `probability`; targets stay."""
    return Transform(lib.batch_transform_replace,
                     fill(c.ReplaceOptions, probability=probability, vocab_size=vocab_size),
                     f"replace(probability={probability}, vocab_size={vocab_size})")


def normalize(*, mean: float, deviation: float) -> Transform:
    """(x - mean) / deviation of a float32 input; deviation is above 0."""
    return Transform(lib.batch_transform_normalize, fill(c.NormalizeOptions, mean=mean, deviation=deviation),
                     f"normalize(mean={mean}, deviation={deviation})")


def noise(*, deviation: float) -> Transform:
    """Normal noise of mean 0 on a float32 input; deviation is from 0 on."""
    return Transform(lib.batch_transform_noise, fill(c.NoiseOptions, deviation=deviation),
                     f"noise(deviation={deviation})")


def chain(transforms: Any) -> tuple[Any, int, Any]:
    """For a loader's options: the transforms as an array of C's, or None, how many, and what must be kept meanwhile."""
    if isinstance(transforms, Transform):
        transforms = [transforms]
    kept = several("transforms", transforms, "those of headrace.transforms")
    for i, transform in enumerate(kept):
        if not isinstance(transform, Transform):
            raise TypeError(f"transforms[{i}] is {shown(transform)}, expected one of headrace.transforms")
    return array(c.Transform, [transform._made for transform in kept]), len(kept), kept
