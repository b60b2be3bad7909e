#!/usr/bin/env python3
"""The control of blocks.py: documents with one fault of each kind, which must be found, and one without any.

usage: control.py BUILD [CC CXX]"""
import argparse
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is left in the sources
import blocks

FINE = """# A document

Text with a [link](../README.md), [another](architecture.md#handles) and `src/sync/ring.h`.

- a list, whose second paragraph

  is no code, and has a block:

  ```text
  any thing
  ```

<!-- in: queue, batch -->
```c
batch_queue_enqueue(queue, batch);
printf("%u\\n", batch_queue_size(queue));
```
<!-- output -->
```text
1
```
<!-- before: #define LIMIT 3 -->
```c
static int twice(int n) {
  return 2 * n < LIMIT ? 2 * n : LIMIT;
}
```
<!-- after:
int main(void) { return twice(5) - 3; }
-->
<!-- setup: sample corpus.txt -->
```sh
mkdir there && cd there
headrace info ../corpus.txt
```
<!-- output -->
```text
...
../corpus.txt  text  ...  1

tokens       …
...
```
```sh
test "$(basename "$PWD")" = there
```
<!-- fails: 2 -->
```sh
headrace info --nonsense
```
<!-- file: it.json -->
```json
{"a": [1, 2]}
```
```python
import json
it = json.load(open("it.json"))
```
```python
import headrace
print(it["a"], file=__import__("sys").stderr)
print(headrace.Dataset.__name__)
```
<!-- output -->
```text
[1, 2]
Dataset
```
<!-- needs: a_module_of_nobody -->
```python
import a_module_of_nobody
```
<!-- output -->
```text
what it would print
```
<!-- needs: numpy -->
```sh
cd .. && python3 -c 'import headrace, numpy' && cd there
```
<!-- fails: 3 -->
```python
raise SystemExit(3)
```
```sh
test -f ../it.json
(sleep 0.1; echo late) &
```
<!-- run: no, it would end the machine -->
```sh
shutdown now
```
<!-- check: no, its language is another -->
```basic
10 GOTO 10
```
```cmake
find_package(headrace REQUIRED)
target_link_libraries(trainer headrace::headrace)
```
"""

