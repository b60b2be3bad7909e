"""States: a place in the order of a run, as a trainer puts them into its checkpoints."""
from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Any, Union

from . import _declarations as c
from . import _library, _options
from ._errors import FormatError
from ._library import lib

VERSION = 1  # of the dict, not of the state in it, which says its own
State = Union["dict[str, Any]", str, "os.PathLike[str]"]


def to_dict(state: c.State) -> dict[str, Any]:
    """Plain values: what pickle, torch.save and json.dump write."""
    used = c.State.skips.offset + state.num_skips * ctypes.sizeof(c.Skip)
    return {"version": VERSION, "state": bytes(state)[:used].hex()}


def of(name: str, given: Any) -> c.State:
    """A state, of a dict of state_dict() or a file of the command's or of C's; the argument's name for errors."""
    if not isinstance(given, (Mapping, str, bytes, os.PathLike)):
        raise TypeError(f"{name} is {_options.shown(given)}, expected what state_dict() gives, or the path of a state")
    if not isinstance(given, Mapping):
        state = c.State()
        if not lib.batch_loader_state_load(ctypes.byref(state), _options.path(name, given)):
            raise _library.error()
        return state
    if set(given) != {"version", "state"}:
        raise FormatError(f"{name} has the keys {sorted(map(str, given))}, expected 'state' and 'version', as "
                          "state_dict() gives")
    if given["version"] != VERSION:
        raise FormatError(f"{name} has version {_options.shown(given['version'])}, expected {VERSION}")
    return _of_text(name, given["state"])


def _of_text(name: str, text: Any) -> c.State:
    try:
        found = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise FormatError(f"{name} has a state that is no text of hexadecimal digits, expected that of "
                          "state_dict()") from None
    least, most = c.State.skips.offset, ctypes.sizeof(c.State)
    if not least <= len(found) <= most or (len(found) - least) % ctypes.sizeof(c.Skip):
        raise FormatError(f"{name} has a state of {len(found)} bytes, expected {least} and {ctypes.sizeof(c.Skip)} for "
                          "each skip")
    return c.State.from_buffer_copy(found.ljust(most, b"\0"))


def rows_before(state: c.State, now: c.State) -> int:
    """How many rows of its epoch come before a state, over all ranks, in a run that has the skips that `now` has."""
    rows, end = int(state.row), 0
    for skip in sorted(now.skips[:now.num_skips], key=lambda skip: int(skip.first)):
        if skip.epoch == state.epoch:
            first = max(skip.first, end)
            end = max(end, min(skip.first + skip.count, state.row))
            rows -= max(0, end - first)
    return rows
