"""One shell for all the sh blocks of a document, as a reader would type them into one terminal."""
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time


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


def environment(prefix, root, scratch):
    """As after an installation into the system's own folders, and nothing of who runs the tests."""
    library = os.path.join(prefix, "lib")
    if not os.path.exists(os.path.join(library, "pkgconfig")):
        found = [folder for folder, names, _ in os.walk(library) if "pkgconfig" in names]
        library = found[0] if found else library
    return {
        "PATH": os.path.join(prefix, "bin") + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
        "LD_LIBRARY_PATH": library,
        "PKG_CONFIG_PATH": os.path.join(library, "pkgconfig"),
        "CMAKE_PREFIX_PATH": prefix,
        "CMAKE_GENERATOR": "Ninja" if shutil.which("ninja") else "Unix Makefiles",
        "MANPATH": os.path.join(prefix, "share/man") + ":",
        "SOURCE": root,
        "HOME": scratch,
        "TMPDIR": tempfile.gettempdir(),
        "LC_ALL": "C.UTF-8",
    }


class Shell:
    def __init__(self, scratch, variables, limit):
        self.scratch, self.limit, self.count = scratch, limit, 0
        self.process = subprocess.Popen(
            ["sh", "-e"], cwd=scratch, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.run('. "$SOURCE/tests/docs/samples.sh"\n')

    def run(self, code, fails=0, folder=None):
        """Returns (what went wrong or None, output). A block that is to fail, or is run in a folder of its own, has a
        shell of its own: what it sets is not seen later."""
        self.count += 1
        name = os.path.join(self.scratch, ".block%d" % self.count)
        with open(name, "w", encoding="utf-8") as file:
            file.write(strict(code))
        end = "\n-- the end of block %d: " % self.count
        source = ". '%s' </dev/null" % name
        if folder:
            source = "(cd '%s'; %s)" % (folder, source)
        if fails:
            source = "(set +e; %s) || docs_status=$?" % source
        command = "docs_status=0\n%s\nprintf '%%s%%s\\n' '%s' $docs_status\n" % (source, end)
        try:
            self.process.stdin.write(command.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return "the shell has ended", ""
        output = self.read(end.encode())
        if output is None:
            return "takes more than %d s" % self.limit, ""
        text, _, status = output.decode(errors="replace").partition(end)
        status = int(status.partition("\n")[0] or self.process.wait())  # behind it: of what goes on in the background
        wrong = None if status == fails else "ends with status %d, expected %d" % (status, fails)
        return wrong, text

    def read(self, end):
        """What is printed up to `end` and the line's end, or to the shell's; None when it takes too long."""
        output, until = b"", time.monotonic() + self.limit
        while end not in output or not output.endswith(b"\n"):
            if not self.selector.select(until - time.monotonic()):
                return None
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                break
            output += piece
        return output

    def close(self):
        """Ends what the blocks have left running, too."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # a block has ended the shell
        self.process.stdout.close()
