"""The public headers, read: comments, and what each of them speaks of.

They are regular, since clang-format writes them: a comment stands right above what it speaks of, or behind it in its line.
Declarations without a blank line between them share the comment of the first. A comment with a blank line behind it
speaks for itself, and the first one of the file for all of it. What only C++ reads is passed over.
"""
import re
from collections import namedtuple

import comments

# kind: "function", "struct", "enum", "type", "callback", "macro" or "note"
# name: what is declared; text: the declaration in one line (of a macro: its value); lines: of the comment
# fields: of a struct or enum, each a Field; shared: it stands under the comment of what is before it
Declaration = namedtuple("Declaration", "kind name text lines fields shared")
# text: the declaration ("uint32_t workers", "BATCH_OK = 0"); depth: of the unions that it is in
Field = namedtuple("Field", "name text lines depth")
Header = namedtuple("Header", "name lines includes declarations")

_SPACE = re.compile(r"\s+")
_TRAILING = re.compile(r"[ \t]*(/\*.*?\*/)", re.S)


def one_line(text):
    text = _SPACE.sub(" ", re.sub(r"/\*.*?\*/", " ", text, flags=re.S)).strip()
    return re.sub(r"\( ", "(", text)


def _without_cplusplus(text):
    """The text with what only C++ reads, the guard's #if and #endif, and attributes taken out: as blank lines."""
    kept, hidden = [], []
    for line in text.split("\n"):
        word = re.match(r"#\s*(\w+)", line)
        if word and word[1] in ("ifdef", "ifndef", "if"):
            hidden.append("__cplusplus" in line and word[1] == "ifdef")
        elif word and word[1] == "else":
            hidden[-1] = not hidden[-1] if hidden[-1] else False
        elif word and word[1] == "endif":
            hidden.pop()
        elif not any(hidden):
            kept.append(line)
            continue
        kept.append(None)
    return "\n".join(line for line in kept if line is not None)


def _column(text, at):
    return at - (text.rfind("\n", 0, at) + 1)


def _end_of_declaration(text, at):
    """Where the declaration from `at` on ends: behind the ; that is in no braces, parentheses or comment."""
    depth = 0
    while True:
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            continue
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(text[at], 0)
        at += 1
        if text[at - 1] == ";" and depth == 0:
            return at


def _trailing(text, at):
    """The comment behind `at` in the same line, and where it ends."""
    match = _TRAILING.match(text, at)
    return (comments.lines_of(match[1], 10**6), match.end()) if match else ([], at)


def _name(text):
    """The name that a declaration of a field, a function or a type declares."""
    pointer = re.search(r"\(\s*\*(\w+)\)", text)
    if pointer:
        return pointer[1]
    return re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:\(.*\))?\s*(?:=.*)?$", text, re.S)[1]


def _split(text):
    """The parts of a text between commas that are in no parentheses, comments with the part before them."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if text[at - 1] == "," and depth == 0:
            match = _TRAILING.match(text, at)
            at = match.end() if match else at
            parts.append(text[start:at])
            start = at
    return parts + [text[start:]]


def _field(text, depth, above):
    lines = list(above)
    for match in re.finditer(r"/\*.*?\*/", text, re.S):
        lines += comments.lines_of(match[0], 10**6)
    declared = one_line(text).rstrip(",;").rstrip()
    return Field(_name(declared), declared, lines, depth)


def _enum_fields(body):
    return [_field(part, 0, []) for part in _split(body) if one_line(part)]


def _struct_fields(body, depth=0):
    fields, above, at = [], [], 0
    while True:
        at = re.compile(r"\s*").match(body, at).end()
        if at == len(body):
            return fields
        if body.startswith("/*", at):
            end = body.index("*/", at) + 2
            above = comments.lines_of(body[at:end], _column(body, at))
            at = end
            continue
        end = _end_of_declaration(body, at)
        text = body[at:end]
        behind, at = _trailing(body, end)
        union = re.match(r"(union|struct) \{[ \t]*(/\*.*?\*/)?(.*)\};$", text, re.S)
        if union:
            said = comments.lines_of(union[2], 10**6) if union[2] else above
            fields.append(Field("", union[1], said, depth))
            fields += _struct_fields(union[3], depth + 1)
        else:
            field = _field(text, depth, above)
            fields.append(field._replace(lines=field.lines + behind))
        above = []


def _declaration(text, lines, shared):
    body = re.match(r"typedef (struct|enum) (\w+) \{(.*)\} \w+;$", text, re.S)
    if body:
        fields = _struct_fields(body[3]) if body[1] == "struct" else _enum_fields(body[3])
        return Declaration(body[1], body[2], "", lines, fields, shared)
    text = one_line(text)
    if text.startswith("HEADRACE_API "):
        text = text[len("HEADRACE_API "):]
        return Declaration("function", _name(text[:-1]), text, lines, [], shared)
    kind = "callback" if "(*" in text else "type"
    return Declaration(kind, _name(text[:-1]), text, lines, [], shared)


_MACRO = re.compile(r"#define (\w+(?:\([\w, ]*\))?)((?:[^\n]*\\\n)*[^\n]*)\n?")


def parse(name, text):
    """Reads a header's text."""
    text = _without_cplusplus(text)
    first, found, pending, near, at = None, [], None, False, 0
    includes = re.findall(r'#include "(\w+)\.h"', text)
    while True:
        space = re.compile(r"\s*").match(text, at)
        alone = space[0].count("\n") > 1 or space.end() == len(text)
        if alone and pending is not None and first is not None:
            found.append(Declaration("note", "", "", pending, [], False))
            pending = None
        near, at = near and not alone, space.end()
        if at == len(text):
            return Header(name, first, includes, found)
        if text.startswith("/*", at):
            end = text.index("*/", at) + 2
            pending, at = comments.lines_of(text[at:end], _column(text, at)), end
            if first is None:
                first, pending = pending, None
            near = False
            continue
        shared, macro = near and pending is None, _MACRO.match(text, at)
        if macro:
            value = re.sub(r"/\*.*?\*/", "", macro[2].replace("\\\n", " "))
            behind = re.search(r"/\*.*?\*/", macro[2])
            lines = (pending or []) + (comments.lines_of(behind[0]) if behind else [])
            if value.strip() and not macro[1].startswith("HEADRACE_API"):
                found.append(Declaration("macro", macro[1], one_line(value), lines, [], shared))
            at, near = macro.end() - 1, bool(value.strip())
        elif text[at] == "#":
            at, near = text.index("\n", at), False
        else:
            end = _end_of_declaration(text, at)
            declared = text[at:end]
            behind, at = _trailing(text, end)
            found.append(_declaration(declared, (pending or []) + behind, shared))
            near = True
        pending = None


def parameters(text):
    """The parameters of a function's declaration in one line, each a pair of type and name: ("BatchQueue *", "queue")."""
    inside = text[text.index("(") + 1:text.rindex(")")]
    pairs = []
    for part in inside.split(","):
        match = re.match(r"(.*?)(\w+)((?:\[\w*\])*)$", part.strip())
        if match and part.strip() != "void":
            pairs.append((match[1], match[2]))
    return pairs


def read(folder, names):
    """Reads the headers `names` (without .h) of a folder."""
    found = []
    for name in names:
        with open("%s/%s.h" % (folder, name), encoding="utf-8") as file:
            found.append(parse(name, file.read()))
    return found
