#!/usr/bin/env python3
"""Every call fails once.

Runs workflows of the headrace command, and of a program that uses the library, under a preloaded shim
(shim.h): in run n the n-th call of a kind goes wrong, once or from then on, for every n that there is. Each run must end as
the one without a fault, or with the right error:

- exit status 1 and a sentence that says what could not be had, and of a file which;
- what was there is whole, or what was to be is;
- no block, descriptor, thread, folder or temporary file is left;
- the next run, without a fault, does what it is to do, and goes on where this one ended.

What ends as the one without a fault must not have lost what failed: kinds.py says who may go on after which error.

What is interrupted or cut short must end as the one without a fault. No run may crash or hang.

One workflow by hand:

    python3 tests/faults/faults.py build/dev/tests/libfaults_shim.so build/dev/src/cli/headrace build/dev/tests/faults_whole \\
      --workflow feed
"""
import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from judge import DIED, Runner
from kinds import CALLS
from stack import Stack
from template import SECONDS, Template
from workflows import CONTROLS, WORKFLOWS

FEW = 1000  # of which each is taken
MORE = 2  # calls than in the run without a fault that are looked for: threads, and what makes up for a failure, make some


# Of runs: the right error, the right result; killed, and what was there is whole; ended by a library of others.
COLUMNS = ("runs", "errors", "right", "killed", "theirs", "faults")


class Table:
    """How many runs there were, and what became of them."""

    def __init__(self):
        self.rows, self.turns = collections.defaultdict(collections.Counter), 0

    def is_next(self, stride):
        self.turns += 1
        return self.turns % stride == 0

    def add(self, call, kind, result, wrong):
        row = self.rows[call, kind]
        row["runs"] += 1
        row["faults"] += bool(wrong)
        if not wrong:
            ends = {DIED: "killed", 0: "right"}
            row["theirs" if result["signal"] else ends.get(result["status"], "errors")] += 1

    def sum(self, what):
        return sum(row[what] for row in self.rows.values())

    def show(self):
        print(f"{'call':10} {'how':8} " + " ".join(f"{what:>7}" for what in COLUMNS))
        for (call, kind), row in self.rows.items():
            print(f"{call:10} {kind:8} " + " ".join(f"{row[what]:7}" for what in COLUMNS))


REPORTED = collections.Counter()


def report(runner, call, n, mode, kind, result, wrong):
    """Says what is wrong, at length the first time that it is seen there."""
    key = tuple(result["where"][:5]), re.sub("[0-9]+", "", wrong[0])
    REPORTED[key] += 1
    if REPORTED[key] > 1:
        return
    print(f"FAULT {runner.workflow.name}: {call} {n} {mode} {kind}: {'; '.join(wrong)}")
    print(f"  said: {result['error'].strip()[:400]}")
    print(f"  call: {Stack(result['where'])}")
    if any("blocks" in what for what in wrong):
        print(f"  left: {', '.join(str(Stack([place])) or place for place in result['left'])}")
    sys.stdout.flush()


def modes(call, kind):
    """A process dies once. A sandbox refuses a call from the beginning on, not once."""
    return ("once",) if kind == "die" else ("on",) if call == "futex" else ("once", "on")


def places(most):
    """Every n; beyond 1000, which libsentencepiece's allocations reach, 500 of them."""
    yield from range(1, min(most, FEW) + 1)
    yield from range(FEW + 1, most + 1, max(1, (most - FEW) // 500))


def strike_all(runner, table, given):
    """Every place of every call and kind: one in `stride` of them, all workflows counted."""
    for call, kinds in CALLS.items():
        if given.call and call not in given.call or call == "stream" and runner.workflow.program == "whole":
            continue  # what that prints is not the library's
        for kind, mode in ((kind, mode) for kind in kinds for mode in modes(call, kind)):
            for n in (1,) if call == "futex" else places(runner.made[call] + MORE):
                if not table.is_next(given.stride):
                    continue
                result, wrong = runner.strike(call, n, mode, kind)
                if wrong:
                    report(runner, call, n, mode, kind, result, wrong)
                elif not result["struck"]:
                    break
                table.add(call, kind, result, wrong)


def features_of(command):
    said = subprocess.run([command, "--version"], check=True, capture_output=True, text=True).stdout
    return {line.split(":")[0] for line in said.splitlines()[1:]}


def run_all(given, base, templates):
    table = Table()
    for workflow in WORKFLOWS(os.path.join(base, "in"), features_of(given.command)):
        if given.workflow and workflow.name not in given.workflow:
            continue
        runs, faults = table.sum("runs"), table.sum("faults")
        strike_all(Runner(workflow, templates, base), table, given)
        faults = table.sum("faults") - faults
        print(f"{workflow.name}: {table.sum('runs') - runs} calls failed" + (f", {faults} faults" if faults else ""), flush=True)
    table.show()
    print(f"{table.sum('runs')} calls failed: {table.sum('errors')} right errors, {table.sum('right')} right results, "
          f"{table.sum('killed')} killed, {table.sum('theirs')} ended by libraries of others, {table.sum('faults')} faults")
    return table.sum("faults") == 0 and table.sum("runs") > 0


def run_controls(base, templates):
    """Programs with a fault must be reported, each for the right reason."""
    good = True
    for workflow, call, kind, said in CONTROLS(os.path.join(base, "in")):
        runner = Runner(workflow, templates, base)
        found = [wrong for n in range(1, runner.made[call] + 1) for wrong in runner.strike(call, n, "once", kind)[1]]
        seen = any(re.search(said, wrong) for wrong in found)
        good &= seen
        print(f"control {workflow.name}: {'reported' if seen else 'NOT reported'}: {'; '.join(found)}")
    return good


def parse():
    parser = argparse.ArgumentParser(description="Makes each call of workflows fail, one a run.")
    parser.add_argument("shim", help="what is preloaded")
    parser.add_argument("command", help="headrace")
    parser.add_argument("whole", help="the program that uses the library")
    parser.add_argument("--workflow", action="append", help="only this one; may be given again")
    parser.add_argument("--call", action="append", choices=CALLS, help="only calls of this kind; may be given again")
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="only one in N runs")
    parser.add_argument("--control", action="store_true", help="run the programs with a fault, which must be reported")
    return parser.parse_args()


def main():
    given = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was made goes
    home = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    base, began = tempfile.mkdtemp(prefix="headrace-faults.", dir=home), time.time()
    temporary = os.path.join(base, "tmp")
    os.mkdir(temporary)
    seconds = 2 if given.control else SECONDS
    templates = {name: Template(os.path.abspath(given.shim), os.path.abspath(path), temporary, seconds)
                 for name, path in (("command", given.command), ("whole", given.whole))}
    try:
        good = run_controls(base, templates) if given.control else run_all(given, base, templates)
    finally:
        for template in templates.values():
            template.end()
        shutil.rmtree(base, ignore_errors=True)
    print(f"{time.time() - began:.0f} s")
    sys.exit(not good)


if __name__ == "__main__":
    main()
