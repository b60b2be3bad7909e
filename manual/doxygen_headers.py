"""The public headers as Doxygen reads them: the same reading as for the man pages, a group for each header."""
import os
import re

import comments
import doxygen_pages
import headers
import man3
import words


class Writer(words.Writer):
    """Text as Doxygen's Markdown."""

    def __call__(self, text):
        """Documents that are named become links."""
        parts = re.split(r"((?:docs/)?[\w-]+\.md)\b", text)
        return "".join('@ref %s "%s"' % (doxygen_pages.page_of(part), part) if doxygen_pages.is_page(part) else super(Writer, self).__call__(part)
                       for part in parts)

    def plain(self, text):
        text = text.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return re.sub(r"(--+|[*#@%|`])", r"\\\1", text)

    def stressed(self, text):
        return "<em>%s</em>" % self.plain(text)

    def typed(self, text):
        return "<code>%s</code>" % self.plain(text)

    def function(self, name, calls):
        return '@ref %s "%s%s"' % (name, name, "()" if calls else "")

    def header(self, name):
        return '@ref %s "%s.h"' % (doxygen_pages.group_of(name), name)

    def constant(self, name):
        return '@ref %s "%s"' % (name, name)

    def type(self, name):
        return '@ref %s "%s"' % (name.split(".")[0], name)


def _code(lines):
    return ["@code{.c}"] + lines + ["@endcode"]


def _block(block, write, parameters):
    """A block as lines."""
    if block.kind == "code":
        return _code(block.lines)
    if block.kind == "list":
        return ["- " + write(item) for item in block.lines]
    text = write(block.text)
    if not block.label:
        return [text]
    if block.label == "Returns":
        return ["@return " + text]
    if block.label in parameters:
        return ["@param %s %s" % (block.label, text)]
    return ["@par " + block.label, text]


def _blocks(blocks, write, parameters=()):
    lines = []
    for block in blocks:
        lines += _block(block, write.with_parameters(parameters), parameters) + [""]
    return lines[:-1]


def _comment(lines, mark="/**"):
    return [mark + " " + (lines[0] if lines else "")] + ["    " + line if line else "" for line in lines[1:]] + ["*/"]


class Header:
    """A header as Doxygen reads it."""

    def __init__(self, header, names):
        self.header, self.group = header, doxygen_pages.group_of(header.name)
        self.write = Writer(names, man3.PAGES[header.name])

    def _group(self):
        what, usage, notes = man3.parts(self.header, False)
        brief, rest = comments.sentence(what[0].text)
        lines = ["@file headrace/%s.h" % self.header.name, "@brief %s." % self.write(brief)]
        found = _comment(lines)
        lines = ["@defgroup %s %s.h" % (self.group, self.header.name), "@brief %s." % self.write(brief), ""]
        lines += _blocks([what[0]._replace(text=rest)] * bool(rest) + what[1:], self.write)
        for label, blocks in [("Usage", usage)] + notes:
            anchor = "%s_%s" % (self.group, re.sub(r"\W+", "_", label.lower()))
            lines += ["", "@section %s %s" % (anchor, label), ""] + _blocks(blocks, self.write)
        return found + _comment(lines)

    def _said(self, d):
        parameters = [name for _, name in headers.parameters(d.text)] if d.kind == "function" else []
        lines = _blocks(comments.blocks(d.lines, parameters), self.write, parameters)
        if not lines and d.kind == "macro" and d.text.startswith("HEADRACE_OPTIONS_INIT("):
            lines = ["As such a struct begins: its size is set, all else is 0."]
        if not lines and d.kind == "type":
            lines = ["Opaque: only the calls of this header know what is in it."]
        return lines

    def _fields(self, d):
        lines, depth = [], 0
        for field in d.fields:
            if field.depth < depth:
                lines.append("};")
            depth = field.depth
            end = {"enum": ",", "struct": ";"}[d.kind] if field.name else " {"
            said = self.write(" ".join(field.lines))
            lines += ["/** %s */" % said] * bool(said) + [field.text + end]
            depth += not field.name
        return lines + ["};"] * depth

    def _declaration(self, d, said):
        lines = _comment(said)
        if d.kind in ("struct", "enum"):
            return lines + ["typedef %s %s {" % (d.kind, d.name)] + self._fields(d) + ["} %s;" % d.name]
        return lines + ["#define %s %s" % (d.name, d.text) if d.kind == "macro" else d.text]

    def _notes(self, at):
        """Comments that stand alone from `at` on: they speak of what is above them."""
        lines = []
        for d in self.header.declarations[at:]:
            if d.kind != "note":
                break
            for block in comments.blocks(d.lines, (), True):
                lines += ["", "@par %s" % block.label] if block.label else [""]
                lines += _blocks([block._replace(label="")], self.write)
        return lines

    def text(self):
        lines, before = self._group() + ["/** @{ */"], []
        for at, d in enumerate(self.header.declarations):
            if d.kind == "note":
                continue
            said = self._said(d) + self._notes(at + 1)
            if d.shared:
                said = before + [""] * bool(said and before) + said
            else:
                before = said
            lines += self._declaration(d, said)
        return "\n".join(lines + ["/** @} */"]) + "\n"


class CppHeader:
    """A C++ header as Doxygen reads it: its own text, with Doxygen's comments."""

    def __init__(self, path, names):
        self.name = os.path.basename(path)
        self.write = Writer(names, "")
        with open(path, encoding="utf-8") as file:
            self.source = file.read()

    def _what(self, comment):
        """The group of the header: what it is, its usage, and its parts."""
        found = man3.parts(headers.Header(self.name, comments.lines_of(comment), [], []))
        (first, *rest), usage, parts = found
        brief, more = comments.sentence(first.text)
        group = doxygen_pages.group_of(self.name.replace(".", "_"))
        lines = ["@defgroup %s %s" % (group, self.name), "@brief %s." % self.write(brief), ""]
        lines += _blocks([first._replace(text=more)] * bool(more) + rest, self.write)
        for at, (label, blocks) in enumerate([("Usage", usage)] + parts):
            lines += ["", "@section %s_%d %s" % (group, at, label), ""] + _blocks(blocks, self.write)
        return _comment(lines)

    def _said(self, match):
        """A comment: behind a declaration, above one, or alone."""
        before, comment, behind = match.groups()
        text = " ".join(" ".join(comments.lines_of(comment, 10**6)).split())
        if before.strip():
            return "%s/**< %s */%s" % (before, self.write(text), behind)
        return "%s/** %s */%s" % (before, self.write(text), behind)

    def text(self):
        end = self.source.index("*/") + 2
        rest = re.sub(r"HEADRACE_(?:API|NODISCARD) |__attribute__\(\(.*?\)\) ", "", self.source[end:])
        rest = re.sub(r"^([^\n]*?)(/\*.*?\*/)(\n)", self._said, rest, flags=re.M | re.S)
        group = doxygen_pages.group_of(self.name.replace(".", "_"))
        rest = rest.replace("namespace headrace {", "namespace headrace {\n/** @addtogroup %s\n @{ */" % group)
        rest = rest.replace("} // namespace headrace\n", "/** @} */\n}\n")
        lines = _comment(["@file headrace/%s" % self.name]) + self._what(self.source[:end])
        return "\n".join(lines) + rest
