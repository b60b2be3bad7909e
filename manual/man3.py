"""A page of section 3 for a header: what it is, how it is used, each call, each type."""
import os

import comments
import headers
import prototypes
import roff
import words

INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../include/headrace")
_NAMES = {"base": "headrace_base", "tensor": "tensor", "batch": "batch"}  # of pages that are not batch_HEADER

# The page of each header.
PAGES = {file[:-2]: _NAMES.get(file[:-2], "batch_" + file[:-2])
         for file in sorted(os.listdir(INCLUDE)) if file.endswith(".h") and file != "headrace.h"}

ERRORS = ("A call that fails leaves the reason in batch_last_error(), which belongs to the calling thread: a code and a "
          "sentence. The codes that this page speaks of:")


def links(header):
    """The names that lead to a header's page, beside its own."""
    return [d.name for d in header.declarations if d.kind not in ("note", "macro") and d.name != PAGES[header.name]]


def _begins_in_upper_case(text):
    return text if "_" in text.split(" ")[0] else text[:1].upper() + text[1:]


def _begins_in_lower_case(text):
    return text[0].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _is_init(d):
    """How the struct above it begins."""
    return d.kind == "macro" and not d.lines and d.text.startswith("HEADRACE_OPTIONS_INIT(")


def _groups(declarations, kinds):
    """The declarations of these kinds, those that share a comment together."""
    groups = []
    for at, d in enumerate(declarations):
        if d.kind in kinds:
            if d.shared and declarations[at - 1].kind == d.kind and groups:
                groups[-1].append(d)
            else:
                groups.append([d])
    return groups


def _titled(block):
    """A block as it stands below its label."""
    return block._replace(label="", text=_begins_in_upper_case(block.text)) if block.label else block


def parts(header, notes_too=True):
    """What the file's comment says first, its usage, and its parts with a label, [(label, blocks)]; notes_too: those of
    comments that stand alone too."""
    what, usage, notes = [], [], []
    place = what
    for at, block in enumerate(comments.blocks(header.lines, (), True)):
        if at == 0:
            block = block._replace(text=": ".join([block.label, block.text] if block.label else [block.text]), label="")
        if block.label == "Usage":
            place = usage
        elif block.label:
            place = []
            notes.append((block.label, place))
        elif place is usage and block.kind == "text" and not block.text.endswith(":"):
            place = what
        if block.kind != "text" or block.text:
            place.append(_titled(block))
    for d in header.declarations:
        for block in comments.blocks(d.lines, (), True) if d.kind == "note" and notes_too else []:
            if block.label:
                notes.append((block.label, []))
            notes[-1][1].append(_titled(block))
    return what, usage, notes


def _all_lines(header):
    """Every line of comment, and every declaration."""
    lines = list(header.lines)
    for d in header.declarations:
        lines += d.lines + [d.text]
        for field in d.fields:
            lines += field.lines + [field.text]
    return lines


class Page:
    """Builds the page of one header."""

    def __init__(self, header, names, statuses):
        """statuses: the fields of batch_status."""
        self.header, self.names, self.statuses = header, names, statuses
        self.name = PAGES[header.name]
        self.write = words.Writer(names, self.name)
        self.out = []

    def _blocks(self, blocks, parameters=()):
        self.out += roff.blocks(blocks, self.write.with_parameters(parameters), parameters)

    def _section(self, title):
        self.out.append(".SH " + title)

    def _subsection(self, title):
        self.out.append(".SS " + roff.escape(title, True))

    def _name_line(self, what):
        """NAME, from the first sentence."""
        functions = [d.name for d in self.header.declarations if d.kind == "function"]
        names = ([] if self.name in functions else [self.name]) + functions
        brief, _ = comments.sentence(what[0].text)
        self._section("NAME")
        self.out += roff.fill(roff.escape(", ".join(names), True), True)
        self.out += roff.fill("\\- " + roff.escape(_begins_in_lower_case(brief)), True)

    def _synopsis(self):
        self._section("LIBRARY")
        self.out.append("Headrace (\\fIlibheadrace\\fR, \\fI\\-lheadrace\\fR)")
        self._section("SYNOPSIS")
        self.out += [".nf", ".B #include <headrace/%s.h>" % self.header.name]
        for kinds in (("type", "callback"), ("function",)):
            declared = [d for d in self.header.declarations if d.kind in kinds]
            self.out += [".PP"] * bool(declared)
            for d in declared:
                self.out += prototypes.lines(d)
        self.out += [".PP", ".B cc \\-std=c11 program.c $(pkg\\-config \\-\\-cflags \\-\\-libs headrace)", ".fi"]

    def _declared(self, group, parameters=()):
        """Declarations with their comment under one title."""
        self._subsection(", ".join(d.name for d in group))
        if group[0].kind not in ("struct", "enum"):
            self.out += [".nf"] + [line for d in group for line in prototypes.lines(d)] + [".fi", ".PP"]
        self._blocks(comments.blocks(group[0].lines, parameters), parameters)
        for d in group[1:]:
            if d.lines:
                self.out.append(".PP")
                self.out.append(roff.bold(d.name) + ":")
                self._blocks(comments.blocks(d.lines, parameters), parameters)

    def _field(self, field):
        text = " ".join(field.lines)
        mark = prototypes.field(field)
        self.out += [".TP", mark] + (roff.fill(self.write(text)) if text else ["\\&"])

    def _types(self):
        groups = _groups(self.header.declarations, ("type", "struct", "enum", "callback", "macro"))
        groups = [group for group in groups if group[0].lines or group[0].kind != "type"]
        if not groups:
            return
        self._section("TYPES AND CONSTANTS")
        for group in groups:
            if _is_init(group[0]):
                self.out += [".PP", ".nf"] + prototypes.lines(group[0]) + [".fi"]
                continue
            self._declared(group)
            self.out.append(".PP")
            self._fields(group[0].fields)
            self.out.append(".PP")

    def _fields(self, fields):
        """Those of a union stand further in."""
        depth = 0
        for field in fields:
            self.out += [".RS 4"] * (field.depth - depth) + [".RE"] * (depth - field.depth)
            depth = field.depth
            self._field(field)
        self.out += [".RE"] * depth

    def _functions(self):
        self._section("FUNCTIONS")
        for group in _groups(self.header.declarations, ("function",)):
            self._declared(group, [name for d in group for _, name in headers.parameters(d.text)])

    def _errors(self):
        text = "\n".join(_all_lines(self.header))
        named = [field._replace(text=field.name) for field in self.statuses[1:] if field.name in text]
        if self.header.name != "base":
            self._section("ERRORS")
            self.out += roff.fill(self.write(ERRORS))
            for field in named:
                self._field(field)

    def _notes(self, notes):
        if notes:
            self._section("NOTES")
        for label, blocks in notes:
            self._subsection(label)
            self._blocks(blocks)

    def _see_also(self):
        pages = self.names.mentioned("\n".join(_all_lines(self.header)))
        pages |= {PAGES[name] for name in self.header.includes}
        self._section("SEE ALSO")
        self.out += [".BR \\%%%s (3)," % roff.escape(page, True) for page in sorted(pages - {self.name})]
        self.out.append(".BR headrace (7)")

    def build(self, title):
        """title: the .TH, of a name and a section."""
        what, usage, notes = parts(self.header)
        self.out += title(self.name, "3")
        self._name_line(what)
        self._synopsis()
        self._section("DESCRIPTION")
        self._blocks(what)
        self._subsection("Usage")
        self._blocks(usage)
        self._functions()
        self._types()
        self._errors()
        self._notes(notes)
        self._see_also()
        return roff.page(self.out)
