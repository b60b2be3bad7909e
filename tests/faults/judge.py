"""What each kind of call is made to answer, and what a run may make of it."""
import collections
import errno
import os
import re
import shutil
import sys
from signal import SIGABRT, SIGBUS, SIGSEGV

from template import put_back, snapshot

SHORT, DIE = -1, -2
DIED = 77

# Which errors each kind of call is given.
IO = ("EIO",)
CALLS = {
    "memory": ("ENOMEM",),
    "open": ("EIO", "EMFILE", "ENOSPC", "EINTR"),
    "read": ("EIO", "EINTR", "short"),
    "write": ("EIO", "ENOSPC", "EINTR", "short", "die"),
    "fsync": ("EIO", "ENOSPC", "EINTR", "die"),
    "truncate": ("EIO", "EINTR", "die"),
    "stat": ("EIO", "ENOMEM"),
    "close": ("EIO", "EINTR", "die"),
    "opendir": ("EIO", "EMFILE", "ENOMEM"),
    "readdir": IO,
    "rename": ("EIO", "ENOSPC", "ENOSYS", "die"),
    "link": ("EIO", "ENOSPC", "die"),
    "unlink": ("EIO", "die"),
    "mkdir": ("EIO", "ENOSPC", "die"),
    "flock": ("EIO", "EINTR", "ENOLCK"),
    "chmod": ("EIO", "EPERM"),
    "realpath": ("EIO", "ENOMEM"),
    "mmap": ("ENOMEM", "EAGAIN"),
    "madvise": ("EAGAIN", "EINVAL"),
    "thread": ("EAGAIN",),
    "wait": ("EINTR", "EAGAIN"),
    "futex": ("ENOSYS", "EPERM"),
    "eventfd": ("EMFILE", "ENOMEM"),
    "tell": ("EINTR",),
    "handler": ("EINVAL",),
    "key": ("EAGAIN",),
    "mutex": ("ENOMEM",),
    "system": ("EPERM",),
    "stream": ("EIO", "ENOSPC", "ENOMEM"),
}
# What must change nothing.
RIGHT_KINDS = {"EINTR", "short"}
RIGHT_CALLS = {"madvise", "wait", "futex", "tell", "system"}
RIGHT_PAIRS = {("chmod", "EPERM")}


def number(kind):
    return {"short": SHORT, "die": DIE}.get(kind) or getattr(errno, kind)


def is_ours(place):
    return any(name in os.path.basename(place) for name in ("headrace", "whole"))


def is_of_others(result):
    """libsentencepiece, with protobuf inside, does not survive all failures of its own allocations (SECURITY.md)."""
    return any("libsentencepiece" in place for place in result["where"])


