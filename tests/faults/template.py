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


def snapshot(folder):
    """The files of a folder: their names and bytes, but of what tells the time the words."""
    files = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                data = file.read()
            files[os.path.relpath(path, folder)] = re.sub(rb"[0-9.e+-]+", b"", data) if name.endswith(".prom") else data
    return files


def put_back(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for name, data in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
