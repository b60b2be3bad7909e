"""Relative links, their anchors, and names of the project's files in a document lead to something."""
import glob
import os
import re

from markdown import Fault, Reader, headings

SPAN = re.compile(r"(`+)(.+?)\1")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)|<(?:img|a) [^>]*(?:src|href)=\"([^\"]+)\"")
OPEN = re.compile(r"\]\([^)]*$")
# (share/headrace is where they are installed.)
ROOMS = re.compile(r"(?:src|include|headrace|tests|stress|bench|examples|docs|manual|scripts|cmake|share(?!/headrace/))/[\w./*-]*[\w*/]$")
PLACES = ("", "include/")  # headers are named as they are included, too


def anchors_of(path, known={}):
    if path not in known:
        with open(path, encoding="utf-8") as file:
            known[path] = headings(Reader(path, file.read()))
    return known[path]


def check_target(root, reader, line, target):
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return
    name, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(root, os.path.dirname(reader.path), name))
    if name and not os.path.exists(path):
        raise Fault(reader.path, line, "the link %s leads to no file" % target)
    if anchor and (not name or path.endswith(".md")) and anchor not in (anchors_of(path) if name else headings(reader)):
        raise Fault(reader.path, line, "the link %s leads to no heading" % target)


def check_links(root, reader, files=True):
    """The faults, and how many links there are. files: whether names of files are links."""
    faults, count = [], 0
    # A link's text may go over the end of a line, its target does not.
    for line, text in reader.prose:
        targets = [target for match in LINK.finditer(SPAN.sub("`x`", text)) for target in match.groups() if target]
        named = [span.group(2) for span in SPAN.finditer(text) if files and ROOMS.fullmatch(span.group(2))]
        count += len(targets) + len(named)
        if OPEN.search(SPAN.sub("`x`", text)):
            faults.append(Fault(reader.path, line, "a link whose target goes over the end of the line"))
        for target in targets:
            try:
                check_target(root, reader, line, target)
            except Fault as fault:
                faults.append(fault)
        faults += [Fault(reader.path, line, "there is no %s" % file) for file in named
                   if not any(glob.glob(os.path.join(root, place + file + end)) for place in PLACES for end in ("", ".*"))]
    return faults, count
