"""A program that runs the blocks of a document one by one, as a reader would type them into one terminal."""
import os
import selectors
import signal
import subprocess
import time


class Session:
    def __init__(self, command, scratch, variables, limit):
        self.scratch, self.limit, self.count = scratch, limit, 0
        self.process = subprocess.Popen(
            command, cwd=scratch, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def write(self, code):
        """Writes a block to a file. Returns its name, and the line that is printed when it has been run."""
        self.count += 1
        name = os.path.join(self.scratch, ".block%d.%d" % (self.process.pid, self.count))
        with open(name, "w", encoding="utf-8") as file:
            file.write(code)
        return name, "\n-- the end of block %d: " % self.count

    def ask(self, command, end, fails=0):
        """Has a block run: the command's output ends with `end` and a status. Returns (what went wrong or None, output)."""
        try:
            self.process.stdin.write(command.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return "the %s has ended" % self.name, ""
        output = self.read(end.encode())
        if output is None:
            return "takes more than %d s" % self.limit, ""
        text, _, status = output.decode(errors="replace").partition(end)
        status = int(status.partition("\n")[0] or self.process.wait())  # behind it: of what goes on in the background
        wrong = None if status == fails else "ends with status %d, expected %d" % (status, fails)
        return wrong, text

    def read(self, end):
        """What is printed up to `end` and the line's end, or to the program's; None when it takes too long."""
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
            pass  # a block has ended the program
        self.process.stdout.close()
