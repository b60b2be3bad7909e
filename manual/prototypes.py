"""Declarations as lines of a page: what is declared bold, parameters and fields italic."""
import headers
import roff

WIDTH = 70  # of a line, in a terminal of 80 columns


def _wrapped(text):
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = "        " + word
        else:
            line = line + " " + word if line else word
    return lines + [line]


def _plain(text):
    return [".B " + roff.argument(roff.escape(line, True)) for line in _wrapped(text)]


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
    return _plain("#define %s %s" % (d.name, d.text) if d.kind == "macro" else d.text)


def field(one):
    """A field of a struct, or a constant of an enum, in one line."""
    at = one.text.rfind(one.name) if one.name else len(one.text)
    if "(*" in one.text or at <= 0:
        return roff.bold(one.text)
    return roff.bold(one.text[:at]) + roff.italic(one.text[at:])
