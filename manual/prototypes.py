"""Declarations as lines of a page: what is declared bold, parameters and fields italic."""
import re

import headers
import roff

WIDTH = 70  # of a line, in a terminal of 80 columns


def _wrapped(text, end=""):
    """Lines of it that are C as it was: a string stays whole, and a macro's lines go on by their end."""
    lines, line = [], ""
    for word in re.findall(r'(?:"[^"]*"|[^ "])+', text):
        if line and len(line) + 1 + len(word) + len(end) > WIDTH:
            lines.append(line + end)
            line = "        " + word
        else:
            line = line + " " + word if line else word
    return lines + [line]


def _plain(text, end=""):
    return [".B " + roff.argument(roff.escape(line, True)) for line in _wrapped(text, end)]


def _function(text):
    head = text[:text.index("(") + 1]
    parameters = headers.parameters(text)
    if not parameters:
        return _plain(text)
    margin = len(head) if len(head) <= WIDTH // 2 else 8
    lines, length = [[head]], len(head)
    for at, (kind, name) in enumerate(parameters):
        end = ");" if at == len(parameters) - 1 else ","
        width = len(kind) + len(name) + len(end) + 1
        if length + width > WIDTH and length > margin:
            lines.append([" " * margin])
            length = margin
        elif at > 0:
            kind = " " + kind
        lines[-1][-1] += kind
        lines[-1] += [name, end]
        length += width
    return [(".BI " if len(line) > 1 else ".B ") + " ".join(roff.argument(roff.escape(part, True)) for part in line)
            for line in lines]


def lines(d):
    """A declaration of a function, a callback, a type or a macro."""
    if d.kind == "function":
        return _function(d.text)
    return _plain("#define %s %s" % (d.name, d.text), " \\") if d.kind == "macro" else _plain(d.text)


def field(one):
    """A field of a struct, or a constant of an enum, in one line."""
    at = one.text.rfind(one.name) if one.name else len(one.text)
    if "(*" in one.text or at <= 0:
        return roff.bold(one.text)
    return roff.bold(one.text[:at]) + roff.italic(one.text[at:])
