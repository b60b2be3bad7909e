"""The headrace command and a person: what signals do to it, and what it draws on terminals.

Usage: cli_terminal.py HEADRACE [control]     control: the command ignores signals, the script must fail
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unicodedata

headrace = os.path.abspath(sys.argv[1])
control = sys.argv[2:] == ["control"]
wrapped = ["sh", "-c", 'trap "" INT TERM HUP; exec "$0" "$@"'] if control else []
os.chdir(tempfile.mkdtemp())
os.mkdir("tmp")
os.mkdir("states")
os.mkdir("output")
os.mkdir("drawn")
os.mkdir("closed")
PATIENCE = 5 if control else 100  # seconds in which anything ends
ENDLESS = ["--sequence-length", "24", "--batch-size", "6", "--epochs", "4000000000"]

with open("text.txt", "w") as text:
    text.writelines(f"line {i} of a text that is cut into rows, {i * 7919 % 1000}\n" for i in range(300))
with open("long.txt", "w") as text:  # tokenized with SLOWLY it takes many seconds
    text.write("A  line   of a  long text\n" * 4000000)
with open("wide.txt", "w") as text:  # 1 or 3 bytes a character
    text.write("tab\t and 東京 " * 19 + "the end")
with open("two.jsonl", "w") as lines:
    lines.write('{"text":"one"}\n{"text":"two"}\n')
SLOWLY = ["--normalize", "nfkc", "--fold-case", "--squeeze-space"]
processes = []


def start(*arguments, ignored=(), environment={}, of_its_own=False, **options):
    def own_signals():
        if of_its_own:  # SIGTSTP stops nobody in an orphaned group of processes, which ours may be
            os.setpgrp()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    environment = dict(os.environ, LC_ALL="C.UTF-8", **environment)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [*wrapped, headrace, *arguments]
    processes.append(subprocess.Popen(command, env=environment, preexec_fn=own_signals, **options))
    return processes[-1]


def until(process, what, condition):
    """Waits for a state of the process that is looked for, not timed."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, f"{what}: the process ended before with {process.returncode}"
        assert time.monotonic() < end, f"{what}: never seen"
        time.sleep(0.01)


def catches(process, number):
    """Whether the command, which the shell and Python before it are not, has a handler."""
    if not os.path.samefile(f"/proc/{process.pid}/exe", headrace):
        return False
    with open(f"/proc/{process.pid}/status") as status:
        mask = int(re.search(r"SigCgt:\s*(\w+)", status.read())[1], 16)
    return mask >> (number - 1) & 1


def spools(process):
    """Whether it holds a temporary file without a name that has grown."""
    for entry in os.scandir(f"/proc/{process.pid}/fd"):
        try:
            if "(deleted)" in os.readlink(entry.path) and os.stat(entry.path).st_size > 1 << 20:
                return True
        except FileNotFoundError:
            pass
    return False


def ended_by(process, number):
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == -number, f"ended with {process.returncode} instead of signal {number}"
    return (out or b"").decode()


def feed(*arguments):
    process = start("feed", "--quiet", *arguments)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return summary(out.decode())


def summary(text):
    line = text.split("\n", 1)[1]
    found = re.fullmatch(r"feed: (\d+) batches, \d+ tokens, checksum ([0-9a-f]{16}), 0 errors\n", line)
    assert found, line
    return int(found[1]), int(found[2], 16)


def a_signal_ends_feed_between_two_batches_and_its_state_goes_on_there():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = start("feed", *ENDLESS, "--state", "states/state", "text.txt")
        until(process, "feed running", lambda: catches(process, number))
        process.send_signal(number)
        batches, first = summary(ended_by(process, number))
        more, second = feed(*ENDLESS, "--resume", "states/state", "--steps", "5", "text.txt")
        whole = feed(*ENDLESS, "--steps", str(batches + more), "text.txt")
        assert whole == (batches + more, (first + second) % 2**64), "the parts are not the whole"
    assert os.listdir("states") == ["state"], os.listdir("states")


def a_stopped_run_says_what_there_was_with_faults_too():
    process = start("feed", *ENDLESS, "--faults", "skip", "--vocab-size", "110", "text.txt")
    assert b"expected 0 to 109" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    assert re.search(r"feed: \d+ batches, .* [1-9]\d* errors\n$", ended_by(process, signal.SIGTERM))


def fed(run):
    """How many batches the metrics of a run tell."""
    with open(f"{run}.prom") as file:
        text = file.read()
    assert text.startswith("# HELP headrace_build_info ") and text.endswith("\n"), text
    return int(re.search(r'^headrace_loader_batches_total\{run="%s"\} (\d+)$' % run, text, re.M)[1])


