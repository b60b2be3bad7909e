"""The part of Markdown that pages are written in: headings, paragraphs, fenced code, lists.

An item of a list that begins with "**name**: " or "`name`: " is tagged with that name.
"""
import re
from collections import namedtuple

import roff

# level: of the heading, 1 to 3; title; lines: below it, as Markdown
Section = namedtuple("Section", "level title lines")


def sections(text):
    """The sections of a text, one after the other; what stands before the first heading has level 0."""
    found, fenced = [Section(0, "", [])], False
    for line in re.sub(r"^<!--.*?-->\n", "", text, flags=re.M | re.S).split("\n"):
        fenced ^= line.startswith("```")
        match = None if fenced else re.match(r"(#{1,3}) (.*)", line)
        if match:
            found.append(Section(len(match[1]), match[2], []))
        else:
            found[-1].lines.append(line)
    return found


def _item(text, write):
    match = re.match(r"\*\*(.+?)\*\*: (.*)|(`[^`]+`(?:, `[^`]+`)*): (.*)", text)
    if not match:
        return [".IP \\(bu 2"] + roff.fill(write(text))
    names = match[1] and [match[1]] or re.findall("`([^`]+)`", match[3])
    return [".TP", ", ".join(roff.bold(name) for name in names)] + roff.fill(write(match[2] or match[4]))


def lines(source, write):
    """Lines of Markdown as lines of roff."""
    out, at = [], 0
    while at < len(source):
        if source[at].startswith("```"):
            end = at + 1 + source[at + 1:].index("```")
            out += roff.code(source[at + 1:end]) + [".PP"]
            at = end + 1
            continue
        item, words = source[at].startswith("- "), []
        while at < len(source) and source[at] and not source[at].startswith("```") and not (
                words and source[at].startswith("- ")):
            words.append(source[at].strip())
            at += 1
        if words:
            text = " ".join(words)
            out += _item(text[2:], write) if item else [".PP"] + roff.fill(write(text))
        else:
            at += 1
    return out
