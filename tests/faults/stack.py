"""The functions that a call came through."""
import functools
import os
import shutil
import subprocess

OURS = ("headrace", "whole")
ADDR2LINE = shutil.which("addr2line")


@functools.lru_cache(maxsize=None)
def functions_at(file, offset):
    """The functions at an address, the innermost first, and whether they are all that there are."""
    if not ADDR2LINE:
        return [], False
    found = subprocess.run([ADDR2LINE, "-i", "-f", "-s", "-e", file, hex(offset - 1)], capture_output=True, text=True)
    lines = found.stdout.splitlines()
    return list(zip(lines[::2], lines[1::2])), bool(lines) and not lines[1].startswith("?")


def library_of(place):
    return os.path.basename(place.partition("+")[0])


class Stack:
    """Of a stack of addresses the program's and the library's functions, and the exported ones of others before them."""

    def __init__(self, where):
        self.functions, self.is_whole, self.others = [], True, set()
        for place in where:
            file, _, rest = place.partition("+")
            offset, _, exported = rest.partition(" ")
            if any(name in library_of(place) for name in OURS):
                found, whole = functions_at(file, int(offset, 16))
                self.functions += found
                self.is_whole &= whole or found[:1] == [("_start", "??:?")]
            elif not self.functions:
                self.others.add(exported)

    def begins(self, with_one_of):
        names = " < ".join(function.split(".")[0] for function, _ in self.functions) + " < "
        return any(names.startswith(chain + " < ") or chain in self.others for chain in with_one_of)

    def __str__(self):
        return " < ".join(f"{function} ({line})" for function, line in self.functions[:6])
