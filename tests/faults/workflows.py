"""What is run under faults."""
import gzip
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field

VOCABULARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vocabulary")


@dataclass
class Killed:
    """A run that ends before a call of it."""
    call: str
    n: int
    arguments: list


@dataclass
class Workflow:
    name: str
    run: list  # the arguments of the run that is given faults
    before: list = field(default_factory=list)  # runs that make what is there before
    again: bool = False  # the same run may follow one that has done its work
    parts: bool = False  # what is finished of a run that fails stays
    moving: tuple = ()  # files that are written anew as the run goes on
    state: str = ""  # the file that says where the next run goes on
    goes_on: tuple = ()  # functions whose calls may fail, as the run asks for
    program: str = "command"
    begins: str = "headrace "
    files: dict = field(default_factory=dict)  # copied before: their names there, and from where
    timed: bool = False  # what is printed says how long it took
    needs: tuple = ()  # optional parts of the library, and inputs that another program makes
    names: tuple = ()  # of the files that a sentence may be about


def inputs(folder):
    """Small files of text in `folder`."""
    os.makedirs(os.path.join(folder, "texts"))
    text = "".join(f"Line {i}: the water runs through the race to the wheel, and the mill grinds.\n" for i in range(60))
    for i in range(3):
        with open(os.path.join(folder, "texts", f"{i}.txt"), "w") as file:
            file.write(text[i * 100:])
    with open(os.path.join(folder, "lines.jsonl"), "w") as file:
        for i in range(40):
            file.write(json.dumps({"text": text[i * 20:i * 20 + 300], "n": i}) + "\n")
    for name in ("long.txt", "text.txt"):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text * 120)  # more than a piece of text: workers are made
    for name in ("small.json", "small.tiktoken"):
        shutil.copy(os.path.join(VOCABULARY, name), folder)
    with open(os.path.join(folder, "lines.jsonl"), "rb") as file, gzip.open(os.path.join(folder, "lines.jsonl.gz"), "wb") as to:
        to.write(file.read())


def made_by_others(folder):
    """What it takes other programs for, which are not everywhere: returns "by NAME" for those that were there."""
    model, lines = os.path.join(folder, "small"), os.path.join(folder, "lines.jsonl")
    commands = {"spm_train": [f"--input={lines}", f"--model_prefix={model}", "--vocab_size=100", "--hard_vocab_limit=false"],
                "zstd": ["-q", lines]}
    there = {name for name in commands if shutil.which(name)}
    for name in there:
        subprocess.run([name, *commands[name]], check=True, capture_output=True)
    return {"by " + name for name in there}


def tokenize(to, out, *more):
    return ["tokenize", "--quiet", "--workers", "1", "--to", to, "-o", out, *more]


def WORKFLOWS(folder, features):
    """Those that the library has the parts for."""
    inputs(folder)
    there = features | made_by_others(folder)
    return [workflow for workflow in all_of(folder) if there.issuperset(workflow.needs)]


