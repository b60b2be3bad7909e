"""What the command answers to --help, read.

Its parts are parted by blank lines, in this order: the forms ("Usage: headrace feed [OPTION...] FILE...", further ones
below), a sentence, paragraphs, groups (a heading that ends with a colon, then lines that are indented by two: options,
commands or examples), and a last paragraph "Exit status: ...".
"""
import re
import subprocess
from collections import namedtuple

# usage: lines without "Usage: "; paragraphs: text; groups: [Group]; status: the text behind "Exit status: "
Help = namedtuple("Help", "usage paragraphs groups status")
# items: of names and text, [("-o, --output FILE", "what to write")]; of Examples: lines
Group = namedtuple("Group", "heading items")


def _parts(text):
    return [part.split("\n") for part in re.split(r"\n\s*\n", text.strip("\n"))]


def _item(line):
    """A name and the beginning of its text."""
    match = re.match(r"  (\S.*?)(?:  +(\S.*))?$", line)
    return [match[1], match[2] or ""]


def _items(lines):
    items = []
    for line in lines:
        if re.match(r"  \S", line):
            items.append(_item(line))
        else:
            items[-1][1] = (items[-1][1] + " " + line.strip()).strip()
    return [tuple(item) for item in items]


def parse(text):
    """Reads a help's text."""
    parts = _parts(text)
    usage = [re.sub(r"^(Usage: | +)", "", line) for line in parts[0]]
    paragraphs, groups, status = [], [], ""
    for lines in parts[1:]:
        joined = " ".join(line.strip() for line in lines)
        if lines[0].startswith("Exit status: ") or "Exit status: " in joined and lines is parts[-1]:
            before, status = joined.split("Exit status: ", 1)
            paragraphs += [before.strip()] * bool(before)
        elif lines[0].startswith("  "):
            groups.append(Group("Options", _items(lines)))
        elif lines[0].endswith(":") and len(lines) > 1 and lines[1].startswith("  "):
            heading = lines[0][:-1]
            groups.append(Group(heading, lines[1:] if heading == "Examples" else _items(lines[1:])))
        else:
            paragraphs.append(joined)
    return Help(usage, paragraphs, groups, status)


def ask(program, *words):
    """What `program words` prints."""
    return subprocess.run([program, *words], check=True, capture_output=True, text=True, timeout=60).stdout


def with_suites(program, command, asked):
    """A command's help with the options of its suites, if it has any: those that all have once."""
    suites = [name for group in asked.groups if group.heading == "Suites" for name, _ in group.items]
    groups = []
    for suite in suites:
        for group in parse(ask(program, command, suite, "--help")).groups:
            of_suite = group._replace(heading="Options of %s" % suite)
            groups.append(group if group.heading == "Options" else of_suite)
    own = [group for at, group in enumerate(groups) if group not in groups[:at]]
    return asked._replace(groups=asked.groups + own)
