"""The functions that a call came through."""
import functools
import itertools
import os
import shutil
import subprocess

OURS = ("headrace", "whole")
FRAMES = 6
ADDR2LINE = shutil.which("addr2line")


def library_of(place):
    return os.path.basename(place.partition("+")[0])


def is_ours(place):
    return any(name in library_of(place) for name in OURS)


@functools.lru_cache(maxsize=None)
def functions_at(file, *offsets):
    """The functions at addresses of a file, each with its line, with those that a compiler has put into others."""
    if not ADDR2LINE:
        return []
    before = [hex(int(offset, 16) - 1) for offset in offsets]
    found = subprocess.run([ADDR2LINE, "-i", "-f", "-s", "-e", file, *before], capture_output=True, text=True)
    lines = found.stdout.splitlines()
    return list(zip(lines[::2], lines[1::2]))


class Stack:
    """Of a stack of addresses the innermost functions of the program and the library, and the exported ones of others
    before them."""

    def __init__(self, where):
        ours = list(itertools.islice(filter(is_ours, where), FRAMES))
        self.others = {place.partition(" ")[2] for place in itertools.takewhile(lambda place: not is_ours(place), where)}
        self.functions = []
        for file, places in itertools.groupby(ours, lambda place: place.partition("+")[0]):
            self.functions += functions_at(file, *(place.partition("+")[2].partition(" ")[0] for place in places))

    def is_known(self):
        """Whether there is debug information, without which functions that were put into others are missing."""
        return bool(self.functions) and not self.functions[0][1].startswith("?")

    def begins(self, with_one_of):
        names = " < ".join(function.split(".")[0] for function, _ in self.functions) + " < "
        return any(names.startswith(chain + " < ") or chain in self.others for chain in with_one_of)

    def __str__(self):
        return " < ".join(f"{function} ({line})" for function, line in self.functions[:FRAMES])
