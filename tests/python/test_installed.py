"""The package where pip and CMake put it. HEADRACE_BUILD names the build that is installed."""
import ast
import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("HEADRACE_BUILD")
LOOK = """
import importlib.metadata, os
import headrace
with open("/proc/self/maps") as maps:
    library = {line.split(maxsplit=5)[5].strip() for line in maps if "libheadrace.so" in line}
print(headrace.__version__, importlib.metadata.version("headrace"), os.path.dirname(headrace.__file__), *library, sep="\\n")
"""


def said_version():
    with open(os.path.join(ROOT, "include/headrace/base.h"), encoding="utf-8") as file:
        return ".".join(re.findall(r"#define HEADRACE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)\n", file.read()))


def run(*command, **variables):
    """What a command prints. It sees nothing of the package in the source, nor of where the library is built."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HEADRACE_LIBRARY")}
    done = subprocess.run(command, env={**environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=200, check=False)
    if done.returncode != 0:
        raise AssertionError("%s ends with %d:\n%s" % (" ".join(command), done.returncode, done.stdout))
    return done.stdout


def files_of(package):
    return sorted(name for name in os.listdir(package) if name not in ("__pycache__", "_location.py"))


class Installed(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="headrace python.")  # a name with a blank
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)

    def look(self, python, **variables):
        """The package's folder and the library's file, where the versions are what base.h says."""
        *versions, package, library = run(python, "-c", LOOK, **variables).splitlines()
        self.assertEqual(versions, [said_version()] * 2)
        self.assertEqual(files_of(package), files_of(os.path.join(ROOT, "python/headrace")))
        return package, library

    def test_the_version_of_pyproject_is_that_of_base_h(self):
        with open(os.path.join(ROOT, "python/pyproject.toml"), encoding="utf-8") as file:
            self.assertEqual(re.findall(r'^version = "(.*)"', file.read(), re.M), [said_version()])

    def test_the_modules_are_of_the_oldest_python_that_pyproject_names(self):
        for name in glob.glob(os.path.join(ROOT, "python/*/*.py")):
            with open(name, encoding="utf-8") as file:
                ast.parse(file.read(), name, feature_version=(3, 9))

    @unittest.skipUnless(all(importlib.util.find_spec(name) for name in ("pip", "setuptools", "wheel")),
                         "no pip, setuptools or wheel (Debian: python3-pip python3-setuptools python3-wheel)")
    def test_pip_installs_it_into_a_virtual_environment_without_a_network(self):
        source, venv = os.path.join(self.folder, "source"), os.path.join(self.folder, "venv")
        shutil.copytree(os.path.join(ROOT, "python"), source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv)
        python = os.path.join(venv, "bin/python")
        run(python, "-m", "pip", "--no-cache-dir", "--disable-pip-version-check", "install", "--no-build-isolation", "--no-index",
            "--no-deps", source)
        package, library = self.look(python, HEADRACE_LIBRARY=os.environ["HEADRACE_LIBRARY"])
        self.assertTrue(package.startswith(venv + "/"), package)
        self.assertEqual(library, os.path.realpath(os.environ["HEADRACE_LIBRARY"]))

    def installed(self, prefix):
        """What CMake says behind the last of the two."""
        for component in ("runtime", "python"):
            said = run("cmake", "--install", BUILD, "--component", component, "--prefix", prefix)
        return said

    @unittest.skipUnless(BUILD, "HEADRACE_BUILD names no build")
    def test_a_tree_that_cmake_installed_and_somebody_moved_finds_its_own_library(self):
        first, moved = os.path.join(self.folder, "first"), os.path.join(self.folder, "moved")
        said = self.installed(first)
        folder, = glob.glob(first + "/lib*/python3*/*-packages")
        self.assertRegex(said, r'PYTHONPATH="%s"\n(headrace: .*\n)*\Z' % re.escape(folder))  # behind all that is installed
        os.rename(first, moved)
        package, library = self.look(sys.executable, PYTHONPATH=folder.replace(first, moved))
        self.assertTrue(package.startswith(moved + "/"), package)
        self.assertTrue(library.startswith(moved + "/"), library)

    @unittest.skipUnless(BUILD, "HEADRACE_BUILD names no build")
    def test_a_virtual_environment_as_prefix_needs_nothing_more(self):
        venv = os.path.join(self.folder, "venv")
        run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv)
        folder, = glob.glob(venv + "/lib/python3*/site-packages")
        self.assertNotIn("PYTHONPATH", self.installed(venv))
        package, library = self.look(os.path.join(venv, "bin/python"))
        self.assertEqual(package, folder + "/headrace")
        self.assertTrue(library.startswith(venv + "/"), library)


if __name__ == "__main__":
    unittest.main()
