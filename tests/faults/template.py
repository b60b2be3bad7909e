"""Programs that stand ready to run with a fault, and the folder that they run in."""
import json
import os
import re
import shutil
import subprocess
import sys

SECONDS = 30  # after which a run hangs; a control does before


class Template:
    """A process that stands ready to run a program with a fault."""

    def __init__(self, shim, program, folder, seconds=SECONDS):
        self.seconds = seconds
        environment = dict(os.environ, LD_PRELOAD=shim, HEADRACE_FAULTS="1", LC_ALL="C", TMPDIR=folder)
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def run(self, folder, out, error, call, n, mode, kind, arguments):
        fields = [folder, out, error, str(self.seconds), call, str(n), mode, str(kind), *arguments]
        self.process.stdin.write("\t".join(fields) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"faults: the process that runs {arguments} has ended")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def files_in(folder):
    """What is in a folder: the names of files and their bytes, of folders, with a slash at the end, None."""
    there = {}
    for place, folders, names in os.walk(folder):
        for name in folders:
            there[os.path.relpath(os.path.join(place, name), folder) + "/"] = None
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                there[os.path.relpath(path, folder)] = file.read()
    return there


def snapshot(folder):
    """The same, but of what tells the time the words."""
    return {name: re.sub(rb"[0-9.e+-]+", b"", data) if name.endswith(".prom") else data
            for name, data in files_in(folder).items()}


def put_back(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for name, data in sorted(files.items()):
        path = os.path.join(folder, name)
        if data is None:
            os.mkdir(path)
        else:
            with open(path, "wb") as file:
                file.write(data)
