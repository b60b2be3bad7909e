#!/usr/bin/python3
"""What was executed of src/, by room and by file, and what never was, from what gcovr wrote as JSON.

usage: report.py GCOVR.json [ROOM=LINES,BRANCHES]...

Lines are those that hold code; branches are the ways out of each condition and each && and ||. ROOM=LINES,BRANCHES: what it takes at
least, in percent; below, or where a room is not there, the end is 1.
"""

import collections
import json
import sys


class Part:
    """Of a file or a room: how many lines and branches there are, and how many were executed."""

    def __init__(self):
        self.lines = self.lines_seen = self.branches = self.branches_seen = 0

    def add(self, line):
        self.lines += 1
        self.lines_seen += line["count"] > 0
        self.branches += len(line["branches"])
        self.branches_seen += sum(branch["count"] > 0 for branch in line["branches"])

    def percent(self):
        return [100.0 * seen / there if there else 100.0
                for seen, there in ((self.lines_seen, self.lines), (self.branches_seen, self.branches))]

    def row(self, name):
        lines, branches = self.percent()
        return (f"{name:44} {lines:6.2f} % of {self.lines:5} lines, {branches:6.2f} % of {self.branches:5} branches, "
                f"{self.lines - self.lines_seen:4} and {self.branches - self.branches_seen:4} never")


def ranges(lines):
    """(line, whether it was executed) in order -> "3", "7-9": lines without code between do not part what was not."""
    first = last = None
    for number, executed in lines:
        if not executed:
            first, last = first or number, number
        elif first:
            yield f"{first}-{last}" if first != last else f"{first}"
            first = None
    if first:
        yield f"{first}-{last}" if first != last else f"{first}"


def report(files):
    rooms, parts = collections.defaultdict(Part), collections.defaultdict(Part)
    functions, never, one_way = [], [], []
    for name, file in sorted(files.items()):
        lines = sorted((line for line in file["lines"] if not line["gcovr/noncode"]), key=lambda line: line["line_number"])
        for line in lines:
            rooms[name.split("/")[1]].add(line)
            parts[name].add(line)
        functions += [f"{name}:{function['lineno']}: {function['name']}"
                      for function in sorted(file["functions"], key=lambda one: one["lineno"]) if not function["execution_count"]]
        never += [f"{name}:{lines_of}" for lines_of in ranges((line["line_number"], line["count"] > 0) for line in lines)]
        for line in lines:
            missing = sum(branch["count"] == 0 for branch in line["branches"])
            if line["count"] and missing:
                one_way.append(f"{name}:{line['line_number']}: {missing} of {len(line['branches'])}")
    return rooms, parts, functions, never, one_way


def below(rooms, wanted):
    for want in wanted:
        name, _, least = want.partition("=")
        if name not in rooms:
            yield f"{name}: nothing of it was compiled"
            continue
        for what, is_, at_least in zip(("lines", "branches"), rooms[name].percent(), map(float, least.split(","))):
            if is_ < at_least:
                yield f"{name}: {is_:.2f} % of {what} are executed, expected at least {at_least} %"


def section(title, rows):
    print(f"\n{title}: {len(rows)}\n" + "".join(f"  {row}\n" for row in rows), end="")


def main(path, wanted):
    with open(path, encoding="utf-8") as file:
        files = {one["file"]: one for one in json.load(file)["files"]}
    rooms, parts, functions, never, one_way = report(files)
    whole = Part()
    for name, room in rooms.items():
        for field, value in vars(room).items():
            setattr(whole, field, getattr(whole, field) + value)
    print("By room\n" + "".join(f"  {room.row(name)}\n" for name, room in rooms.items()), end="")
    print("  " + whole.row("all"))
    section("By file", [part.row(name) for name, part in parts.items()])
    section("Functions that were never executed", functions)
    section("Lines that were never executed, in ranges", never)
    section("Executed lines that never went some way", one_way)
    fallen = list(below(rooms, wanted))
    section("Below what it takes", fallen)
    return 1 if fallen else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    sys.exit(main(sys.argv[1], sys.argv[2:]))
