#!/usr/bin/env python3
"""Checks the HTML of the manual beside what it is written from:
  - Doxygen had no warning;
  - every sentence of every comment of the headers is on the header's page, word for word, and every function has its place;
    of a C++ header, every sentence of its first comment;
  - no markup is left standing as text;
  - every link to another page, to a place on one, and to a picture leads somewhere.
Prints each fault; ends with 1 if there is one. With --control it makes faults in a copy, one of each kind, and ends with 1 if
one is not found.
"""
import argparse
import html.parser
import os
import re
import shutil
import sys
import tempfile

from check_man_pages import change, conclude, read, sentences, words

HIDDEN = ("script", "style")


class Page(html.parser.HTMLParser):
    """The text of a page, what is in it that links may lead to, and where its own lead."""

    def __init__(self, text):
        super().__init__()
        self.parts, self.places, self.links, self.hidden = [], set(), set(), 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.hidden += tag in HIDDEN
        self.places.update(said[name] for name in ("id", "name") if name in said)
        self.links.update(said[name] for name in ("href", "src") if said.get(name))
        if tag in ("p", "td", "tr", "dt", "dd", "div", "li", "h1", "h2", "br"):
            self.parts.append(" ")

    def handle_endtag(self, tag):
        self.hidden -= tag in HIDDEN

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


class Check:
    """The checks, and the faults that they have found."""

    def __init__(self, folder, headers):
        self.folder, self.headers, self.faults = folder, headers, []

    def _pages(self):
        found = {}
        for file in os.listdir(os.path.join(self.folder, "html")):
            if file.endswith(".html"):
                found[file] = Page(read(os.path.join(self.folder, "html", file)))
        return found

    def check_header(self, file, text, page):
        said = words("".join(page.parts))
        for function in re.findall(r"^HEADRACE_API [^;(]*?(\w+)\(", text, re.M):
            if " %s more " % function not in said and said.count(" %s " % function) < 3:
                self.faults.append("%s: %s has no place" % (file, function))
        for sentence in set(sentences("\n\n".join(re.findall(r"/\*(.*?)\*/", text, re.S)))):
            if sentence not in said:
                self.faults.append("%s: not on its page: %s" % (file, sentence.strip()))

    def check_markup(self, pages):
        for file, page in pages.items():
            left = re.search(r"@(?:ref|section|par|param|code|return)\b.*|</?(?:tt|strong|em|code)>.*", "".join(page.parts))
            if left:
                self.faults.append("%s: %s is no text" % (file, left[0][:60]))

    def check_links(self, pages):
        for file, page in pages.items():
            for link in page.links:
                target, _, place = link.partition("#")
                if re.match(r"\w+:|//", link):
                    continue
                path = os.path.join(self.folder, "html", target)
                there = pages.get(target or file)
                if not os.path.exists(path) or place and there and place not in there.places:
                    self.faults.append("%s: %s leads nowhere" % (file, link))

    def run(self):
        pages = self._pages()
        said = read(os.path.join(self.folder, "warnings")).strip()
        self.faults += ["Doxygen: " + line for line in said.split("\n") if line]
        for file in sorted(os.listdir(self.headers)):
            name, kind = os.path.splitext(file)
            if name != "headrace":
                page = pages.get("group__header__%s.html" % (name if kind == ".h" else name + "__hpp"))
                text = read(os.path.join(self.headers, file))
                if page:
                    self.check_header(file, text if kind == ".h" else text[:text.index("*/") + 2], page)
                else:
                    self.faults.append("no page of " + file)
        self.check_markup(pages)
        self.check_links(pages)
        return self.faults


def control(check):
    with tempfile.TemporaryDirectory() as folder:
        check.folder = shutil.copytree(check.folder, os.path.join(folder, "copy"))
        page = os.path.join(check.folder, "html/group__header__queue.html")
        change(page, "A successful enqueue takes over", "An enqueue takes over")
        change(page, 'href="group__header__batch.html"', 'href="group__header__batches.html"')
        change(os.path.join(check.folder, "html/index.html"), "</p>", " @ref nowhere</p>")
        os.unlink(os.path.join(check.folder, "html/group__header__pool.html"))
        with open(os.path.join(check.folder, "warnings"), "a", encoding="utf-8") as file:
            file.write("a warning\n")
        faults = check.run()
        expected = ["Doxygen: a warning", "index.html: @ref nowhere is no text", "queue.h: not on its page: a successful enqueue", "no page of pool.h",
                    "group__header__queue.html: group__header__batches.html leads nowhere"]
        return [said for said in expected if not any(fault.startswith(said) for fault in faults)]


def main():
    parser = argparse.ArgumentParser(description="Checks the HTML of Headrace's manual.")
    parser.add_argument("--folder", required=True, help="what html_pages.py has made")
    parser.add_argument("--headers", required=True)
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args()
    check = Check(options.folder, options.headers)
    return conclude(control(check) if options.control else None, check,
                    "every sentence has its place, every link leads somewhere")


if __name__ == "__main__":
    sys.exit(main())
