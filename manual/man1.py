"""A page of section 1 from the help of a command, and from what commands.md says beside it."""
import re
import textwrap

import roff

WIDTH = 67  # of a command line, with room for the backslash of one that goes on


def _option(name):
    """The names of an option, bold, and what they take, italic."""
    out = []
    for part in re.split(r"( +|, )", name):
        if re.match(r"-", part):
            out.append(roff.bold(part))
        elif re.fullmatch(r"[A-Z][A-Z=:-]*|\[EPOCH:\]A-B", part):
            out.append(roff.italic(part))
        else:
            out.append(roff.escape(part, True))
    return "".join(out)


def _form(line):
    """A line of SYNOPSIS: what is typed bold, what stands for something italic."""
    out = []
    for part in re.split(r"([A-Z][A-Z]+|\.\.\.|[\[\]| ]+|:)", line):
        if re.fullmatch(r"[A-Z]{2,}", part):
            out.append(roff.italic(part))
        elif re.fullmatch(r"[\w-]+", part):
            out.append(roff.bold(part))
        else:
            out.append(roff.escape(part, True))
    return "".join(out)


def _command(line):
    """A command line in lines of WIDTH columns."""
    lines = textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return [part + " \\" for part in lines[:-1]] + lines[-1:]


class Page:
    """Builds the page of one command."""

    def __init__(self, name, brief, help, write, more, others):
        """name: "headrace-feed"; more: further sections, {"FILES": lines}; others: pages to name in the end."""
        self.name, self.brief, self.help, self.write, self.more, self.others = name, brief, help, write, more, others
        self.out = []

    def _tagged(self, items, mark):
        for name, text in items:
            self.out += [".TP", mark(name)] + (roff.fill(self.write(text)) or ["\\&"])

    def _group(self, group):
        if group.heading == "Examples":
            return
        if group.heading == "Commands":
            self.out.append(".SH COMMANDS")
            self._tagged(group.items, lambda name: ".BR headrace\\-%s (1)" % roff.escape(name, True))
            return
        if group.heading == "Suites":
            self.out.append(".SH SUITES")
            self._tagged(group.items, roff.bold)
            return
        if ".SH OPTIONS" not in self.out:
            self.out.append(".SH OPTIONS")
        if group.heading != "Options":
            title, rest = re.match(r"([^(]*?) *(\(.*\))?$", group.heading).groups()
            self.out += [".SS " + roff.escape(title, True)] + roff.fill(self.write(rest or ""))
        self._tagged(group.items, _option)

    def _examples(self):
        """Comments are text, commands stand as they are."""
        lines = [line for group in self.help.groups if group.heading == "Examples" for line in group.items]
        if lines:
            self.out.append(".SH EXAMPLES")
        for line in lines:
            if line.startswith("  # "):
                self.out += [".PP"] + roff.fill(self.write(line[4:5].upper() + line[5:] + ":"))
            else:
                self.out += roff.code(_command(line.strip()))

    def _status(self):
        """The parts of "0; 1 when ...; 2 when ...; otherwise": each number is tagged."""
        if self.help.status:
            self.out.append(".SH EXIT STATUS")
        for part in self.help.status.rstrip(".").split("; ") if self.help.status else []:
            number = re.match(r"(\d+) ?(.*)", part)
            if number:
                self.out += [".TP", roff.bold(number[1])] + roff.fill(self.write(number[2] or "all is done"))
            else:
                self.out += [".PP"] + roff.fill(self.write(part[:1].upper() + part[1:] + "."))

    def build(self, title):
        self.out += title(self.name, "1") + [".SH NAME"] + roff.fill(roff.escape(self.name + " - " + self.brief, True))
        self.out += [".SH SYNOPSIS", ".nf"] + [_form(line) for line in self.help.usage] + [".fi", ".SH DESCRIPTION"]
        for paragraph in self.help.paragraphs:
            self.out += [".PP"] + roff.fill(self.write(paragraph))
        for group in self.help.groups:
            self._group(group)
        self._examples()
        self._status()
        for heading, lines in self.more.items():
            self.out += [".SH " + heading] + lines
        self.out.append(".SH SEE ALSO")
        self.out += [".BR \\%%%s (%s)%s" % (roff.escape(page, True), section, "," if at + 1 < len(self.others) else "")
                     for at, (page, section) in enumerate(self.others)]
        return roff.page(self.out)
