"""The documents as Doxygen reads them: headings have labels, by the rules that links on forges follow, and links lead to them.
A link to a file that is no page becomes its name.
"""
import collections
import os
import re

import man3

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def group_of(header):
    return "header_" + header


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
