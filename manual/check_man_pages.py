#!/usr/bin/env python3
"""Checks the man pages beside what they are written from, without the generator's reading of it:
  - every function that a header exports has a page, and stands in the NAME of it;
  - every sentence of every comment of the headers, and of every help, is in a page, word for word;
  - every command that the help lists and every option has its place in a page;
  - groff has no warning, no line is wider than a terminal of 80 columns, and macros may be copied.
Prints each fault; ends with 1 if there is one. With --control it makes faults in a copy of the pages, one of each kind, and
ends with 1 if one is not found.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

PAGES = {"base": "headrace_base", "tensor": "tensor", "batch": "batch"}  # of headers whose page is not batch_NAME
COLUMNS = 80


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def render(path, columns):
    """A page as text of so many columns, and what groff has to say about it."""
    made = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rLL=%dn" % columns, "-P-cbou", path],
                          capture_output=True, text=True, timeout=60)
    return made.stdout, made.stderr


def words(text):
    """The words of a text, each between two blanks."""
    text = text.replace("\u2010", "-").replace("\u2212", "-").replace("(1)", "").replace("(3)", "").replace("\\", " ")
    text = re.sub(r"\b(\w+)\.h\b", lambda match: PAGES.get(match[1], "batch_" + match[1]), text)
    return " " + " ".join(re.findall(r"[^\W]+", text.lower())) + " "


def sentences(text):
    return [words(part) for part in re.split(r"[.:;](?:\s+|$)|//|\n\s*\n", text) if words(part).strip()]


class Check:
    """The checks, and the faults that they have found."""

    def __init__(self, pages, headers, command, without):
        self.pages, self.headers, self.command, self.without = pages, headers, command, without
        self.faults, self.rendered = [], {}

    def fault(self, *parts):
        self.faults.append(" ".join(parts))

    def path(self, name, section):
        """The page of a name, links followed; None and a fault where there is none."""
        path = os.path.join(self.pages, "man" + section, "%s.%s" % (name, section))
        if not os.path.exists(path):
            self.fault("no page of", name)
            return None
        text = read(path)
        if not text.startswith(".so "):
            return path
        target = os.path.join(self.pages, text[4:].strip())
        return target if os.path.exists(target) else None

    def words_of(self, path):
        if path not in self.rendered:
            self.rendered[path] = words(render(path, 10000)[0])
        return self.rendered[path]

    def check_sentences(self, text, path, where):
        """Each sentence as often as it is said."""
        for sentence, times in collections.Counter(sentences(text)).items():
            if self.words_of(path).count(sentence) < times:
                self.fault("%s: not in %s:" % (where, os.path.basename(path)), sentence.strip())

    def check_header(self, name, text):
        functions = re.findall(r"^HEADRACE_API [^;(]*?(\w+)\(", text, re.M)
        for function in functions:
            path = self.path(function, "3")
            named = re.search(r"^\.SH NAME\n(.*?)\\- ", read(path), re.M | re.S) if path else None
            if path and not (named and function in named[1].replace("\n", " ").replace(",", " ").split()):
                self.fault(function, "is not in the NAME of", os.path.basename(path))
        if "<headrace/%s.h>" % name not in read(os.path.join(self.pages, "man7/headrace.7")):
            self.fault(name + ".h is not in headrace.7")
        path = self.path(PAGES.get(name, "batch_" + name), "3")
        if path:
            self.check_sentences("\n\n".join(re.findall(r"/\*(.*?)\*/", text, re.S)), path, name + ".h")
        return len(functions)

    def check_headers(self):
        count = 0
        for file in sorted(os.listdir(self.headers)):
            name = file[:-2]
            if file.endswith(".h") and name != "headrace":
                count += self.check_header(name, read(os.path.join(self.headers, file)))
        if count < 100:
            self.fault("only %d functions in the headers" % count)

    def check_help(self, *asked):
        text = subprocess.run([self.command, *asked], check=True, capture_output=True, text=True, timeout=60).stdout
        text = text.replace("Usage: ", "", 1)
        page = "-".join(["headrace", *asked[:-1]])
        path = self.path(page, "1")
        if path:
            self.check_sentences(re.sub(r"\n(?=  ?\S)|:\n", "\n\n", text), path, page)
            for option in re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.M):
                if not re.search(r"^\.TP\n.*\\fB%s\\fR" % re.escape(option.replace("-", "\\-")), read(path), re.M):
                    self.fault(option, "has no place in", os.path.basename(path))
        return text

    def check_commands(self):
        listed = re.search(r"^Commands:\n((?:  .*\n)+)", self.check_help("--help"), re.M)[1]
        for name in re.findall(r"^  (\w+)  ", listed, re.M):
            if name != self.without:
                self.check_help(name, "--help")

    def check_forms(self):
        for section in sorted(os.listdir(self.pages)):
            folder = os.path.join(self.pages, section)
            for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
                path = os.path.join(folder, file)
                if read(path).startswith(".so "):
                    if not os.path.exists(os.path.join(self.pages, read(path)[4:].strip())):
                        self.fault(file, "leads nowhere")
                    continue
                text, said = render(path, COLUMNS - 2)
                if said:
                    self.fault(file + ":", said.strip().replace("\n", "; "))
                for line, below in zip(text.split("\n"), text.split("\n")[1:]):
                    if len(line) > COLUMNS:
                        self.fault(file + ": wider than 80 columns:", line.strip())
                    if re.match(r"( *)#define .*[^\\]\n\1 +\S", line + "\n" + below):
                        self.fault(file + ": ends within a macro:", line.strip())

    def run(self):
        self.check_headers()
        if self.command:
            self.check_commands()
        self.check_forms()
        return self.faults


def change(path, old, new):
    text = read(path)
    if old not in text:
        sys.exit("check_man_pages: the control finds no %r in %s" % (old, path))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))


# A fault of each kind: page, what is there, what is put there; and what must be said of it.
CONTROLS = [
    ("man3/batch_pool.3", "batch_pool_resize,", "", "batch_pool_resize is not in the NAME of batch_pool.3"),
    ("man3/batch_queue.3", "Never waits.", "", "queue.h: not in batch_queue.3: never waits"),
    ("man3/batch_queue_peek.3", "batch_queue.3", "batch_queues.3", "batch_queue_peek.3 leads nowhere"),
    ("man3/tensor.3", ".SH NOTES", ".XX\n.SH NOTES", "tensor.3: troff"),
    ("man3/batch.3", ".SH NOTES", ".SH NOTES\n.nf\n" + "wide " * 20 + "\n.fi", "batch.3: wider than 80 columns"),
    ("man3/batch_metrics.3", "_CONTENT_TYPE \\e", "_CONTENT_TYPE", "batch_metrics.3: ends within a macro"),
    ("man7/headrace.7", "<headrace/pool.h>", "<headrace/pools.h>", "pool.h is not in headrace.7"),
    ("man1/headrace-feed.1", "\\fB\\-\\-epochs\\fR", "\\fBepochs\\fR", "--epochs has no place in headrace-feed.1"),
]


def control(check):
    """Whether each of CONTROLS is found."""
    with tempfile.TemporaryDirectory() as folder:
        check.pages = shutil.copytree(check.pages, os.path.join(folder, "man"))
        os.unlink(os.path.join(check.pages, "man3/batch_queue_enqueue.3"))
        expected = ["no page of batch_queue_enqueue"]
        for page, old, new, said in CONTROLS:
            if check.command or not page.startswith("man1"):
                change(os.path.join(check.pages, page), old, new)
                expected.append(said)
        check.rendered = {}
        faults = check.run()
        return [said for said in expected if not any(fault.startswith(said) for fault in faults)]


def conclude(missed, check, fine):
    """Says what the check finds, or what its control has missed (None: it is not asked for). Returns the exit status."""
    if missed is None:
        found = check.run()
        print("\n".join(found) or fine)
    else:
        found = missed
        print("\n".join("not found: " + said for said in found) or "all faults were found")
    return 1 if found else 0


def main():
    parser = argparse.ArgumentParser(description="Checks Headrace's man pages.")
    parser.add_argument("--pages", required=True, help="the folder with man1, man3 and man7")
    parser.add_argument("--headers", required=True)
    parser.add_argument("--command", help="the headrace command; without it section 1 is not looked at")
    parser.add_argument("--without", default="", help="a command that has no page, since it was not built")
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args()
    check = Check(options.pages, options.headers, options.command, options.without)
    return conclude(control(check) if options.control else None, check, "every name, sentence and option has its place")


if __name__ == "__main__":
    sys.exit(main())