def all_of(folder):
    texts, lines, long = (os.path.join(folder, name) for name in ("texts", "lines.jsonl", "long.txt"))
    vocabulary, ranks, model = (os.path.join(folder, "small" + ending) for ending in (".json", ".tiktoken", ".model"))
    names = ("out.", "out_", "out*", "out2.", "out2_", "out3.", "texts", "lines.jsonl", "long.txt", "small.", "run.state", "stdout",
             "m.prom", ".: ", "/tmp: ")

    def w(*arguments, **more):
        return Workflow(*arguments, names=names, **more)

    shards = ["--force", "--shard-tokens", "3k", lines]
    replacing, going_on = tokenize("datatrove", "out.ds", *shards), tokenize("npy", "out.npy", "--continue", "--shard-tokens", "3k", lines)
    others = tokenize("datatrove", "out.ds", "--shard-tokens", "2k", texts)
    feed = ["feed", "--quiet", "--batch-size", "4", "--sequence-length", "32", "--seed", "7", "--workers", "2"]
    return [
        w("tokenize", tokenize("headerless", "out.bin", texts)),
        w("tokenize --force", tokenize("megatron", "out.bin", "--force", lines),
          before=[tokenize("megatron", "out.bin", texts)], again=True),
        w("tokenize shards --force", replacing, before=[others], again=True),
        w("tokenize --continue of nothing", going_on, parts=True),
        w("tokenize --continue", going_on, parts=True, before=[Killed("write", 8, going_on)]),
        w("tokenize after one killed in replacing", replacing, before=[others, Killed("rename", 3, replacing)], again=True),
        w("tokenize after one killed in removing", replacing, before=[others, Killed("unlink", 3, replacing)], again=True),
        w("tokenize something else after one killed", tokenize("megatron", "out.ds", "--force", texts),
          before=[others, Killed("rename", 3, replacing)], again=True),
        w("tokenize --on-bad-line skip", tokenize("headerless", "out.bin", "--on-bad-line", "skip", lines)),
        w("tokenize masked", tokenize("llmc-gpt2", "out.bin", lines, "--end-of-text", "256")),
        w("tokenizer.json", tokenize("headerless", "out.bin", "--tokenizer", vocabulary, lines), needs=("pcre2",)),
        w("rank file", tokenize("headerless", "out.bin", "--tokenizer", ranks, "--split", "gpt2", lines), needs=("pcre2",)),
        w("SentencePiece", tokenize("headerless", "out.bin", "--tokenizer", model, lines), needs=("sentencepiece", "by spm_train")),
        w("gzip", tokenize("headerless", "out.bin", lines + ".gz"), needs=("zlib",)),
        w("zstd", tokenize("headerless", "out.bin", lines + ".zst"), needs=("zstd", "by zstd")),
        w("tokenize workers", ["tokenize", "--quiet", "--workers", "2", "-o", "out.bin", "--normalize", "nfc", long],
          needs=("utf8proc",)),
        w("tokenize summary", ["tokenize", "--workers", "1", "--metrics", "m.prom", "-o", "out.bin", lines], timed=True,
          moving=("m.prom",)),
        w("tokenize --json", ["tokenize", "--json", "--workers", "1", "-o", "out.bin", lines], timed=True),
        w("feed", [*feed, "--state", "run.state", "out.bin"], before=[tokenize("headerless", "out.bin", texts)],
          again=True, state="run.state"),
        w("feed resumed", [*feed, "--io", "read", "--state", "run.state", "--resume", "run.state", "out.bin"],
          before=[tokenize("headerless", "out.bin", texts), [*feed, "--steps", "3", "--state", "run.state", "out.bin"]],
          again=True, state="run.state"),
        w("feed mix", [*feed, "--io", "read", "--documents", "--cu-seqlens", "out.bin:2", "out3.bin:1"],
          before=[tokenize("megatron", "out.bin", lines), tokenize("headerless", "out3.bin", texts)]),
        w("feed text", [*feed, "--tokenizer", vocabulary, lines], needs=("pcre2",)),
        w("feed documents", [*feed, "--pack", "best-fit", "--documents", "out.bin"],
          before=[tokenize("megatron", "out.bin", lines)]),
        w("info", ["info", texts, lines]),
        w("info --json", ["info", "--json", lines]),
        w("show --json", ["show", "--json", "--batch-size", "2", "--sequence-length", "8", lines]),
        w("decode to stdout", ["decode", "--to", "jsonl", "out.bin"], before=[tokenize("megatron", "out.bin", lines)]),
        w("info pattern", ["info", "out*.ds"], before=[others]),
        w("show", ["show", "--batch-size", "2", "--sequence-length", "32", "--tokenizer", vocabulary, "out.bin"], needs=("pcre2",),
          before=[tokenize("headerless", "out.bin", "--tokenizer", vocabulary, lines)]),
        w("decode", ["decode", "--quiet", "--tokenizer", vocabulary, "-o", "out.txt", "out.bin"], needs=("pcre2",),
          before=[tokenize("headerless", "out.bin", "--tokenizer", vocabulary, lines)]),
        w("decode --force", ["decode", "--quiet", "--force", "-o", "out.txt", "out.bin"],
          before=[tokenize("megatron", "out.bin", lines), ["decode", "--quiet", "-o", "out.txt", "--tokens", "100", "out.bin"]],
          again=True),
        w("feed metrics", [*feed, "--metrics", "m.prom", "out.bin"],
          before=[tokenize("headerless", "out.bin", texts)], again=True, moving=("m.prom",)),
        w("feed metrics again", [*feed, "--metrics", "m.prom", "out.bin"],
          before=[tokenize("headerless", "out.bin", texts), [*feed, "--metrics", "m.prom", "--steps", "2", "out.bin"]],
          again=True, moving=("m.prom",)),
        w("convert", ["convert", "--quiet", "--to", "megatron", "-o", "out2.bin", "out.ds"],
          before=[tokenize("datatrove", "out.ds", lines)]),
        w("convert shards --force", ["convert", "--quiet", "--force", "--to", "npy", "--shard-tokens", "2k", "-o", "out2.npy", "out.ds"],
          before=[tokenize("datatrove", "out.ds", lines),
                  ["convert", "--quiet", "--to", "npy", "--shard-tokens", "3k", "-o", "out2.npy", "out.ds"]], again=True),
    ] + whole(folder, texts, lines, long)


