#!/usr/bin/env python3
"""Tests the code blocks and links of the documents. CONTRIBUTING.md says how a block is marked.

usage: blocks.py check --prefix PREFIX [--full] [--cc CC] [--cxx CXX] [DOCUMENT...]
       blocks.py check --build BUILD ...      installs that build first
       blocks.py script bare DOCUMENT...      prints the sh script that a reader would type
       blocks.py file DOCUMENT NAME           prints the block that is marked "file: NAME"

Without DOCUMENTs: all of the project's."""
import argparse
import ast
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is left in the sources
import interpreter
import links
import programs
import scripts
from markdown import Fault, Reader
from shell import Shell, environment

LEFT_OUT = object()  # what a block prints that was not run, since there is not what it needs
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LANGUAGES = ("c", "cpp", "sh", "cmake", "python", "json", "jsonl", "text", "setup")
COMMAND = re.compile(r"^(?!.*\.\.\.)\s*(?:\$ |# )?(?:(?:headrace|cmake|ctest|cc|gcc|clang|g\+\+|apt-get|apt|sudo|pkg-config|git|mpirun|torchrun|"
                     r"srun|python3?|scripts/\w+)\s+(?:-|\w+ .*(?:-|\.\w)|\S+\.\w)|\./\w)", re.M)


def documents():
    found = glob.glob(ROOT + "/docs/**/*.md", recursive=True) + glob.glob(ROOT + "/manual/*.md")
    return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "python/README.md"] + sorted(os.path.relpath(path, ROOT) for path in found)


def expectation(text):
    """A pattern of expected output: ... or … stands for any text in a line, in a line of its own for any lines."""
    pattern = ""
    for line in text.rstrip().split("\n"):
        if line.strip() in ("...", "…"):
            pattern += r"(?:.*\n)*?"
        else:
            pieces = re.split(r"\.\.\.|…", line.rstrip())
            pattern += "[^\n]*".join(re.escape(piece) for piece in pieces) + r"[ \t]*\n"
    return re.compile(pattern)


