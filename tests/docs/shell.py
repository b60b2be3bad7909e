"""One shell for all the sh blocks of a document."""
import glob
import os
import shutil
import subprocess
import tempfile

from session import Session


def strict(code):
    """The code with each line `a && b` in braces: set -e lets a failure of a pass, as long as another line follows."""
    if "<<" in code:
        return code
    lines, whole = code.split("\n"), True
    for i, line in enumerate(lines):
        goes_on = line.endswith("\\")
        if "&&" in line and whole and not goes_on and subprocess.run(["sh", "-nc", line], stderr=subprocess.DEVNULL,
                                                                     check=False).returncode == 0:
            lines[i] = "{ %s\n} || exit $?" % line
        whole = not goes_on
    return "\n".join(lines)


def environment(prefix, root, scratch, commands):
    """As after an installation into the system's own folders, and nothing of who runs the tests. Commands of the folder
    `commands` come first."""
    library = os.path.join(prefix, "lib")
    if not os.path.exists(os.path.join(library, "pkgconfig")):
        found = [folder for folder, names, _ in os.walk(library) if "pkgconfig" in names]
        library = found[0] if found else library
    return {
        "PATH": ":".join([commands, os.path.join(prefix, "bin"), os.environ.get("PATH", "/usr/bin:/bin")]),
        "LD_LIBRARY_PATH": library,
        "PKG_CONFIG_PATH": os.path.join(library, "pkgconfig"),
        "CMAKE_PREFIX_PATH": prefix,
        "CMAKE_GENERATOR": "Ninja" if shutil.which("ninja") else "Unix Makefiles",
        "PYTHONPATH": ":".join(glob.glob(glob.escape(prefix) + "/lib*/python3*/*-packages")),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MANPATH": os.path.join(prefix, "share/man") + ":",
        "SOURCE": root,
        "HOME": scratch,
        "TMPDIR": tempfile.gettempdir(),
        "LC_ALL": "C.UTF-8",
    }


class Shell(Session):
    name = "shell"

    def __init__(self, scratch, variables, limit):
        super().__init__(["sh", "-e"], scratch, variables, limit)
        self.run('. "$SOURCE/tests/docs/samples.sh"\n')

    def run(self, code, fails=0, folder=None):
        """Returns (what went wrong or None, output). A block that is to fail, or is run in a folder of its own, has a
        shell of its own: what it sets is not seen later."""
        name, end = self.write(strict(code))
        source = ". '%s' </dev/null" % name
        if folder:
            source = "(cd '%s'; %s)" % (folder, source)
        if fails:
            source = "(set +e; %s) || docs_status=$?" % source
        return self.ask("docs_status=0\n%s\nprintf '%%s%%s\\n' '%s' $docs_status\n" % (source, end), end, fails)
