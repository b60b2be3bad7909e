"""Reads Markdown as far as the test of the documents needs it: fenced blocks with their marks, headings, links."""
import re
from dataclasses import dataclass, field

MARKS = ("file", "in", "run", "check", "fails", "needs", "std", "output")
RUNS = ("bare", "full", "no")
FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$")
QUOTED = re.compile(r"^\s*(>\s*)+(```|~~~|    )|.*<(pre|code)\b", re.I)
LIST_ITEM = re.compile(r"^(\s*)([-*+]|\d{1,9}[.)])(\s+)\S")
MARK = re.compile(r"\s*;\s*(?=(?:%s)\b)" % "|".join(MARKS))


class Fault(Exception):
    """What is wrong, and in which line of which document."""

    def __init__(self, path, line, message):
        super().__init__("%s:%d: %s" % (path, line, message))
        self.path, self.line, self.what = path, line, message


@dataclass
class Block:
    path: str
    line: int  # of the first line of code
    language: str
    code: str = ""
    before: str = ""  # hidden lines
    after: str = ""
    marks: dict = field(default_factory=dict)

    @property
    def whole(self):
        return self.before + self.code + self.after

    def fault(self, message):
        return Fault(self.path, self.line, message)

    def runs(self, mode):
        """Whether it is run in mode "unit", "full" or "bare"."""
        word = self.marks.get("run", "no" if mode == "bare" and "needs" in self.marks else "")
        return "check" not in self.marks and (not word or word.split(",")[0] == mode)


def parse_marks(text, path, line):
    """{"in": "queue", ...} of the text of a comment above a block."""
    marks = {}
    for part in MARK.split(text.strip()):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name not in MARKS:
            raise Fault(path, line, "unknown mark %r, expected one of %s" % (name, ", ".join(MARKS)))
        if (name == "output") == bool(value):
            raise Fault(path, line, "the mark %s %s" % (name, "takes nothing" if value else "says nothing"))
        marks[name] = value
    why = marks.get("run", "bare")
    if why.split(",")[0] not in RUNS:
        raise Fault(path, line, 'found "run: %s", expected "run: bare", "run: full" or "run: no, WHY"' % why)
    for name in ("run", "check"):
        if marks.get(name, "").split(",")[0] == "no" and "," not in marks[name]:
            raise Fault(path, line, '"%s: no" does not say why' % name)
    if marks.get("check", "no").split(",")[0] != "no":
        raise Fault(path, line, 'found "check: %s", expected "check: no, WHY"' % marks["check"])
    return marks


class Reader:
    """Goes over the lines of one document once. blocks: in order, those of language "setup" are hidden ones."""

    def __init__(self, path, text):
        self.path, self.lines, self.number = path, text.split("\n"), 0
        self.blocks, self.prose, self.faults = [], [], []
        self.pending = []  # comments that stand right above the line at hand
        self.indents = [0]  # where the text of the list items begins that the line at hand may be in
        self.blank = True
        while self.number < len(self.lines):
            try:
                self.step()
            except Fault as fault:
                self.faults.append(fault)
        self.let_go_of_comments()

    def take(self):
        self.number += 1
        return self.lines[self.number - 1]

    def step(self):
        start = self.number + 1
        line = self.take()
        if line.lstrip().startswith("<!--"):
            return self.comment(line, start)
        fence = FENCE.match(line)
        if fence:
            self.fence(fence, start)
        else:
            self.let_go_of_comments()
            self.text(line, start)
        self.blank = fence is not None or not line.strip() or line.startswith("#")

    def comment(self, line, start):
        content = [line.lstrip()[4:]]
        while "-->" not in content[-1]:
            if self.number == len(self.lines):
                raise Fault(self.path, start, "a comment that does not end")
            content.append(self.take())
        content[-1] = content[-1][: content[-1].index("-->")]
        kind = content[0].strip()
        hidden = "".join(line + "\n" for line in content[1:-1]) + (content[-1] if len(content) > 1 else "")
        if kind.startswith("setup:"):
            self.blocks.append(Block(self.path, start, "setup", kind[6:].strip() + "\n" + hidden + "\n"))
        elif kind.startswith("after:"):
            if self.pending or not self.blocks or self.blocks[-1].last_line != start - 1:
                raise Fault(self.path, start, "hidden lines that come after no block")
            self.blocks[-1].after = self.hidden(self.blocks[-1], start, kind + "\n" + hidden)
        else:
            self.pending.append((kind, hidden, start))

    def hidden(self, block, start, comment):
        """The code of a comment `before: CODE`; in C the compiler is told where it stands."""
        where = '#line %d "%s"\n' % (start, self.path) if block.language in ("c", "cpp") else ""
        return where + comment.partition(":")[2].lstrip(" ") + "\n"

    def let_go_of_comments(self):
        """A mark must be above a block; any other comment is the writer's own."""
        for kind, _, start in self.pending:
            if kind.split(":")[0] in MARKS + ("before",):
                self.faults.append(Fault(self.path, start, "a mark with no block right below it"))
        self.pending = []

    def fence(self, opening, start):
        indent, mark, language = opening.groups()
        block = Block(self.path, start + 1, language)
        code = []
        while True:
            if self.number == len(self.lines):
                raise Fault(self.path, start, "a block that does not end")
            line = self.take()
            if line.strip() == mark:
                break
            code.append(line[len(indent):] if line.startswith(indent) else line.lstrip())
        block.code = "".join(line + "\n" for line in code)
        block.last_line = self.number
        pending, self.pending = self.pending, []
        for kind, hidden, at in pending:
            if kind.startswith("before:"):
                block.before = self.hidden(block, at, kind + "\n" + hidden)
            else:
                block.marks.update(parse_marks(kind + " " + hidden, self.path, at))
        if not language:
            raise Fault(self.path, start, "a block without a language")
        self.blocks.append(block)

    def text(self, line, start):
        self.prose.append((start, line))
        if not line.strip():
            return
        line = line.expandtabs(4)
        if QUOTED.match(line):
            raise Fault(self.path, start, "a block in a quotation or in HTML, which nothing looks at")
        indent = len(line) - len(line.lstrip())
        if self.blank:
            while len(self.indents) > 1 and indent < self.indents[-1]:
                self.indents.pop()
            if indent >= self.indents[-1] + 4:
                while self.number < len(self.lines) and self.lines[self.number].startswith(" " * indent):
                    self.number += 1
                raise Fault(self.path, start, "code by indentation, expected a block with ``` and its language")
        item = LIST_ITEM.match(line)
        if item:
            while len(self.indents) > 1 and indent < self.indents[-1]:
                self.indents.pop()
            self.indents.append(len(item.group(1) + item.group(2) + item.group(3)))


def headings(reader):
    """The anchors of a document's headings, as GitHub makes them."""
    seen, anchors = {}, set()
    for _, line in reader.prose:
        match = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if match:
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1))
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = seen.get(slug, -1) + 1
            seen[slug] = count
            anchors.add(slug if count == 0 else "%s-%d" % (slug, count))
        anchors.update(re.findall(r'<a (?:name|id)="([^"]+)"', line))
    return anchors
