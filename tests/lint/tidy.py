"""Has clang-tidy read sources as the build compiles them: tidy.py BUILD FOLDER [--commands] [CONTROL] <LIST

BUILD is a build with compile_commands.json. The LIST has a source a line. What the build does not compile is compiled as another source
of its kind is, but for what tests/lint/passed_over names; that is passed over. FOLDER keeps a database with one command a source, and what has been found right: a source is read again when it, what it
includes, its command or the configuration has changed. --commands: the database only. A CONTROL is read alone, as if it
lay in src. Prints each finding once, and in the end how many sources there were, and how many were read.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PASSED_OVER = ROOT / "tests/lint/passed_over"
CONFIGURATION = [*ROOT.glob(".clang-tidy"), *ROOT.glob("*/.clang-tidy"), pathlib.Path(__file__)]


def like(command, file):
    """The command by which a source would be compiled beside another one."""
    return {**command, "file": str(file), "command": command["command"].replace(command["file"], str(file))}


def passed_over(files):
    patterns = [line.split()[0] for line in PASSED_OVER.read_text().splitlines() if line and line[0] != "#"]
    return {file for file in files if any(file.relative_to(ROOT).match(pattern) for pattern in patterns)}


def chosen(build, wanted, control):
    """The first command of each source that is wanted, since some are built in many ways, and the sources that have none.
    What the compiler warns of fails builds."""
    commands = json.loads((build / "compile_commands.json").read_text())
    first = {}
    for command in commands:
        file = pathlib.Path(command["file"]).resolve()
        if file in wanted:
            first.setdefault(file, command)
    usual = {place: next(c for c in commands if place in c["file"]) for place in ("/src/sync/", "/tests/cpp/")}
    if control:
        first = {control: like(usual["/src/sync/"], control)}
    alone = wanted - {control, *first}
    without = passed_over(alone)
    for file in alone - without:
        first[file] = like(usual["/src/sync/" if file.suffix == ".c" else "/tests/cpp/"], file)
    # ConcurrencyKit leaves functions out for tools that read: its own is asked for.
    return [{**c, "command": c["command"].replace(" -Werror ", " -DCK_USE_CC_BUILTINS=0 ")} for c in first.values()], without


def run(command, words):
    return subprocess.run(words, cwd=command["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@functools.cache
def version():
    return subprocess.check_output(["clang-tidy", "--version"])


def key(command):
    """What a finding can depend on, in one number: the text with comments, the command, the configuration, the tool."""
    words = shlex.split(command["command"])
    at = words.index("-o")
    digest = hashlib.sha256(run(command, [*words[:at], *words[at + 2 :], "-E", "-CC"]).stdout)
    digest.update(command["command"].encode() + version())
    for file in CONFIGURATION:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def read(command, folder):
    """What is found in a source: "" if nothing, None where that is known."""
    right = folder / "right" / key(command)
    if right.exists():
        return None
    result = run(command, ["clang-tidy", "--quiet", "-p", str(folder), command["file"]])
    if result.returncode != 0:
        return result.stdout.decode(errors="replace")
    right.touch()
    return ""


def findings(text):
    """clang-tidy's output in findings: each begins with a line that names a place and is an error."""
    starts = [m.start() for m in re.finditer(r"^\S+:\d+:\d+: error: ", text, re.M)] or [0]
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)])]


def main():
    arguments = [a for a in sys.argv[1:] if a != "--commands"]
    build, folder = pathlib.Path(arguments[0]), pathlib.Path(arguments[1]).resolve()
    control = pathlib.Path(arguments[2]).resolve() if len(arguments) > 2 else None
    wanted = {pathlib.Path(line.rstrip("\n")).resolve() for line in sys.stdin}
    (folder / "right").mkdir(parents=True, exist_ok=True)
    commands, without = chosen(build, wanted, control)
    (folder / "compile_commands.json").write_text(json.dumps(commands, indent=1))
    if "--commands" in sys.argv:
        return 0
    told, again = set(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for text in pool.map(lambda command: read(command, folder), commands):
            again += text is not None
            new = dict.fromkeys(f for f in findings(text) if f not in told) if text else {}
            told.update(new)
            print(*new, sep="", end="", flush=True)
    print(f"clang-tidy: {len(told)} findings in {len(commands)} sources, of which {again} were read again; {len(without)} passed over")
    return 1 if told else 0


sys.exit(main())