def start_and_feed(run, **options):
    process = start("feed", *ENDLESS, "--metrics", f"{run}.prom", "text.txt", **options)
    until(process, "metrics written", lambda: os.path.exists(f"{run}.prom"))
    until(process, "metrics of batches", lambda: fed(run) > 0)
    return process


def a_run_writes_its_metrics_as_it_goes():
    process = start_and_feed("run")
    seen = fed("run")
    process.send_signal(signal.SIGTERM)
    total, _ = summary(ended_by(process, signal.SIGTERM))
    assert 0 < seen <= total and fed("run") == total, (seen, total, fed("run"))


def a_signal_ends_feed_while_text_is_tokenized_and_leaves_nothing():
    process = start("feed", *SLOWLY, "long.txt", environment={"TMPDIR": os.path.abspath("tmp")})
    until(process, "feed tokenizing", lambda: spools(process))
    process.send_signal(signal.SIGINT)
    assert ended_by(process, signal.SIGINT) == ""
    assert os.listdir("tmp") == []


def a_signal_ends_tokenize_and_leaves_nothing():
    process = start("tokenize", "--output", "output/out.bin", *SLOWLY, "long.txt")
    until(process, "tokenize running", lambda: catches(process, signal.SIGINT))
    process.send_signal(signal.SIGINT)
    assert ended_by(process, signal.SIGINT) == ""
    assert os.listdir("output") == [], os.listdir("output")


def a_closed_stream_is_not_the_next_file():
    closed = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', headrace, "tokenize", "--output", "closed/out.bin"]
    processes.append(subprocess.Popen([*wrapped, *closed, *SLOWLY, "long.txt"]))
    process = processes[-1]
    until(process, "tokenize running", lambda: catches(process, signal.SIGINT))
    streams = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)]
    process.send_signal(signal.SIGINT)
    ended_by(process, signal.SIGINT)
    assert streams == ["/dev/null"] * 3, streams


def a_run_that_is_suspended_and_continued_is_the_same():
    process = start_and_feed("suspended", of_its_own=True)
    for number in (signal.SIGTSTP, signal.SIGSTOP):
        process.send_signal(number)
        until(process, "feed stopped", lambda: os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG))
        time.sleep(0.2)
        process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    batches, checksum = summary(ended_by(process, signal.SIGTERM))
    assert feed(*ENDLESS, "--steps", str(batches), "text.txt") == (batches, checksum), batches


