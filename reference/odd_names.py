#!/usr/bin/env python3
"""Writes a table of images whose classes and attributes have names that are hard on everything that shows them.

    python reference/odd_names.py TABLE.csv FOLDER

FOLDER gets `table.csv`, which takes the images of TABLE where they lie, and `label-map.csv` from the new names to the outputs,
which are in the order of the old ones.
"""

import csv
import pathlib
import sys

# Markup, a formula, quotes and separators, and a terminal's escape.
NAMES = ['<script>alert("a")</script> & co', "=1+2", 'a "quoted", comma; semicolon', "caf\u00e9 \u202e|\\ 'b' --"]


def main():
    source, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    with open(source, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = dict(zip(sorted({row["class"] for row in rows}), NAMES, strict=True))
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "class", "mask", "caption", "-odd <b>attribute</b>"])
        for number, row in enumerate(rows):
            paths = [str((source.parent / row[key]).resolve()) for key in ("image", "mask")]
            name = names[row["class"]]
            writer.writerow([paths[0], name, paths[1], f"{name}, seen @ home", f"<{number % 3}>"])
    with open(folder / "label-map.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["class", "output"])
        writer.writerows((name, output) for output, name in enumerate(names.values()))


if __name__ == "__main__":
    main()
