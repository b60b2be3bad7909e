#!/usr/bin/env python3
"""Makes the HTML of the manual: runs Doxygen, and puts the pictures that pages show where they look for them
(check_html.py says which are not there).

    html_pages.py DOXYGEN DOXYFILE FOLDER     FOLDER: OUTPUT_DIRECTORY of the Doxyfile, made anew
"""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


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
    subprocess.run([doxygen, configuration], check=True)
    copy_pictures(os.path.join(folder, "html"))


if __name__ == "__main__":
    main()