class Runner:
    """One workflow: what it does without a fault, and what each fault makes of it. What a thread keeps of its last error,
    one block to its end, is no leak."""

    def __init__(self, workflow, templates, base):
        self.workflow, self.base, self.templates = workflow, base, templates
        self.folder = os.path.join(base, "work")
        self.out, self.error = os.path.join(base, "out"), os.path.join(base, "err")
        self.prepare()

    def once(self, program, call, n, mode, kind, arguments):
        result = self.templates[program].run(self.folder, self.out, self.error, call, n, mode, kind, [program, *arguments])
        with open(self.out, encoding="utf-8", errors="replace") as file:
            result["out"] = file.read()
        with open(self.error, encoding="utf-8", errors="replace") as file:
            result["error"] = file.read()
        return result

    def plain(self, program, arguments):
        result = self.once(program, "memory", 0, "once", 1, arguments)
        if result["status"] != 0:
            sys.exit(f"faults: {self.workflow.name}: {arguments} fails without a fault: {result['error']}")
        return result

    def prepare(self):
        put_back(self.folder, {})
        for command in self.workflow.before:
            self.plain("command", command)
        for name, path in self.workflow.files.items():
            shutil.copy(path, os.path.join(self.folder, name))
        self.sentence = collections.Counter(self.once("command", "memory", 0, "once", 1, ["info", "nothing"])["left"])
        self.old = snapshot(self.folder)
        self.good = self.plain(self.workflow.program, self.workflow.run)
        self.new = snapshot(self.folder)
        self.made = self.good["made"]

    def strike(self, call, n, mode, kind):
        """Returns the result of a run with a fault, and what is wrong with it."""
        put_back(self.folder, self.old)
        result = self.once(self.workflow.program, call, n, mode, number(kind), self.workflow.run)
        wrong = list(self.judge(result, call, mode, kind))
        if not wrong and result["status"] != 0 and (self.workflow.again or not self.is_done()):
            wrong = list(self.judge_next())
        return result, wrong

    def judge(self, result, call, mode, kind):
        if result["hangs"]:
            yield "hangs"
            return
        if kind == "die" and result["struck"] and result["status"] == DIED:
            yield from self.judge_killed()
            return
        if is_of_others(result) and result["signal"] in (SIGABRT, SIGBUS, SIGSEGV):
            return
        if result["signal"]:
            yield f"ends by signal {result['signal']}"
            return
        if result["status"] == 0:
            yield from self.judge_right(result)
        elif kind in RIGHT_KINDS or call in RIGHT_CALLS or (call, kind) in RIGHT_PAIRS or not result["struck"]:
            yield f"ends with {result['status']}: {result['error'].strip()}"
        else:
            yield from self.judge_error(result, call, mode, kind)
        yield from self.judge_left(result)

    def judge_killed(self):
        """Between two renames some files are old and some new: then the hidden folder says so."""
        now = snapshot(self.folder)
        if not self.whole(now, "") and not any(".headrace/" in name for name in now):
            yield f"killed, it leaves {self.differences(self.old)}"

    def judge_right(self, result):
        if self.told(result) != self.told(self.good):
            yield f"ends with 0, but prints {result['out'][:300]!r}"
        if snapshot(self.folder) != self.new:
            yield f"ends with 0, but leaves {self.differences(self.new)}"

    def told(self, result):
        return re.sub(r"[0-9.,e+-]+|\b[kMG]?B\b|reader|workers|writer|none", "", result["out"]) if self.workflow.timed else result["out"]

    def judge_error(self, result, call, mode, kind):
        said = result["error"]
        if result["status"] != 1:
            yield f"ends with {result['status']}, expected 1"
        if not said or not all(self.is_sentence(line) for line in said.splitlines()):
            yield "says no sentence"
        elif not any(word in said for word in self.words(call, kind)):
            yield "does not say why"
        elif kind != "ENOMEM" and call not in ("thread", "key", "mutex", "handler") and not any(name in said for name in self.workflow.names):
            yield "does not say of what"
        now = snapshot(self.folder)
        if now in (self.old, self.new):
            return
        tidy = all(name in self.old or name in self.new for name in now)
        if not (self.whole(now, said) and (tidy or self.may_leave(call, mode) or self.says_what_is_left(said))):
            yield f"leaves {self.differences(self.old)}"

    def words(self, call, kind):
        if kind == "ENOMEM" or call in ("memory", "thread", "key", "mutex"):
            return ("memory", "emory", "thread")
        return (os.strerror(number(kind)), *(("no memory",) if call == "mmap" else ()))

    def is_sentence(self, line):
        return line.startswith(self.workflow.begins) and len(line) > len(self.workflow.begins) + 10

    def says_what_is_left(self, said):
        return any(words in said for words in ("whole and in its place", ".headrace: ", "its files are in ", "kept: "))

    def may_leave(self, call, mode):
        return mode == "on" or call in ("unlink", "rename", "link") or self.workflow.parts

    def shown(self, now):
        """The files that are no temporary ones, and that the run does not write as it goes."""
        return {name: data for name, data in now.items()
                if (name in self.old or name in self.new) and name not in self.workflow.moving}

    def whole(self, now, said):
        """Whether what is there is what was, or what is to be: or, where a run goes on, a part of that; or where the
        files are that are not, and who will put them back."""
        shown, old, new = self.shown(now), self.shown(self.old), self.shown(self.new)
        if self.workflow.parts and all(new.get(name) == data for name, data in shown.items()):
            return True
        return shown in (old, new) or "the next run with this output ends what this one began" in said

    def is_done(self):
        """Whether the run has done its work, whatever it said: another one would find what it made."""
        return self.old != self.new and self.shown(snapshot(self.folder)) == self.shown(self.new)

    def differences(self, than):
        now = snapshot(self.folder)
        gone, came = sorted(set(than) - set(now)), sorted(set(now) - set(than))
        changed = sorted(name for name in than if name in now and now[name] != than[name])
        return f"gone {gone}, new {came}, changed {changed}"

    def judge_left(self, result):
        if not result["ended"]:
            yield "does not come back from main"
            return
        if result["descriptors"] > self.good["descriptors"]:
            yield f"leaves {result['descriptors']} descriptors"
        if result["threads"]:
            yield f"leaves {result['threads']} threads"
        more = collections.Counter(result["left"]) - collections.Counter(self.good["left"]) - self.sentence
        if not is_of_others(result) and (any(map(is_ours, more)) or result["blocks"] > self.good["blocks"] + 1):
            yield f"leaves {result['blocks']} blocks, without a fault {self.good['blocks']}"

    def judge_next(self):
        """A run without a fault makes up for it; where that has been done already, one that replaces nothing says so."""
        result = self.once(self.workflow.program, "memory", 0, "once", 1, self.workflow.run)
        now = {name: data for name, data in snapshot(self.folder).items() if not self.is_beside(name)}
        if now != self.new:
            yield f"the next run leaves {self.differences(self.new)}"
        elif result["status"] != 0 and (self.workflow.again or "exists, expected none" not in result["error"]):
            yield f"the next run ends with {result['status']}: {result['error'].strip()}"

    def is_beside(self, name):
        """What a process that is killed leaves beside the file that it was about to replace."""
        return re.fullmatch(r"run\.state\.[0-9a-f]{8}|\.(out\.txt|m\.prom)\.\w{6}", name)
