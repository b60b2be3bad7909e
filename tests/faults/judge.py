"""What a run may make of a call that goes wrong."""
import collections
import os
import re
import shutil
import sys
from signal import SIGABRT, SIGBUS, SIGSEGV

import kinds
from stack import Stack
from template import files_in, put_back, snapshot
from workflows import Killed

DIED = 77
# What takes a folder away makes such calls.
OF_REMOVING = {"memory", "open", "dup", "opendir", "readdir", "stat", "unlink"}


def is_hidden(name):
    """Whether it is a writer's own, which it hides beside its output."""
    return ".headrace/" in name


def checksum_of(out):
    """What a run says of the rows that it has taken, if it does."""
    found = re.search(r"checksum ([0-9a-f]{16})", out)
    return int(found[1], 16) if found else None


class Runner:
    """One workflow: what it does without a fault, and what each fault makes of it. What a thread keeps of its last error,
    one block to its end, is no leak."""

    def __init__(self, workflow, templates, base):
        self.workflow, self.base, self.templates = workflow, base, templates
        self.folder, self.temporary = os.path.join(base, "work"), os.path.join(base, "tmp")
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

    def kill(self, killed):
        result = self.once("command", killed.call, killed.n, "once", kinds.DIE, killed.arguments)
        if result["status"] != DIED:
            sys.exit(f"faults: {self.workflow.name}: {killed} is not killed")

    def prepare(self):
        put_back(self.folder, {})
        put_back(self.temporary, {})
        for command in self.workflow.before:
            self.kill(command) if isinstance(command, Killed) else self.plain("command", command)
        for name, path in self.workflow.files.items():
            shutil.copy(path, os.path.join(self.folder, name))
        self.sentence = collections.Counter(self.once("command", "memory", 0, "once", 1, ["info", "nothing"])["left"])
        self.put, self.old = files_in(self.folder), snapshot(self.folder)
        self.good = self.plain(self.workflow.program, self.workflow.run)
        self.new = snapshot(self.folder)
        self.made = self.good["made"]
        self.check_good()

    def check_good(self):
        """What a run leaves or hides without a fault, none with one would be reported for."""
        hidden = [name for name in self.new if is_hidden(name) and name not in self.old] + os.listdir(self.temporary)
        if hidden:
            sys.exit(f"faults: {self.workflow.name}: without a fault it leaves {hidden}")
        if self.good["out"] and self.workflow.program == "command" and self.made["write"] == 0:
            sys.exit(f"faults: {self.workflow.name}: prints by no call that can be made to fail")

    def strike(self, call, n, mode, kind):
        """Returns the result of a run with a fault, and what is wrong with it."""
        put_back(self.folder, self.put)
        put_back(self.temporary, {})
        result = self.once(self.workflow.program, call, n, mode, kinds.number(kind), self.workflow.run)
        wrong = list(self.judge(result, call, mode, kind))
        if not wrong and result["status"] != 0 and (self.workflow.again or not self.is_done()):
            wrong = list(self.judge_next(result))
        return result, wrong

    def judge(self, result, call, mode, kind):
        if result["hangs"]:
            yield "hangs"
            return
        if kind == "die" and result["struck"] and result["status"] == DIED:
            yield from self.judge_killed()
            return
        if kinds.is_of_others(result["where"]) and result["signal"] in (SIGABRT, SIGBUS, SIGSEGV):
            return
        if result["signal"]:
            yield f"ends by signal {result['signal']}"
            return
        if result["status"] == 0:
            yield from self.judge_right(result, call, kind)
        elif kinds.must_change_nothing(call, kind) or not result["struck"]:
            yield f"ends with {result['status']}: {result['error'].strip()}"
        else:
            yield from self.judge_error(result, call, mode, kind)
        yield from self.judge_left(result, call)

    def judge_killed(self):
        """Between two renames some files are old and some new: then the hidden folder says so."""
        now = snapshot(self.folder)
        yield from self.judge_moving(now)
        if not self.whole(now, "") and not any(map(is_hidden, now)):
            yield f"killed, it leaves {self.differences(self.old)}"

    def judge_moving(self, now):
        for name in self.workflow.moving:
            if now.get(name) not in (None, self.old.get(name), self.new.get(name)):
                yield f"leaves {name} half written"

    def judge_right(self, result, call, kind):
        goes_on = kinds.may_go_on(call, kind, result["where"]) or Stack(result["where"]).begins(self.workflow.goes_on)
        if result["struck"] and not goes_on:
            yield f"ends with 0 although {call} fails: {kind}"
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
        elif not any(word in said for word in kinds.words_of(call, kind)):
            yield "does not say why"
        elif kind != "ENOMEM" and call in kinds.OF_FILES and not any(name in said for name in self.workflow.names):
            yield "does not say of what"
        now = snapshot(self.folder)
        if now in (self.old, self.new):
            return
        yield from self.judge_moving(now)
        tidy = all(name in self.old or name in self.new for name in now)
        if not (self.whole(now, said) and (tidy or self.may_leave(call, mode) or self.says_what_is_left(said))):
            yield f"leaves {self.differences(self.old)}"

    def is_sentence(self, line):
        return line.startswith(self.workflow.begins) and len(line) > len(self.workflow.begins) + 10

    def says_what_is_left(self, said):
        return any(words in said for words in ("whole and in its place", ".headrace: ", "its files are in ", "kept: "))

    def may_leave(self, call, mode):
        """A run that takes up what was killed leaves that for the next one, too."""
        removes = call in ("unlink", "rename", "link") or (mode == "on" and call in OF_REMOVING)
        return removes or self.workflow.parts or any(map(is_hidden, self.old))

    def shown(self, now):
        """The files that are no temporary ones, and that the run does not write as it goes."""
        return {name: data for name, data in now.items()
                if (name in self.old or name in self.new) and not is_hidden(name)
                and name not in self.workflow.moving and name != self.workflow.state}

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

    def judge_left(self, result, call):
        if not result["ended"]:
            yield "does not come back from main"
            return
        if result["descriptors"] > self.good["descriptors"]:
            yield f"leaves {result['descriptors']} descriptors"
        if result["threads"]:
            yield f"leaves {result['threads']} threads"
        if os.listdir(self.temporary):
            yield f"leaves {os.listdir(self.temporary)} in TMPDIR"
        more = collections.Counter(result["left"]) - (collections.Counter(self.good["left"]) | self.sentence)
        result["left"] = [site for site in more.elements() if not kinds.may_be_left(call, result["where"], site)]
        if result["left"]:
            yield f"leaves {len(result['left'])} blocks more than without a fault"

    def judge_next(self, result):
        """A run without a fault makes up for it; where that has been done already, one that replaces nothing says so."""
        before = snapshot(self.folder).get(self.workflow.state)
        goes_on = before is not None and "--resume" not in self.workflow.run
        more = ["--resume", self.workflow.state] if goes_on else []
        following = self.once(self.workflow.program, "memory", 0, "once", 1, self.workflow.run + more)
        now = {name: data for name, data in snapshot(self.folder).items() if not self.is_beside(name)}
        if now != self.new:
            yield f"the next run leaves {self.differences(self.new)}"
        elif following["status"] != 0:
            if self.workflow.again or "exists, expected none" not in following["error"]:
                yield f"the next run ends with {following['status']}: {following['error'].strip()}"
        elif self.workflow.state:
            yield from self.judge_sum(result, following, before == self.new[self.workflow.state])
        elif self.told(following) != self.told(self.good):
            yield f"the next run prints {following['out'][:300]!r}"

    def judge_sum(self, result, following, is_at_end):
        """What both have taken adds up to the whole; or the next run begins where this one did. One that could not say
        what it took may have taken all."""
        whole, done, rest = (checksum_of(one["out"]) for one in (self.good, result, following))
        if done is None:
            done = whole if is_at_end else 0
        if rest not in (whole, (whole - done) % 2**64):
            yield f"the next run takes {rest:016x}, after {done:016x} of {whole:016x}"

    def is_beside(self, name):
        """What a process that is killed leaves beside the file that it was about to replace."""
        return re.fullmatch(r"run\.state\.[0-9a-f]{8}|\.(out\.txt|m\.prom)\.\w{6}", name)
