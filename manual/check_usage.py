#!/usr/bin/env python3
"""Compiles the Usage of every header: each in a function, after declarations of what it is said to be among.

    check_usage.py --headers include/headrace [--cpp] [--control] CC [OPTION...]

With --cpp it is that of the C++ headers. With --control the compiler is given another fragment, which it must refuse.
"""
import argparse
import glob
import os
import subprocess
import sys

import comments
import headers
import man3

# How a fragment is compiled; what stands before all; what it is among: the parameters of the function whose body it is.
C = (["-std=gnu11", "-x", "c"], """#include <headrace/headrace.h>
#include <stdio.h>
#include <sys/epoll.h>
void train(Batch *batch);
void fill(Batch *batch);
bool pin(void *context, void *memory, size_t bytes);
void unpin(void *context, void *memory, size_t bytes);
size_t next_ids(int32_t *ids, bool *ends);
""", """Batch *batch, Batch **batches, Batch *parts[4], size_t n, int32_t *ids, size_t count, BatchDataset *dataset,
           BatchTokenizer *tokenizer, BatchLoader *loader, BatchQueue *queue, batch_loader_options options, const char *text,
           size_t bytes, bool ends, batch_status status, int loop""")
CPP = (["-std=c++17", "-x", "c++"], """#include <headrace/headrace.hpp>
#include <cstdio>
template <typename... T> void train(T &&...) {}
""", """headrace::batch &batch, headrace::queue &queue, headrace::loader &loader, headrace::tokenizer &llama,
           std::vector<int32_t> &ids, batch_loader_options options, batch_mask_options masking""")


def code_of(lines):
    return [line for block in comments.blocks(lines) if block.kind == "code" for line in block.lines]


def usages(folder):
    """The code of each comment of the C headers that has a usage: [(header, code)]."""
    for header in headers.read(folder, man3.PAGES):
        found = [lines for lines in [header.lines] + [d.lines for d in header.declarations] if "Usage:" in lines]
        if not found:
            sys.exit("check_usage: %s.h has no usage" % header.name)
        for lines in found:
            yield header.name + ".h", code_of(lines)


def usages_of_cpp(folder):
    """The code of each C++ header's first comment."""
    for path in sorted(glob.glob(folder + "/*.hpp")):
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        lines = comments.lines_of(text[:text.index("*/") + 2])
        if name != "headrace.hpp" and "Usage:" not in lines:
            sys.exit("check_usage: %s has no usage" % name)
        if "Usage:" in lines:
            yield name, code_of(lines)


def main():
    parser = argparse.ArgumentParser(description="Compiles the usage of Headrace's headers.")
    parser.add_argument("--headers", required=True)
    parser.add_argument("--cpp", action="store_true")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("compiler", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    language, beginning, among = CPP if options.cpp else C
    fragments = [("the usage of " + name, code)
                 for name, code in (usages_of_cpp if options.cpp else usages)(options.headers)]
    if options.control:
        fragments.append(("the control", ["batch_queue_enqueue(NULL);"]))
    text = [beginning]
    for at, (name, code) in enumerate(fragments):
        declared = "void usage_%d(%s)" % (at, among)
        text += ['#line 1 "%s"' % name, declared + ";", declared + " {", "{"] + code + ["}", "}"]
    command = options.compiler + ["-Wall", "-Wextra", "-Wno-unused", "-Wno-unused-parameter", "-Werror", "-fsyntax-only"]
    command += ["-I", os.path.join(options.headers, "..")] + language + ["-"]
    return subprocess.run(command, input="\n".join(text), text=True).returncode


if __name__ == "__main__":
    sys.exit(main())
