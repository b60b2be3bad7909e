"""A document as the sh script that a reader would type: for a machine without Python."""
import re

import programs
from markdown import Reader
from shell import strict

HEAD = """# usage: sh SCRIPT, in an empty folder; SOURCE=the project's root
set -e
. "$SOURCE/tests/docs/samples.sh"
top=$PWD
"""


def written(name, text):
    folder = name.rpartition("/")[0]
    make = "mkdir -p '%s'\n" % folder if folder else ""
    return "%scat >'%s' <<'END_OF_BLOCK'\n%sEND_OF_BLOCK\n" % (make, name, text)


def part(block):
    code = re.sub(r"^#line .*\n", "", block.whole, flags=re.M)
    if "file" in block.marks:
        return written(block.marks["file"], code)
    if block.language in ("sh", "setup"):
        code = strict(code)
        if block.marks.get("in") == "source":
            code = "(cd \"$SOURCE\"\n%s)\n" % code
        if "fails" in block.marks:
            code = "status=0\n(set +e\n%s) || status=$?\n[ $status = %s ]\n" % (code, block.marks["fails"])
        return code
    if block.language in ("c", "cpp") and programs.is_program(block):
        compiler = {"c": "cc -std=c11", "cpp": "c++ -std=" + block.marks.get("std", "c++17")}[block.language]
        name = "block_%d.%s" % (block.line, block.language)
        return written(name, code) + "%s %s -o ./program $(pkg-config --cflags --libs headrace) -pthread -lm\n./program\n" % (
            compiler, name)
    return ""


def script_of(mode, texts):
    parts = [HEAD]
    for number, (path, text) in enumerate(texts):
        reader = Reader(path, text)
        if reader.faults:
            raise reader.faults[0]
        parts.append("mkdir \"$top/%d\" && cd \"$top/%d\"\n" % (number, number))
        for block in reader.blocks:
            code = part(block) if block.runs("unit") or block.runs(mode) else ""
            if code and "output" not in block.marks:
                parts.append("echo \"-- $(date +%%T) %s:%d\"\n%s" % (path, block.line, code))
    return "".join(parts)


def file_of(document, name):
    """The text of the block that is marked `file: NAME`."""
    path, text = document
    for block in Reader(path, text).blocks:
        if block.marks.get("file") == name:
            return block.code
    raise SystemExit("%s has no block that is marked file: %s" % (path, name))
