#!/usr/bin/env python3
"""Makes the HTML of the manual: runs Doxygen over README.md, the headers and the documents, in the order in which
docs/README.md names them, and puts the pictures that pages show where they look for them (check_html.py says which are not
there).

    html_pages.py DOXYGEN DOXYFILE FOLDER     FOLDER: OUTPUT_DIRECTORY of the Doxyfile, made anew
"""
import glob
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def pages():
    """The documents: those that docs/README.md leads to, in order, then all others."""
    docs = os.path.join(ROOT, "docs")
    with open(os.path.join(docs, "README.md"), encoding="utf-8") as file:
        named = re.findall(r"\]\(([^)#]+\.md)[)#]", file.read())
    found = [os.path.normpath(os.path.join(docs, name)) for name in named]
    found += sorted(glob.glob(docs + "/**/*.md", recursive=True)) + [os.path.join(ROOT, "CHANGELOG.md")]
    return list(dict.fromkeys(path for path in found if os.path.exists(path)))


def copy_pictures(folder):
    for file in os.listdir(folder):
        if file.endswith(".html"):
            with open(os.path.join(folder, file), encoding="utf-8") as page:
                shown = re.findall(r'<img src="(docs/[^"]+)"', page.read())
            for picture in shown:
                there, place = os.path.join(ROOT, picture), os.path.join(folder, picture)
                if os.path.exists(there):
                    os.makedirs(os.path.dirname(place), exist_ok=True)
                    shutil.copyfile(there, place)


def main():
    doxygen, configuration, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(configuration, encoding="utf-8") as file:
        text = file.read() + "".join('INPUT += "%s"\n' % page for page in pages())
    subprocess.run([doxygen, "-"], input=text, text=True, check=True)
    copy_pictures(os.path.join(folder, "html"))


if __name__ == "__main__":
    main()
