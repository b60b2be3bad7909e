#!/usr/bin/env python3
"""Compiles the Usage of every header: each in a function, after declarations of what it is said to be among.

    check_usage.py --headers include/headrace [--control] CC [OPTION...]

With --control the compiler is given another fragment, which it must refuse.
"""
import argparse
import os
import subprocess
import sys

import comments
import headers
import man3

# What a fragment is among: the parameters of the function that it becomes the body of.
AMONG = """Batch *batch, Batch **batches, Batch *parts[4], size_t n, int32_t *ids, size_t count, BatchDataset *dataset,
           BatchTokenizer *tokenizer, BatchLoader *loader, BatchQueue *queue, batch_loader_options options, const char *text, size_t bytes, bool ends,
           batch_status status, int loop"""

BEGINNING = """#include <headrace/headrace.h>
#include <stdio.h>
#include <sys/epoll.h>
void train(Batch *batch);
void fill(Batch *batch);
size_t next_ids(int32_t *ids, bool *ends);
"""


def usages(header):
    """The code of each comment that has a usage."""
    for lines in [header.lines] + [d.lines for d in header.declarations]:
        if "Usage:" in lines:
            yield [line for block in comments.blocks(lines) if block.kind == "code" for line in block.lines]


def function(name, code):
    return ["void usage_%s(%s);" % (name, AMONG), "void usage_%s(%s) {" % (name, AMONG), "{"] + code + ["}", "}"]


def main():
    parser = argparse.ArgumentParser(description="Compiles the usage of Headrace's headers.")
    parser.add_argument("--headers", required=True)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("compiler", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    text = BEGINNING.split("\n")
    for header in headers.read(options.headers, man3.PAGES):
        found = list(usages(header))
        if not found:
            sys.exit("check_usage: %s.h has no usage" % header.name)
        for at, code in enumerate(found):
            text += ['#line 1 "the usage of %s.h"' % header.name] + function("%s_%d" % (header.name, at), code)
    if options.control:
        text += ['#line 1 "the control"'] + function("control", ["batch_queue_enqueue(batch);"])
    command = options.compiler + ["-std=gnu11", "-Wall", "-Wextra", "-Wno-unused",
                                  "-Wno-unused-parameter", "-Werror", "-fsyntax-only", "-x", "c", "-I",
                                  os.path.join(options.headers, ".."), "-"]
    return subprocess.run(command, input="\n".join(text), text=True).returncode


if __name__ == "__main__":
    sys.exit(main())