def whole(folder, texts, lines, long):
    """The parts of the program that uses the library."""
    tokens = tokenize("megatron", "out.bin", lines)
    copied = {"tokenizer": ["small.json", "small.tiktoken"], "texts": ["text.txt"], "sentencepiece": ["small.model"]}
    names = ("out.", "out_", "small.", "run.state", "text.txt", "/tmp: ")

    def part(name, **more):
        return Workflow(name, [name], program="whole", begins="whole: ", names=names,
                        files={to: os.path.join(folder, to) for to in copied.get(name, ())}, **more)

    return [
        *(part(name) for name in ("tensors", "batches", "queue", "unlimited-queue", "queue-ways", "pool", "pool-ways", "arena",
                                  "spheres", "memory", "byte-tokenizer", "custom-tokenizer", "answers")),
        *(part(name, before=[tokens], again=True) for name in ("loader", "packed-loader")),
        *(part(name, before=[tokens]) for name in ("mixed-loader", "float-loader")),
        part("faulty-loader", before=[tokens], goes_on=("check_size < filler_check_sizes",)),  # rows become padding
        part("writer", again=True), part("tokenizer", needs=("pcre2", "utf8proc")),
        part("texts", again=True, needs=("utf8proc",)), part("sentencepiece", needs=("sentencepiece", "by spm_train")),
    ]


def CONTROLS(folder):
    """Programs with a fault: what is run, the call that shows it, and what is to be said of it."""
    inputs(folder)
    before = [tokenize("headerless", "out.bin", os.path.join(folder, "texts"))]

    def control(name, call, kind, said, **more):
        return Workflow(name, ["control-" + name], program="whole", begins="whole: ", names=("out.bin",), **more), call, kind, said

    return [
        control("leaks", "memory", "ENOMEM", "leaves 1 blocks"),
        control("leaks-text", "memory", "ENOMEM", "leaves 1 blocks"),
        control("leaves-folder", "open", "EIO", "leaves .*new .'beside/'"),
        control("leaves-temporary", "open", "EIO", "leaves .'left'. in TMPDIR"),
        control("is-vague", "open", "EIO", "does not say of what"),
        control("ignores-disk", "fsync", "EIO", "ends with 0 although fsync fails"),
        control("ignores-disk", "seal", "ENOSPC", "ends with 0 although seal fails"),
        control("skips", "open", "EIO", "the next run takes", before=before, again=True, state="run.state"),
        control("skips", "close", "die", "the next run takes", before=before, again=True, state="run.state"),
        control("writes-in-place", "write", "die", "leaves m.prom half written", moving=("m.prom",)),
        control("ignores", "write", "ENOSPC", "ends with 0, but leaves .*changed"),
        control("ignores", "write", "short", "ends with 0, but leaves .*changed"),
        control("says-nothing", "write", "EIO", "says no sentence"),
        control("loses", "rename", "EIO", "gone .'out.bin'.", before=before),
        control("loses", "rename", "die", "killed, it leaves gone", before=before),
        control("hangs", "write", "EIO", "hangs"),
        control("crashes", "memory", "ENOMEM", "ends by signal 11"),
    ]
