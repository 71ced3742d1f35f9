#!/usr/bin/env python3
"""Writes a lossless PNG copy of a table of photographs, as Pillow decodes them.

JPEG decoders differ by a few levels. On the copies every decoder sees the pixels that Pillow saw, so that figures can
be compared exactly with `davis_reference.json`. Masks and label map are copied as they are; the table keeps its rows,
order and columns, with image names that end in `.png`.
"""

import argparse
import csv
import pathlib
import shutil

import numpy as np
import PIL
from PIL import Image

from preprocessing import read_image


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="table with columns image and mask")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write, for example png-copies")
    args = parser.parse_args()
    root = args.data.parent
    args.out.mkdir(parents=True, exist_ok=True)
    with open(args.data, newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames, list(reader)
    for row in rows:
        pixels = read_image(root / row["image"])
        copy = pathlib.PurePosixPath(row["image"]).with_suffix(".png")
        target = args.out / copy
        target.parent.mkdir(parents=True, exist_ok=True)
        pixels.save(target, compress_level=1)
        if not np.array_equal(np.asarray(read_image(target)), np.asarray(pixels)):
            raise ValueError(f"{target}: the copy differs from {row['image']}")
        row["image"] = str(copy)
        if row.get("mask"):
            mask = args.out / row["mask"]
            mask.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / row["mask"], mask)
    with open(args.out / args.data.name, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    if (root / "label-map.csv").exists():
        shutil.copyfile(root / "label-map.csv", args.out / "label-map.csv")
    print(f"{len(rows)} images, Pillow {PIL.__version__}: {args.out / args.data.name}")


if __name__ == "__main__":
    main()
