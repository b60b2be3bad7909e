"""A function in a process of its own, and what a process and its children take: processor time and memory."""
import glob
import multiprocessing
import os
import sys
import time


def run(function, *arguments):
    """What `function` returns in a fresh process, which shares nothing with this one."""
    processes = multiprocessing.get_context("spawn")
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=_answer, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        answer = None
    process.join()
    if process.exitcode != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {function.__name__} of {arguments[-1]} ended with status {process.exitcode}")
    return answer


def _answer(sender, function, arguments):
    sender.send(function(*arguments))


def children(process):
    """The processes below `process`, and those below them."""
    for path in glob.glob(f"/proc/{process}/task/*/children"):
        with open(path, encoding="ascii") as file:
            for child in map(int, file.read().split()):
                yield child
                yield from children(child)


def processor_time():
    """Seconds of processor time that this process and its living children have had."""
    ticks = 0
    for child in children(os.getpid()):
        with open(f"/proc/{child}/stat", encoding="utf-8") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
            ticks += int(user) + int(system)
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def memory():
    """Bytes of this process and its children, what several of them share counted once: (their own, of mapped files)."""
    own = mapped = 0
    for process in (os.getpid(), *children(os.getpid())):
        with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file if line.startswith("Pss_"))
        kib = {name: int(value.split()[0]) for name, value in fields.items()}
        own += kib["Pss_Anon"] + kib["Pss_Shmem"]
        mapped += kib["Pss_File"]
    return own * 1024, mapped * 1024


class Others:
    """What the machine does beside this process and the children that it has waited for."""

    def __init__(self):
        self.start, self.busy = time.monotonic(), self._busy()

    @staticmethod
    def _busy():
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])

    def processors(self):
        """How many processors others kept busy since this was made, on average."""
        return max(0.0, (self._busy() - self.busy) / (time.monotonic() - self.start))