def check_syntax(block, folder):
    """What can be said without running it; for C, see programs."""
    if block.language not in LANGUAGES and "check" not in block.marks and "file" not in block.marks:
        raise block.fault("blocks of %s are not tested: one is needs \"file: NAME\" or \"check: no, WHY\"" % block.language)
    try:
        if block.language == "python":
            ast.parse(block.whole)
        elif block.language == "json":
            json.loads(block.whole)
        elif block.language == "jsonl":
            for line in block.whole.splitlines():
                json.loads(line)
    except (SyntaxError, ValueError) as error:
        raise block.fault("is no %s: %s" % (block.language, error)) from None
    if block.language in ("sh", "setup"):
        done = subprocess.run(["sh", "-n"], input=block.whole, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise block.fault("is no sh: " + done.stderr)
    if block.language == "text" and "output" not in block.marks and COMMAND.search(block.code):
        raise block.fault("a command in a block of text, expected sh: " + COMMAND.search(block.code).group().strip())


class Document:
    """One document and its folder; blocks are run in their order."""

    def __init__(self, path, text, options):
        self.options = options
        self.reader = Reader(path, text)
        self.faults = list(self.reader.faults)
        self.ran, self.unrun = {}, []
        self.folder = tempfile.mkdtemp(prefix=os.path.basename(path) + ".", dir=options.scratch)
        self.programs = tempfile.mkdtemp(dir=options.scratch)
        self.output = None  # of the last block that was run
        self.compiled, self.shell, self.python = {}, None, None
        self.check_links()
        self.check_files()

    def check_links(self):
        faults, self.links = links.check_links(ROOT, self.reader)
        self.faults += faults
        installed = os.path.join(self.options.prefix, "share/doc/headrace")
        if os.path.exists(os.path.join(installed, self.reader.path)):
            self.faults += [Fault(fault.path, fault.line, "installed, %s" % fault.what)
                            for fault in links.check_links(installed, self.reader, files=False)[0]]

    def check_files(self):
        """A program or project that is written to a file is used by the commands below it."""
        for i, block in enumerate(self.reader.blocks):
            name = block.marks.get("file")
            if name and not any(any(part in later.whole for part in name.split("/")) or block.language == "cmake" and "cmake" in later.whole
                                for later in self.reader.blocks[i + 1:] if later.language != "text"):
                self.faults.append(block.fault("no block below uses the file %s" % name))

    def start_compiling(self, pool):
        for block in self.reader.blocks:
            if block.language in ("c", "cpp") and "check" not in block.marks:
                self.compiled[block.line] = pool.submit(programs.compile_block, block, self.options.compilers,
                                                        self.options.flags, self.programs)

    def run(self):
        try:
            for block in self.reader.blocks:
                try:
                    self.block(block)
                except Fault as fault:
                    self.faults.append(fault)
                    if block.language in ("sh", "setup", "python"):
                        break  # what comes after it may need what it was to do
        finally:
            for session in filter(None, (self.shell, self.python)):
                session.close()

    def block(self, block):
        check_syntax(block, self.folder)
        program = self.compiled[block.line].result() if block.line in self.compiled else None
        wanted = block.runs("unit") or self.options.full and block.runs("full")
        missing = block.marks.get("needs") in self.options.missing
        if not wanted or missing:
            self.unrun.append(block)
            self.output = LEFT_OUT if missing else self.output
            return
        if "output" in block.marks and self.output is LEFT_OUT:
            return
        if "file" in block.marks:
            self.write(block)
        if "output" in block.marks:
            self.compare(block)
        elif block.language in ("sh", "setup"):
            folder = ROOT if block.marks.get("in") == "source" else None
            if not self.shell:
                self.shell = Shell(self.folder, self.options.variables, self.options.limit)
            self.see(block, *self.shell.run(block.whole, int(block.marks.get("fails", 0)), folder))
        elif program:
            self.execute(block, [program])
        elif block.language == "python" and "file" not in block.marks:
            if not self.python:
                self.python = interpreter.Python(self.options.python, self.folder, self.options.variables, self.options.limit)
            self.see(block, *self.python.run(block, int(block.marks.get("fails", 0))))
        elif block.language == "cmake" and "file" not in block.marks:
            self.configure(block)
        elif block.language == "text":
            return
        kind = block.language + " only compiled" * (block.language in ("c", "cpp") and not program)
        self.ran[kind] = self.ran.get(kind, 0) + (kind != "setup")

    def see(self, block, wrong, output):
        self.output = output
        if wrong:
            raise block.fault("%s:\n%s" % (wrong, output))

    def write(self, block):
        name = os.path.join(self.folder, block.marks["file"])
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^#line .*\n", "", block.whole, flags=re.M))

    def execute(self, block, command):
        try:
            done = subprocess.run(command, cwd=self.folder, env=self.options.variables, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=self.options.limit, check=False)
        except subprocess.TimeoutExpired:
            raise block.fault("takes more than %d s" % self.options.limit) from None
        self.output = done.stdout.decode(errors="replace")
        expected = int(block.marks.get("fails", 0))
        if done.returncode != expected:
            raise block.fault("ends with status %d, expected %d:\n%s" % (done.returncode, expected, self.output))

    def compare(self, block):
        if self.output is None:
            raise block.fault("nothing above has been run whose output this could be")
        if not re.search(r"[^.…\s]", block.code):
            raise block.fault("expects any output, so it says nothing")
        if not expectation(block.code).fullmatch(self.output.rstrip() + "\n"):
            raise block.fault("is not what was printed:\n" + self.output)

    def configure(self, block):
        """A part of a CMakeLists.txt, in a project that has a target `trainer` or (in: none) has not."""
        folder = tempfile.mkdtemp(dir=self.folder)
        with open(os.path.join(folder, "trainer.c"), "w", encoding="utf-8") as file:
            file.write("int main(void) { return 0; }\n")
        code = block.whole
        if not re.search(r"^\s*project\(", code, re.M):
            target = "" if block.marks.get("in") == "none" else "add_executable(trainer trainer.c)\n"
            code = "cmake_minimum_required(VERSION 3.25)\nproject(part LANGUAGES C)\n" + target + code
        with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(code)
        self.execute(block, ["cmake", "-S", folder, "-B", os.path.join(folder, "build")])


def install(build, prefix):
    done = subprocess.run(["cmake", "--install", build, "--prefix", prefix], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit("docs: %s cannot be installed, build all of it first:\n%s" % (build, done.stdout))


def why_not(block):
    """Why a block was not run."""
    if "run" in block.marks:
        return block.marks["run"]
    if "check" in block.marks:
        return "not checked: " + block.marks["check"].partition(",")[2].strip()
    return "there is no " + block.marks["needs"]


def report(documents_read):
    """Prints what was done and what was not. Returns the number of faults."""
    for document in documents_read:
        for block in document.unrun:
            print("not run: %s:%d (%s): %s" % (block.path, block.line, block.language, why_not(block)))
    faults = [fault for document in documents_read for fault in document.faults]
    for fault in faults:
        print("\n%s" % fault, file=sys.stderr)
    ran = {}
    for document in documents_read:
        for language, count in document.ran.items():
            ran[language] = ran.get(language, 0) + count
    print("docs: %d documents, %d links; blocks run: %s; not run: %d; faults: %d" % (
        len(documents_read), sum(document.links for document in documents_read),
        ", ".join("%d %s" % (ran[language], language) for language in sorted(ran) if ran[language]) or "none",
        sum(len(document.unrun) for document in documents_read), len(faults)))
    return len(faults)


def check(texts, options):
    """Reads, compiles and runs documents: [(path, text)]. Returns them as Documents, whose faults say what is wrong."""
    jobs = len(os.sched_getaffinity(0))
    if options.full:
        options.limit *= 5
    options.python = interpreter.with_numpy((sys.executable, "/usr/bin/python3"))
    if options.python is None:
        print("docs: skipped: no NumPy (Debian: python3-numpy)")
        sys.exit(77)
    options.compilers = {"c": options.cc, "cpp": options.cxx}
    with tempfile.TemporaryDirectory(prefix="headrace-docs.") as options.scratch:
        if options.build:
            options.prefix = os.path.join(options.scratch, "installed")
            install(options.build, options.prefix)
        options.variables = environment(os.path.abspath(options.prefix), ROOT, options.scratch,
                                        interpreter.command_folder(options.python, options.scratch))
        options.flags = subprocess.run(["pkg-config", "--cflags", "--libs", "headrace"], env=options.variables,
                                       stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        options.flags.append("-I%s/share/headrace/examples" % os.path.abspath(options.prefix))
        read = [Document(path, text, options) for path, text in texts]
        needed = {block.marks["needs"] for document in read for block in document.reader.blocks if "needs" in block.marks}
        options.missing = {module for module in needed if not interpreter.has(options.python, module)}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool, concurrent.futures.ThreadPoolExecutor(jobs) as runners:
            for document in read:
                document.start_compiling(pool)
            for done in [runners.submit(document.run) for document in read]:
                done.result()
        return read


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check")
    where = checking.add_mutually_exclusive_group(required=True)
    where.add_argument("--prefix")
    where.add_argument("--build")
    checking.add_argument("--full", action="store_true")
    checking.add_argument("--limit", type=int, default=120, help="seconds that a block may take, on a busy machine")
    checking.add_argument("--cc", default="cc")
    checking.add_argument("--cxx", default="c++")
    checking.add_argument("documents", nargs="*")
    script = commands.add_parser("script")
    script.add_argument("mode", choices=["unit", "bare"])
    script.add_argument("documents", nargs="+")
    extract = commands.add_parser("file")
    extract.add_argument("documents", nargs=1)
    extract.add_argument("name")
    options = parser.parse_args()
    names = [os.path.relpath(path, ROOT) for path in options.documents] or documents()
    texts = []
    for name in names:
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            texts.append((name, file.read()))
    if options.command == "script":
        print(scripts.script_of(options.mode, texts))
    elif options.command == "file":
        print(scripts.file_of(texts[0], options.name), end="")
    else:
        return 1 if report(check(texts, options)) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
