"""Has a tool read sources one by one, as the build compiles them: each.py TOOL BUILD FOLDER [CONTROL] <LIST

TOOL is tidy (clang-tidy) or analyzer (gcc -fanalyzer, C of src alone); `commands` writes the compilation database alone. BUILD is a
build with compile_commands.json. The LIST has a source a line: what the build does not compile is passed over. FOLDER keeps the
database of one command a source, and what has been found right: a source is read again when it, what it includes, its
command or the configuration has changed. A CONTROL is read alone, as if it lay in src. Prints each finding once, and in the end
how many sources there were, and how many were read.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIGURATION = [ROOT / ".clang-tidy", ROOT / "tests" / ".clang-tidy", pathlib.Path(__file__)]


def chosen(build, wanted, control):
    """The first command of each source that is wanted: a source has as many as there are ways to build it."""
    commands = json.loads((build / "compile_commands.json").read_text())
    first = {}
    for command in commands:
        file = pathlib.Path(command["file"])
        if file.suffix in (".c", ".cc", ".cpp") and file in wanted:
            first.setdefault(file, command)
    if control:
        like = next(c for c in commands if "/src/sync/" in c["file"])
        first = {control: {**like, "file": str(control), "command": like["command"].replace(like["file"], str(control))}}
    return list(first.values())


def arguments(command, *more):
    """The compiler's command without its output, with more options."""
    words = shlex.split(command["command"])
    at = words.index("-o")
    return words[:at] + words[at + 2 :] + list(more)


def run(command, words):
    return subprocess.run(words, cwd=command["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def key(tool, command):
    """What a finding can depend on, in one number: text with comments, command, configuration."""
    text = run(command, arguments(command, "-E", "-CC", "-Wno-error")).stdout
    digest = hashlib.sha256(text)
    for part in (tool, command["command"], *(file.read_bytes() for file in CONFIGURATION)):
        digest.update(part if isinstance(part, bytes) else part.encode())
    return digest.hexdigest()


def read(tool, command, folder):
    """What the tool says of a source: its text where it found something, "" where not, None where that is known."""
    right = folder / "right" / key(tool, command)
    if right.exists():
        return None
    if tool == "tidy":
        words = ["clang-tidy", "--quiet", "-p", str(folder), command["file"]]
    else:
        words = arguments(command, "-fanalyzer", "-O1", "-o", os.devnull)
    result = run(command, words)
    text = result.stdout.decode(errors="replace")
    found = result.returncode != 0 or "warning:" in text
    if not found:
        right.touch()
    return (text or f"{command['file']}: error: {words[0]} ended with {result.returncode}\n") if found else ""


def findings(text):
    """A tool's output in findings: each begins with a line that names a place and is an error or a warning."""
    starts = [m.start() for m in re.finditer(r"^\S+:\d+:\d+: (error|warning): ", text, re.M)] or [0]
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)])]


def main():
    tool, build, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
    control = pathlib.Path(sys.argv[4]).resolve() if len(sys.argv) > 4 else None
    wanted = {pathlib.Path(line.rstrip("\n")).resolve() for line in sys.stdin}
    (folder / "right").mkdir(parents=True, exist_ok=True)
    commands = chosen(build, wanted, control)
    if tool == "analyzer":
        commands = [c for c in commands if c["file"].endswith(".c") and c["file"].startswith(str(ROOT / "src")) or control]
    (folder / "compile_commands.json").write_text(json.dumps(commands, indent=1))
    if tool == "commands":
        return 0
    told, again = set(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for text in pool.map(lambda command: read(tool, command, folder), commands):
            again += text is not None
            for finding in findings(text) if text else []:
                if finding not in told:
                    told.add(finding)
                    print(finding, end="", flush=True)
    print(f"{tool}: {len(told)} findings, {len(commands)} sources, {again} of them read again")
    return 1 if told else 0


sys.exit(main())
