#!/usr/bin/env python3
"""Writes the man pages: those of section 3 from the public headers, those of section 1 from what the command answers to
--help, and headrace(7), each with links for the names that lead to it.

    man_pages.py --output FOLDER --version 0.1.0 [--command build/headrace]

What it reads, and how:
  - headers.py: the headers' declarations and the comments above or behind them; comments.py: the text of a comment, its
    paragraphs, labels ("Returns:", "Threads:"), lists and code. A page is the header in the order of man pages: man3.py.
  - help.py: the parts of a help; man1.py: its page. What a help has no place for (files, environment) is in commands.md.
  - headrace.7.md: the page of the concepts. markdown.py: the part of Markdown in which both are written.
roff.py and words.py write text: escaped, names of the library and parameters in their fonts.

The date is that of the release by CHANGELOG.md; of what is not released, SOURCE_DATE_EPOCH or when CHANGELOG.md was changed.
"""
import argparse
import datetime
import os
import re

import headers
import help
import man1
import man3
import markdown
import roff
import words

HERE = os.path.dirname(os.path.abspath(__file__))


def date_of(version, changelog):
    with open(changelog, encoding="utf-8") as file:
        match = re.search(r"^## %s \((\d{4}-\d\d-\d\d)\)" % re.escape(version), file.read(), re.M)
    if match:
        return match[1]
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or os.stat(changelog).st_mtime)
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d")


class Manual:
    """A folder of pages."""

    def __init__(self, folder, date, version):
        self.folder, self.date, self.version = folder, date, version

    def title(self, name, section):
        manual = {"1": "Headrace's command", "3": "Headrace's library", "7": "Headrace"}[section]
        return roff.title(name, section, self.date, "headrace " + self.version, manual)

    def write(self, name, section, text):
        folder = os.path.join(self.folder, "man" + section)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "%s.%s" % (name, section)), "w", encoding="ascii") as file:
            file.write(text)


def write_headers(manual, read, names):
    statuses = next(d.fields for header in read for d in header.declarations if d.name == "batch_status")
    for header in read:
        page = man3.PAGES[header.name]
        manual.write(page, "3", man3.Page(header, names, statuses).build(manual.title))
        for name in man3.links(header):
            if name not in man3.PAGES.values():
                manual.write(name, "3", roff.link(page, "3"))


def _text(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def write_concepts(manual, names):
    """headrace.7.md: what the page names in section 1 and 3 is told by its number there."""
    write, out = words.Writer(names, "headrace"), manual.title("headrace", "7")
    for section in markdown.sections(_text("headrace.7.md")):
        if section.level > 0:
            out.append((".SH " if section.level == 1 else ".SS ") + section.title)
        out += markdown.lines(section.lines, write)
    manual.write("headrace", "7", roff.page(out))


def _beside_help(command, write):
    """The sections of commands.md for a command, {"FILES": lines}."""
    found, meant = {}, False
    for section in markdown.sections(_text("commands.md")):
        if section.level == 1:
            meant = command in section.title.split(", ")
        elif section.level == 2 and meant:
            found.setdefault(section.title, []).extend(markdown.lines(section.lines, write))
    return found


def write_commands(manual, names, program, without):
    """A page for each command that the help lists, but for `without`."""
    top = help.parse(help.ask(program, "help"))
    briefs = dict(item for group in top.groups if group.heading == "Commands" for item in group.items)
    pages = {"headrace-" + name: name for name in briefs if name != without}
    last = [("headrace", "7"), ("batch_loader", "3"), ("headrace_base", "3")]
    for page, name in [("headrace", "")] + sorted(pages.items()):
        write = words.Writer(names, page)
        others = [(other, "1") for other in ["headrace"] * bool(name) + sorted(pages) if other != page] + last[:1]
        asked = help.parse(help.ask(program, name, "--help")) if name else top
        asked = help.with_suites(program, name, asked)
        if not asked.status:
            asked = asked._replace(status=top.status)
        brief = briefs[name] if name else "batches for training language models"
        manual.write(page, "1", man1.Page(page, brief, asked, write, _beside_help(name or "headrace", write),
                                          others).build(manual.title))


def main():
    parser = argparse.ArgumentParser(description="Writes Headrace's man pages.")
    parser.add_argument("--output", required=True, help="the folder that gets man1, man3 and man7")
    parser.add_argument("--version", required=True)
    parser.add_argument("--command", help="the headrace command; without it there is no section 1")
    parser.add_argument("--changelog", default=os.path.join(HERE, "../CHANGELOG.md"))
    parser.add_argument("--without", default="", help="a command that has no page, since it was not built")
    options = parser.parse_args()
    manual = Manual(options.output, date_of(options.version, options.changelog), options.version)
    read = headers.read(man3.INCLUDE, man3.PAGES)
    names = words.Names(read, man3.PAGES)
    write_headers(manual, read, names)
    write_concepts(manual, names)
    if options.command:
        write_commands(manual, names, options.command, options.without)


if __name__ == "__main__":
    main()
