"""The comments of the public headers, read as text: blocks in their order.

A comment is plain text in a C comment whose lines begin three columns behind its first slash. In it
  - a blank line ends a paragraph;
  - lines that are indented by two columns and more are taken as they stand: code;
  - a line that begins with "- " is an item of a list, to which lines indented by two belong;
  - "Returns: " and the other LABELS begin a paragraph at any line, which has that label; so does "name: " at the beginning
    of a line where `name` is a parameter of the function;
  - where a comment has headings (that of the file, and one that stands alone), a paragraph that begins with "Label: ", of
    up to four words, has that label. The first paragraph of the file has none.
"""
import re
from collections import namedtuple

# kind: "text", "code" or "list"; label: "", or what the paragraph begins with; lines: of code, or the items of a list
Block = namedtuple("Block", "kind label text lines")

LABELS = ("Returns", "Threads", "Progress", "Order", "Cost", "Memory", "Time", "Errors", "Usage")
_LABEL = re.compile(r"([A-Z][a-z-]+(?: [A-Za-z]+){0,3}): +")
_ANY_LABEL = re.compile(r"((?:%s)|[a-z_]+):(?: +|$)" % "|".join(LABELS))


def lines_of(comment, column=0):
    """The lines of a comment, /* and */ included, that begins in `column`, without what makes it a comment."""
    lines = comment[2:-2].rstrip().split("\n")
    margin = column + 3
    rest = []
    for line in lines[1:]:
        blank = len(line) - len(line.lstrip(" "))
        rest.append(line[min(blank, margin):].rstrip())
    return [lines[0].strip()] + rest


def _label(line, heading, parameters):
    """The label that a line begins with, and the rest of the line. heading: it may be any."""
    match = _LABEL.match(line) if heading else None
    if not match:
        match = _ANY_LABEL.match(line)
        if match and match[1] not in LABELS and match[1] not in parameters:
            match = None
    return (match[1], line[match.end():]) if match else ("", line)


def _is_code(line):
    return line.startswith("  ")


def _code(lines, at):
    """The lines of code from `at` on, blank ones between them included, and where they end."""
    end = at
    while end < len(lines) and (_is_code(lines[end]) or (
            not lines[end] and end + 1 < len(lines) and _is_code(lines[end + 1]))):
        end += 1
    margin = min(len(line) - len(line.lstrip()) for line in lines[at:end] if line)
    return [line[margin:] for line in lines[at:end]], end


def _items(lines, at):
    items = []
    while at < len(lines) and (lines[at].startswith("- ") or (items and _is_code(lines[at]))):
        if lines[at].startswith("- "):
            items.append(lines[at][2:].strip())
        else:
            items[-1] += " " + lines[at].strip()
        at += 1
    return items, at


def _paragraph(lines, at, heading, parameters):
    label, text = _label(lines[at], heading, parameters)
    words, at = [text], at + 1
    while at < len(lines) and lines[at] and not _is_code(lines[at]) and not lines[at].startswith("- "):
        if _label(lines[at], False, parameters)[0]:
            break
        words.append(lines[at].strip())
        at += 1
    return Block("text", label, " ".join(words).strip(), []), at


def blocks(lines, parameters=(), headings=False):
    """The blocks of a comment's lines; parameters: names that may be labels; headings: paragraphs may have any label."""
    found, at = [], 0
    while at < len(lines):
        if not lines[at]:
            at += 1
        elif _is_code(lines[at]):
            code, at = _code(lines, at)
            found.append(Block("code", "", "", code))
        elif lines[at].startswith("- "):
            items, at = _items(lines, at)
            found.append(Block("list", "", "", items))
        else:
            block, at = _paragraph(lines, at, headings, parameters)
            found.append(block)
    return found


def sentence(text):
    """The first sentence of a text, without its full stop, and what follows it."""
    match = re.match(r"(.+?[^.A-Z])\.(?: |$)", text)
    return (match[1], text[match.end():]) if match else (text.rstrip("."), "")
