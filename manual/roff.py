"""Text as roff's man macros: escaped, with fonts, in lines of 78 columns at most."""
import textwrap

_ESCAPES = {"\\": "\\e", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"}


def escape(text, code=False):
    """Text that stands as it is. In code, and where it is no hyphen between letters, - is a minus sign."""
    out = []
    for at, c in enumerate(text):
        between = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalpha()
        if c in _ESCAPES:
            out.append(_ESCAPES[c])
        elif c == "-":
            out.append("-" if between and not code else "\\-")
        elif c == "'" and code:
            out.append("\\(aq")
        elif ord(c) > 126:
            out.append("\\[u%04X]" % ord(c))
        else:
            out.append(c)
    return "".join(out)


def guard(line):
    """A line of text that may begin like a request."""
    return "\\&" + line if line[:1] in (".", "'") else line


def argument(text):
    """An argument of a macro, of escaped text."""
    return '"%s"' % text.replace('"', "\\(dq")


def bold(text):
    """A name in bold, which is not hyphenated."""
    return "\\%%\\fB%s\\fR" % escape(text, True)


def italic(text):
    return "\\%%\\fI%s\\fR" % escape(text, True)


def _unbroken(word):
    """A word that has a name in it is not hyphenated."""
    return "\\%" + word.replace("\\%", "") if "\\%" in word or "_" in word else word


def fill(text, plain=False):
    """Escaped text in lines that are filled; plain: as NAME must be, for those who read it to make an index."""
    text = text if plain else " ".join(_unbroken(word) for word in text.split())
    lines = textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)
    return [guard(line) for line in lines]


def code(lines):
    """Lines as they stand, in a font of one width."""
    return [".RS 4", ".EX"] + [guard(escape(line, True)) for line in lines] + [".EE", ".RE"]


def blocks(found, write, parameters=()):
    """Blocks of a text (comments.py), in which write() writes the words. parameters: labels that are italic."""
    out = []
    for at, block in enumerate(found):
        if block.kind == "code":
            out += code(block.lines) + [".PP"]
        elif block.kind == "list":
            for item in block.lines:
                out += [".IP \\(bu 2"] + fill(write(item))
            out.append(".PP")
        elif block.label:
            mark = italic(block.label) if block.label in parameters else bold(block.label)
            out += [".TP", mark] + fill(write(block.text)) + [".PP"]
        else:
            out += [".PP"] * (at > 0) + fill(write(block.text))
    return out


def title(name, section, date, source, manual):
    arguments = " ".join(argument(part) for part in (escape(name.upper(), True), section, date, source, manual))
    return ['.\\" Written by manual/man_pages.py.', ".TH " + arguments, ".nh", ".ad l", ".ss 12 0"]


def link(page, section):
    return ".so man%s/%s.%s\n" % (section, page, section)


def page(lines):
    """A page's text. A break is none at the beginning of a section, before another break, and at the end."""
    kept = []
    for line in lines:
        if line.startswith((".SH", ".SS", ".TP", ".IP", ".PP")) and kept and kept[-1] == ".PP":
            kept.pop()
        if line != ".PP" or not kept[-1].startswith((".SH", ".SS")):
            kept.append(line)
    return "\n".join(kept[:-1] if kept[-1] == ".PP" else kept) + "\n"
