#!/usr/bin/env python3
"""What share of a run its first look takes: a second opinion on a few images, and the choice of the engine.

Times the look by itself (the built example, less what opening the model takes anyway) and a whole `rightly evaluate`, on
the data as it is and on links to its images that make a larger table. The goal is a fiftieth.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from compare import ROOT, last_json, onnx_runtime_library, processor

GOAL = 0.02


def build():
    """Builds the binary and the example in release mode, in one go, and returns their paths."""
    command = ["cargo", "build", "--release", "-p", "rightly-cli", "--bin", "rightly", "-p", "rightly", "--example", "first_look"]
    subprocess.run(command, cwd=ROOT, check=True)
    release = ROOT / "target" / "release"
    return release / "rightly", release / "examples" / "first_look"


def table(data, images, folder):
    """A table of so many images: those of the data over and over, each as a file of its own."""
    rows = list(csv.DictReader(data.open()))
    made = folder / "dataset.csv"
    with made.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["image", "class", "mask"])
        writer.writeheader()
        for number in range(images):
            row, cells = rows[number % len(rows)], {}
            for column in ("image", "mask"):
                source = (data.parent / row[column]).resolve()
                link = folder / f"{column}s" / f"{number:06}{source.suffix}"
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(source)
                cells[column] = link.relative_to(folder)
            writer.writerow({**cells, "class": row["class"]})
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, nargs="+", required=True, help="ONNX files with cards")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="a table with the columns image, class, mask")
    parser.add_argument("--label-map", type=pathlib.Path)
    parser.add_argument("--engines", nargs="+", choices=["rten", "onnxruntime", "auto"], default=["rten", "onnxruntime", "auto"])
    parser.add_argument("--images", type=int, nargs="+", default=[0, 1000], help="sizes of the table; 0 takes it as it is")
    parser.add_argument("--measures", default="ablation", help="measures of the run (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="of the look; the run is made once")
    parser.add_argument("--rightly", type=pathlib.Path, help="the binary (default: build it)")
    parser.add_argument("--example", type=pathlib.Path, help="the built example (default: build it)")
    args = parser.parse_args()
    binary, example = args.rightly, args.example
    if binary is None or example is None:
        built = build()
        binary, example = binary or built[0], example or built[1]
    environment = dict(os.environ)
    environment.setdefault("ORT_DYLIB_PATH", str(onnx_runtime_library()))
    print(f"{processor()}, {args.threads} threads, --measures {args.measures}; look: median of {args.rounds} rounds\n")
    print("| model | engine | images | look, seconds | run, seconds | share |")
    print("|---|---|---|---|---|---|")
    for model, images in ((model, images) for model in args.models for images in args.images):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            data = table(args.data, images, folder) if images else args.data
            for engine in args.engines:
                looks = []
                for _ in range(args.rounds):
                    found = last_json([example, model, data, engine], environment)
                    looks.append(found["look"] - found["open"])
                command = [binary, "evaluate", "--model", model, "--data", data, "--measures", args.measures]
                command += ["--engine", engine, "--threads", args.threads, "--out", folder / f"run-{engine}", "--quiet"]
                command += ["--label-map", args.label_map] if args.label_map else []
                start = time.perf_counter()
                subprocess.run([str(part) for part in command], env=environment, check=True, stdout=subprocess.DEVNULL)
                run = time.perf_counter() - start
                look = statistics.median(looks)
                count = images or sum(1 for _ in data.open()) - 1
                print(f"| {model.stem} | {engine} | {count} | {look:.2f} | {run:.1f} | {look / run:.1%}, goal {GOAL:.0%} |", flush=True)


if __name__ == "__main__":
    main()
