#!/usr/bin/env python3
"""How long does an exact search in a pool of embeddings on disk take, and a bank of phrases against the images of a class,
beside NumPy?

Pool: 1,000,000 x 512 halves in four memory-mapped files, written first and not timed; the same files and queries on both
sides, in one run. NumPy takes blocks of 16,384 rows, makes them single precision, multiplies and keeps the best; it takes the
rows for unit vectors, where rightly divides each by its own length. The first pass comes after the files were pushed out of
the page cache, as far as the system heeds that. Bank: 10,000 phrases against 100,000 images of 512 values; NumPy's part is
the product alone, in single precision and blocks, without any AUC.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK, BEST = 16_384, 50
GOAL_QUERY, GOAL_BANK = 1, 10


def spread(values):
    values = sorted(values)
    shown = [f"{v:.3g}" for v in (values[len(values) // 2], values[0], values[-1])]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def processor():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def built(package, example, build):
    if build:
        subprocess.run(["cargo", "build", "--release", "-p", package, "--example", example], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / example


def ours(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def push_out(files):
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def search(shards, queries):
    """Rows and cosines of the best, [queries, BEST]."""
    cosines, rows, start = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), int), 0
    for shard in shards:
        for at in range(0, len(shard), BLOCK):
            block = shard[at:at + BLOCK].astype(np.float32) @ queries.T
            cosines = np.hstack([cosines, block.T])
            rows = np.hstack([rows, np.broadcast_to(np.arange(start + at, start + at + len(block)), block.T.shape)])
            kept = np.argpartition(-cosines, BEST - 1, axis=1)[:, :BEST]
            cosines, rows = np.take_along_axis(cosines, kept, 1), np.take_along_axis(rows, kept, 1)
        start += len(shard)
    order = np.argsort(-cosines, axis=1, kind="stable")
    return np.take_along_axis(rows, order, 1), np.take_along_axis(cosines, order, 1)


def pool(args, program, folder):
    subprocess.run([program, "write", folder, str(args.rows), "512"], check=True)
    files = sorted((folder / "img_emb").glob("*.npy"))
    print(f"| {args.rows:,} x 512 halves on disk | NumPy: first pass | warm, seconds | rightly: first pass | warm, seconds | ratio |")
    print("|---|---|---|---|---|---|")
    for count in (1, 20):
        push_out(files)
        result = ours(program, "search", folder, count, BEST, args.rounds, args.threads)
        push_out(files)
        shards = [np.load(file, mmap_mode="r") for file in files]
        queries = np.array(shards[0][:count]).astype(np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        theirs = []
        for _ in range(args.rounds + 1):
            start = time.perf_counter()
            rows, cosines = search(shards, queries)
            theirs.append(time.perf_counter() - start)
        hits = np.array(result["hits"])
        shared = np.mean([len(set(a) & set(b)) / BEST for a, b in zip(rows, hits[:, :, 0].astype(int))])
        goal = f", goal {GOAL_QUERY}" if count == 1 else ""
        ratio = spread([a / b for a, b in zip(theirs[1:], result["seconds"])])
        print(f"| {count} in one pass | {theirs[0]:.3g} | {spread(theirs[1:])} | {result['first']:.3g} | {spread(result['seconds'])}{goal} | {ratio} |")
        print(f"| opening, entries of {count * BEST} hits, fingerprint | | | | {result['open']:.3g}, {result['entries']:.3g}, {result['fingerprint']:.3g} | |")
        print(f"| share of hits in both, largest difference of cosines | | | | {shared:.3f}, {np.abs(hits[:, :, 1] - cosines).max():.2g} | |")
    print()


def bank(args, program):
    n, m, d = 100_000, 10_000, 512
    result = ours(program, n, m, d, 300, args.rounds, args.threads)
    rng = np.random.default_rng(0)
    images, phrases = (rng.normal(size=(rows, d)).astype(np.float32) for rows in (n, m))
    start = time.perf_counter()
    for at in range(0, m, 256):
        _ = phrases[at:at + 256] @ images.T
    product = time.perf_counter() - start
    one = [a + b for a, b in zip(result["prepare"], result["separate"])]
    print("| bank of 10,000 against 100,000 x 512 | seconds |\n|---|---|")
    print(f"| one group: order of all, exact AUC of the best 300 | {spread(one)}, goal {GOAL_BANK} |")
    print(f"| of which what serves all groups | {spread(result['prepare'])} |")
    print(f"| a further group, of half of the images | {spread(result['other_group'])} |")
    print(f"| all scores | {result['all_scores']:.3g} |\n| NumPy's product | {product:.3g} |")
    print(f"| exact AUC of all | {result['all_areas']:.3g} |")
    print(f"| of the best 20 and 100 by exact AUC, found | {result['of_the_best_20_found']}, {result['of_the_best_100_found']} |")
    print(f"| largest difference of expected and exact AUC | {result['largest_gap_to_expected']:.2g} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the pool, 1 kB each (default %(default)s)")
    parser.add_argument("--no-build", action="store_true", help="take the examples as they were built last")
    parser.add_argument("--folder", type=pathlib.Path, help="where the pool is written and deleted (default: the system's)")
    args = parser.parse_args()
    examples = (("rightly-data", "pool_speed"), ("rightly-stats", "bank_speed"))
    searcher, scorer = (built(*example, not args.no_build) for example in examples)
    print(f"{processor()}, {args.threads} threads, NumPy {np.__version__}, {args.rounds} rounds: median (range)\n")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        if shutil.disk_usage(folder).free < 2 * args.rows * 1024:
            raise SystemExit(f"{folder}: less than {2 * args.rows * 1024:,} bytes free; name another with --folder")
        pool(args, searcher, pathlib.Path(folder))
    bank(args, scorer)


if __name__ == "__main__":
    main()
