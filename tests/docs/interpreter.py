"""One Python for all the python blocks of a document."""
import os
import subprocess

from session import Session

# Takes lines `FILE LINE DOCUMENT`, and runs each file as if it stood there. It reads from a descriptor of its own.
DRIVER = r"""
import os, sys, traceback, types
commands = os.fdopen(os.dup(0))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
sys.modules["__main__"] = main = types.ModuleType("__main__")
while True:
    name, line, document, end = commands.readline().rstrip("\n").split("\t")
    status = 0
    try:
        with open(name) as file:
            exec(compile("\n" * (int(line) - 1) + file.read(), document, "exec"), vars(main))
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        traceback.print_exception(type(error), error, error.__traceback__.tb_next)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, f"\n{end}{status}\n".encode())
"""


class Python(Session):
    name = "Python"

    def __init__(self, python, scratch, variables, limit):
        super().__init__([python, "-u", "-c", DRIVER], scratch, variables, limit)

    def run(self, block, fails=0):
        """Returns (what went wrong or None, output)."""
        file, end = self.write(block.whole)
        line = block.line - block.before.count("\n")
        return self.ask("%s\t%d\t%s\t%s\n" % (file, line, block.path, end.lstrip("\n")), end, fails)


def with_numpy(candidates):
    """The first Python that has NumPy, which blocks may use; None where there is none."""
    for python in candidates:
        if subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return python
    return None


def has(python, module):
    return subprocess.run([python, "-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec(%r))" % module],
                          check=False).returncode == 0


def command_folder(python, scratch):
    """A folder in which `python3` is that one. No link: a virtual environment's would not know where it is."""
    folder = os.path.join(scratch, "python")
    os.mkdir(folder)
    name = os.path.join(folder, "python3")
    with open(name, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexec '%s' \"$@\"\n" % python)
    os.chmod(name, 0o755)
    return folder
