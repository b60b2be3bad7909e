#!/usr/bin/env python3
"""What Doxygen reads in place of a file: its INPUT_FILTER. Headers: doxygen_headers.py, documents: doxygen_pages.py.

    doxygen_filter.py FILE
"""
import os
import sys

import doxygen_headers
import doxygen_pages
import headers
import man3
import words


def text_of(path):
    name, kind = os.path.splitext(os.path.basename(path))
    if kind == ".md":
        return doxygen_pages.Markdown(path).text()
    read = headers.read(man3.INCLUDE, man3.PAGES)
    names = words.Names(read, man3.PAGES)
    if kind == ".hpp":
        return doxygen_headers.CppHeader(path, names).text()
    return next(doxygen_headers.Header(header, names).text() for header in read if header.name == name)


if __name__ == "__main__":
    sys.stdout.write(text_of(sys.argv[1]))