def a_signal_that_is_ignored_stays_ignored():
    process = start("feed", *ENDLESS, "text.txt", ignored=[signal.SIGHUP])
    until(process, "feed running", lambda: catches(process, signal.SIGTERM))
    assert not catches(process, signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    ended_by(process, signal.SIGTERM)


def drawn_on(terminal, columns, enough, *arguments, **options):
    """What the command draws on a terminal until there is enough of it, and then until it has ended."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = start(*arguments, stderr=theirs, environment={"TERM": terminal}, **options)
    os.close(theirs)
    drawn, asked, end = b"", False, time.monotonic() + PATIENCE
    while select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
        try:
            got = os.read(ours, 65536)
        except OSError:
            break
        if not got:
            break
        drawn += got
        if not asked and enough(drawn.decode(errors="replace")):
            process.send_signal(signal.SIGTERM)
            asked = True
    assert asked, f"never drawn: {drawn[-400:]}"
    ended_by(process, signal.SIGTERM)
    os.close(ours)
    return drawn.decode()


def a_narrow_terminal_shows_what_matters():
    drawn = drawn_on("xterm", 60, lambda text: text.count("\r") > 5, "feed", *ENDLESS, "text.txt")
    lines = [line.replace("\033[K", "") for line in drawn.split("\r")]
    assert drawn.endswith("\r\033[K"), "the line is not taken away"
    assert max(map(len, lines)) < 60, lines
    assert any("waits" in line and "Mtokens/s" in line for line in lines), lines


def a_run_of_so_many_steps_comes_to_their_end():
    drawn_on("xterm", 80, lambda text: re.search(r" [1-9] % ", text), "feed", *ENDLESS, "--steps", "20M", "text.txt")


def a_run_says_that_it_has_estimated_the_rows():
    packed = ("feed", *ENDLESS, "--pack", "best-fit", "text.txt")
    drawn_on("xterm", 120, lambda text: re.search(r"Mtokens/s  about [0-9,]+ rows an epoch", text), *packed)


def a_bar_shows_how_far_work_on_files_has_come():
    with open("zeros.bin", "w") as file:
        file.truncate(4 << 30)  # takes seconds, and no room: it is a hole
    for unit, arguments in (
        ("tokens  .* Mtokens/s", ("tokenize", *SLOWLY, "--output", "drawn/x.bin", "long.txt")),
        ("Mtokens/s", ("convert", "--to", "npy", "--output", "drawn/x.npy", "zeros.bin")),
        ("[GMk]?B ", ("decode", "--separator", "none", "--output", "drawn/x.txt", "zeros.bin")),
    ):
        is_drawn = re.compile(rf" [0-9]+ %  .*{unit}.* [0-9]+:[0-9][0-9] left ")
        drawn = drawn_on("xterm", 100, is_drawn.search, *arguments, stdout=subprocess.DEVNULL)
        assert drawn.count("\r") > 1, (arguments, drawn)
    assert os.listdir("drawn") == [], os.listdir("drawn")


def a_terminal_that_cannot_go_back_gets_plain_lines():
    drawn = drawn_on("dumb", 80, lambda text: "\n" in text, "feed", *ENDLESS, "text.txt")
    assert "\033" not in drawn and "\r" not in drawn.replace("\r\n", ""), repr(drawn)
    assert re.search(r"^ +\d+ %  .*waits.*Mtokens/s", drawn), drawn


def a_redirected_stderr_gets_no_escapes():
    with open("err", "w+") as err:
        process = start("feed", *ENDLESS, "text.txt", stderr=err)
        until(process, "feed writing a line", lambda: os.stat("err").st_size > 0)
        process.send_signal(signal.SIGTERM)
        ended_by(process, signal.SIGTERM)
        text = open("err").read()
    assert "\033" not in text and "\r" not in text and text.endswith("\n"), repr(text)


def shown_on(columns, *arguments, **environment):
    """What show prints on a terminal, line by line."""
    return printed_on(columns, "show", "--sequence-length", "400", "--batch-size", "1", *arguments, **environment)


def printed_on(columns, *arguments, **environment):
    """What the command prints on a terminal, line by line."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"TERM": "xterm", "NO_COLOR": "", **environment}
    process = start(*arguments, stdout=theirs, environment=environment)
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], PATIENCE)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    os.close(ours)
    return shown.decode().replace("\r\n", "\n").split("\n")


def columns_of(line):
    text = re.sub("\033\\[[0-9;]*m", "", line)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def a_batch_is_shown_in_the_width_of_the_terminal():
    for columns in (40, 80, 200):
        lines = [line for line in shown_on(columns, "wide.txt") if "|" in line]
        assert max(map(columns_of, lines)) in (columns, columns - 1), lines
        assert any("東京" in line and line.endswith("…") for line in lines), lines
    whole = shown_on(40, "--full", "wide.txt")
    assert any("the end" in line for line in whole), whole


def a_batch_is_shown_with_colours_unless_they_are_not_wanted():
    assert any("\033[0;2m⇥\033[0m" in line for line in shown_on(80, "wide.txt")), shown_on(80, "wide.txt")
    masked = shown_on(80, "--no-loss-across", "--batch-size", "1", "two.jsonl")
    assert any("|\033[0;4;31mt\033[0mwo" in line for line in masked), masked
    for unwanted in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        lines = shown_on(80, "wide.txt", **unwanted)
        assert "\033" not in "".join(lines) and any("⇥" in line for line in lines), lines


def a_help_is_wrapped_where_the_terminal_is_narrow():
    def words(lines):
        return " ".join(lines).split()

    for command in ("convert", "feed", "help"):
        arguments = [command] if command == "help" else [command, "--help"]
        whole = printed_on(80, *arguments)
        assert max(map(len, whole)) < 80 and printed_on(200, *arguments) == whole
        for columns in (40, 60):
            lines = printed_on(columns, *arguments)
            assert words(lines) == words(whole)
            assert any(line.startswith("Exit status: 0; 1 when") for line in lines), lines
            wrapped = [line for line in lines if not re.match("  [#a-z]", line)]
            assert max(map(len, wrapped)) < columns, wrapped
    at_70 = printed_on(70, "feed", "--help")
    assert "  --pool N              batches there are (2 workers + 2)" in at_70, at_70


failures = []


def run(check):
    try:
        check()
        print("ok", check.__name__)
    except BaseException as failure:
        failures.append(failure)
        print("not so:", check.__name__, failure)


# Together, since a plain line comes only every ten seconds; each takes its environment when it starts.
checks = [check for name, check in list(globals().items()) if name.startswith("a_")]
threads = [threading.Thread(target=run, args=[check]) for check in checks]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for process in processes:
    process.kill()
shutil.rmtree(os.getcwd())
sys.exit(1 if failures else 0)