# What is said of a document, and the document.
FAULTS = [
    ("a block without a language", "```\nx\n```"),
    ("a block that does not end", "```text\nx"),
    ("code by indentation", "Text:\n\n    x = 1\n"),
    ("code by indentation", "- an item\n\n      x = 1\n"),
    ("code by indentation", "Text:\n\n\tx = 1\n"),
    ("a block in a quotation", "> ```sh"),
    ("a block in a quotation or in HTML", "<pre>x = 1</pre>"),
    ("unknown mark", "<!-- inside: queue -->\n```c\nputs(\"\");\n```"),
    ('expected "run: bare"', "<!-- run: never -->\n```sh\ntrue\n```"),
    ('"run: no" does not say why', "<!-- run: no -->\n```sh\ntrue\n```"),
    ("the mark in says nothing", "<!-- in: -->\n```sh\ntrue\n```"),
    ("a mark with no block right below it", "<!-- run: no, why -->\n\n```sh\ntrue\n```"),
    ("hidden lines that come after no block", "```sh\ntrue\n```\n\n<!-- after: true -->"),
    ("a comment that does not end", "<!-- never"),
    ("docs/control.md:2:1: error: ", "```c\nnothing();\n```"),
    ("docs/control.md:4:5: error: unused variable", "```c\n#include <stdio.h>\nint main(void) {\nint x;\nputs(\"\");\n}\n```"),
    ("implicit declaration", "```c\nint main(void) {\nputs(\"\");\n}\n```"),
    ("ends with status 3, expected 0", "```c\nreturn 3;\n```"),
    ("ends with status -6, expected 0", "<!-- in: batch -->\n```c\nbatch_release(batch);\nbatch_release(batch);\n```"),
    ('unknown "in: kettle"', "<!-- in: kettle -->\n```c\nputs(\"\");\n```"),
    ("of a block that defines functions", "<!-- in: queue -->\n```c\nvoid f(void) {\n}\n```"),
    ("error: ", "```cpp\nauto x = std::nothing();\n```"),
    ("is no sh", "```sh\nif true\n```"),
    ("is no sh", "<!-- run: bare -->\n```sh\nif true\n```"),
    ("ends with status 1, expected 0", "```sh\nfalse\ntrue\n```"),
    ("ends with status 1, expected 0", "```sh\nfalse && true\ntrue\n```"),
    ("ends with status 127, expected 0", "```sh\ntrue\n```\n```sh\nheadracer info\n```"),
    ("ends with status 0, expected 2", "<!-- fails: 2 -->\n```sh\ntrue\n```"),
    ("is not what was printed", "```sh\necho 1 2\n```\n<!-- output -->\n```text\n1 3\n```"),
    ("is not what was printed", "```sh\necho 1; echo 2\n```\n<!-- output -->\n```text\n1\n```"),
    ("is not what was printed", "```sh\necho 1; echo 2; echo 3\n```\n<!-- output -->\n```text\n...3\n```"),
    ("expects any output", "```sh\necho 1\n```\n<!-- output -->\n```text\n...\n```"),
    ("ends with status 1, expected 0", "```sh\nexit 0\n```\n```python\nraise ValueError\n```"),
    ("the shell has ended", "```sh\nexit 0\n```\n```sh\ntrue\n```"),
    ("nothing above has been run", "<!-- output -->\n```text\n1\n```"),
    ("is no python", "```python\nprint(\n```"),
    ("ends with status 1, expected 0", "```python\nraise ValueError\n```"),
    ('"docs/control.md", line 5, in <module>', "A\n\n<!-- before: x = 1 -->\n```python\nx / 0\n```"),
    ("ends with status 0, expected 1", "<!-- fails: 1 -->\n```python\nx = 1\n```"),
    ("ends with status 4, expected 0", "```python\n__import__('os')._exit(4)\n```"),
    ("ends with status 1, expected 0", "<!-- needs: numpy -->\n```python\nraise ValueError\n```"),
    ("the mark needs says nothing", "<!-- needs: -->\n```python\nx = 1\n```"),
    ("is not what was printed", "```python\nprint(1)\n```\n<!-- output -->\n```text\n2\n```"),
    ("is no json", "```json\n{1}\n```"),
    ("is no jsonl", "```jsonl\n{}\n{\n```"),
    ("ends with status 1, expected 0", "```cmake\nfind_package(headraces REQUIRED)\n```"),
    ("no block below uses the file x.c", "<!-- file: x.c -->\n```c\nint main(void) { return 0; }\n```"),
    ("a command in a block of text", "```text\nheadrace info x.bin\n```"),
    ("blocks of basic are not tested", "```basic\n10 GOTO 10\n```"),
    ("the link nothing.md leads to no file", "See [it](nothing.md)."),
    ("the link architecture.md#cellar leads to no heading", "See [it](architecture.md#cellar)."),
    ("the link #cellar leads to no heading", "# Attic\n\nSee [it](#cellar)."),
    ("the link nothing.md leads to no file", "See <a href=\"nothing.md\">it</a>."),
    ("a link whose target goes over the end", "See [it](architecture.md\n)."),
    ("there is no headrace/queues.h", "See `headrace/queues.h`."),
    ("there is no manual/pages.py", "See `manual/pages.py`."),
    ("there is no src/sync/ringer.h", "See `src/sync/ringer.h`."),
]

ENDLESS = [
    ("takes more than 1 s", "```c\nfor (;;) {}\n```"),
    ("takes more than 1 s", "```python\nwhile True: pass\n```"),
    ("takes more than 1 s", "```sh\nwhile :; do :; done\n```"),
]


def check_faults(cases, options):
    """Returns how many of the documents have not just the fault that they are to have, and says which."""
    wrong = 0
    read = blocks.check([("docs/control.md", text) for _, text in cases], options)
    for (expected, text), document in zip(cases, read):
        faults = [str(fault) for fault in document.faults]
        if len(faults) != 1 or expected not in faults[0]:
            wrong += 1
            print("expected the one fault %r of\n%s\nfound %s\n" % (expected, text, faults))
    return wrong


def main():
    build, cc, cxx = (sys.argv + ["cc", "c++"])[1:4] if len(sys.argv) == 2 else sys.argv[1:4]
    with tempfile.TemporaryDirectory(prefix="headrace-docs.") as prefix:
        blocks.install(build, prefix)
        options = argparse.Namespace(build=None, prefix=prefix, full=False, cc=cc, cxx=cxx, limit=1)
        wrong = check_faults(ENDLESS, options)
        options.limit = 120
        wrong += check_faults(FAULTS, options)
        fine = blocks.check([("docs/control.md", FINE)], options)[0]
    for fault in fine.faults:
        wrong += 1
        print("a fault where there is none: %s" % fault)
    counts = (fine.ran, len(fine.unrun), fine.links)
    if counts != ({"c": 2, "cmake": 1, "json": 1, "python": 3, "setup": 0, "sh": 5, "text": 3}, 3, 3):
        wrong += 1
        print("the counts of the document without faults are %s" % (counts,))
    print("control: %d documents with a fault, %d wrong" % (len(FAULTS) + len(ENDLESS), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
