#!/usr/bin/env python3
"""What Doxygen reads in place of a file: its INPUT_FILTER.

A public header becomes its declarations with Doxygen's comments: the same reading as for the man pages (headers.py,
comments.py), a group for each header. A page of Markdown gets labels for its headings, by the rules that links on forges
follow, and links to them; links to files that are no pages become names.

    doxygen_filter.py FILE
"""
import collections
import os
import re
import sys

import comments
import headers
import man3
import words

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Writer(words.Writer):
    """Text as Doxygen's Markdown."""

    def __call__(self, text):
        """Documents that are named become links."""
        parts = re.split(r"((?:docs/)?[\w-]+\.md)\b", text)
        return "".join('@ref %s "%s"' % (page_of(part), part) if is_page(part) else super(Writer, self).__call__(part)
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
        return '@ref %s "%s.h"' % (group_of(name), name)

    def constant(self, name):
        return '@ref %s "%s"' % (name, name)

    def type(self, name):
        return '@ref %s "%s"' % (name.split(".")[0], name)


def group_of(header):
    return "header_" + header


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
        self.header, self.group = header, group_of(header.name)
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


def slug(title):
    """The anchor of a heading, as forges make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


def page_of(path):
    """The label of a page of Markdown, by its path below the root."""
    return "page_" + re.sub(r"\W+", "_", os.path.splitext(path)[0].lower())


def anchor_of(path, title):
    return page_of(path) + "__" + re.sub(r"\W", "_", slug(title)) if title else page_of(path)


def is_page(path):
    """Whether Doxygen reads it as a page: all of docs/, and what stands at the root."""
    return path.endswith(".md") and re.match(r"docs/|[A-Z]+\.md$", path) and os.path.exists(os.path.join(ROOT, path))


class Markdown:
    """A page of Markdown as Doxygen reads it."""

    def __init__(self, path):
        self.path = os.path.relpath(os.path.abspath(path), ROOT)
        self.anchors = collections.Counter()

    def _link(self, match):
        image, text, target = match.groups()
        file, _, anchor = target.partition("#")
        if re.match(r"\w+:", target):
            return match[0]
        path = os.path.normpath(os.path.join(os.path.dirname(self.path), file)) if file else self.path
        if image:
            return '<img src="%s" alt="%s"/>' % (path, text.replace('"', "&quot;"))
        header = re.match(r"include/headrace/(\w+)\.h$", path)
        if header and header[1] in man3.PAGES:
            return '@ref %s "%s"' % (group_of(header[1]), text.replace("`", ""))
        if is_page(path):
            label = page_of(path) + ("__" + re.sub(r"\W", "_", anchor) if anchor else "")
            return '@ref %s "%s"' % (label, re.sub(r'[`"]', "", text))
        return "%s (<code>%s</code>)" % (text, path) if text.strip("`") != path else "<code>%s</code>" % path

    def _anchor(self, title):
        """The second of a name gets -1 behind it, and so on."""
        anchor = anchor_of(self.path, title)
        self.anchors[anchor] += 1
        return anchor if self.anchors[anchor] == 1 else "%s_%d" % (anchor, self.anchors[anchor] - 1)

    def _line(self, line, first):
        heading = re.match(r"(#+) (.*)", line)
        if heading:
            title = heading[2].replace("`", "")
            return "%s %s {#%s}" % (heading[1], title, page_of(self.path) if first else self._anchor(title))
        parts = re.split(r"(`[^`]*`)", line)
        return "".join(part if part.startswith("`") else re.sub(r"(?<![\w&])([@])", r"\\\1", part) for part in parts)

    def text(self):
        with open(os.path.join(ROOT, self.path), encoding="utf-8") as file:
            text = file.read()
        lines, fenced, first = [], False, True
        parts = re.split(r"(^```.*?^```\n)", text, flags=re.M | re.S)
        for part in parts:
            if part.startswith("```"):
                lines.append(part)
                continue
            part = re.sub(r"<!--.*?-->\n?", "", part, flags=re.S)
            out = []
            for line in part.split("\n"):
                out.append(self._line(line, first))
                first = first and not line.startswith("#")
            lines.append(re.sub(r"(!?)\[([^\[\]]+)\]\(([^)\s]+)\)", self._link, "\n".join(out)))
        return "".join(lines)


def main():
    path = sys.argv[1]
    if path.endswith(".md"):
        sys.stdout.write(Markdown(path).text())
        return
    read = headers.read(man3.INCLUDE, man3.PAGES)
    name = os.path.basename(path)[:-2]
    for header in read:
        if header.name == name:
            sys.stdout.write(Header(header, words.Names(read, man3.PAGES)).text())


if __name__ == "__main__":
    main()
