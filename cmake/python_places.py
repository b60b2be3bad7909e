"""Where a Python looks for packages.

usage: python_places.py below PREFIX    prints the folder below the prefix, from there, where this Python looks, or would
       python_places.py ready FOLDER    compiles the package that is in the folder; prints what is still to do, if anything"""
import compileall
import os
import site
import sys


def below(prefix):
    """Debian's Python looks in dist-packages of /usr and /usr/local, others in site-packages."""
    for folder in site.getsitepackages() + [site.getusersitepackages()]:
        inside = os.path.relpath(folder, os.path.abspath(prefix))
        if inside.startswith("lib"):
            return inside
    return "lib/python%d.%d/site-packages" % sys.version_info[:2]


def ready(folder):
    folder = os.path.abspath(folder)
    compileall.compile_dir(os.path.join(folder, "headrace"), quiet=1)
    if os.path.realpath(folder) not in map(os.path.realpath, sys.path):
        print("headrace: %s finds the package headrace with PYTHONPATH=\"%s\"" % (sys.executable, folder))
    try:
        import numpy
    except ImportError:
        print("headrace: the package headrace needs NumPy, which %s has not (pip: numpy; Debian's Python: python3-numpy)" % sys.executable)


if __name__ == "__main__":
    if sys.argv[1] == "below":
        print(below(sys.argv[2]))
    else:
        ready(sys.argv[2])
