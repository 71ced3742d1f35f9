#!/usr/bin/env python3
"""Domino's own package (`domino` 0.1.5 of PyPI, Apache 2.0) beside rightly's mixture: same rows, same settings, one run.

Five classes of images with four subgroups each; one subgroup of each class is mostly taken for the next class. Both sides are
fitted on the same half with the published settings (128 principal components, 25 components of the mixture, labels and
predictions with weight 1, start from the confusion matrix) and judged on the other half: for each failing subgroup the largest
share of it among the ten images that are strongest in one of the five slices in which labels and predictions differ most, and
the adjusted mutual information of the likeliest component with the subgroups.

The package is from 2022: only the file with its mixture is loaded. A table class that it names in annotations is a stand-in, and
the helpers that scikit-learn and NumPy have dropped or changed since are given back to it; nothing of its computation is
touched.

    pip install --no-deps domino==0.1.5
"""

import argparse
import importlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import types
import warnings

import numpy as np
import sklearn
import sklearn.mixture._base
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.utils import check_array

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLASSES, SUBGROUPS, FEATURES = 5, 4, 512
AXES, COMPONENTS, SLICES = 128, 25, 5


def slicer():
    """`DominoSlicer` of the installed package."""
    found = importlib.util.find_spec("domino")
    if found is None:
        sys.exit("the package is not here: pip install --no-deps domino==0.1.5")
    sys.modules["meerkat"] = types.SimpleNamespace(DataPanel=dict)
    sys.modules.setdefault("tqdm.auto", types.SimpleNamespace(tqdm=lambda work, **_: work))
    package = types.ModuleType("domino")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["domino"] = package
    np.infty = np.inf
    sklearn.mixture._base._check_X = lambda x, _, ensure_min_samples=1: check_array(x, ensure_min_samples=ensure_min_samples)
    module = importlib.import_module("domino._slice.domino")
    module.DominoMixture._check_n_features = lambda self, x, reset: setattr(self, "n_features_in_", x.shape[1])
    module.DominoMixture._print_verbose_msg_init_end = lambda self, bound: None
    module.DominoMixture._check_initial_parameters = lambda self, x: self._check_parameters(x)
    return module.DominoSlicer


def world(rng, n):
    """Features, labels, probabilities and subgroups."""
    label = rng.integers(0, CLASSES, n)
    inner = rng.integers(0, SUBGROUPS, n)
    centres = rng.normal(size=(CLASSES, 1, FEATURES)) + 0.5 * rng.normal(size=(CLASSES, SUBGROUPS, FEATURES))
    scale = 4 / np.sqrt(1 + np.arange(FEATURES))
    x = (centres[label, inner] + 3 * rng.normal(size=(n, FEATURES))) * scale
    wrong = rng.random(n) < np.where(inner == 0, 0.8, 0.1)
    predicted = np.where(wrong, (label + 1) % CLASSES, label)
    sure = rng.uniform(0.5, 1, n)
    probabilities = np.repeat(((1 - sure) / (CLASSES - 1))[:, None], CLASSES, axis=1)
    probabilities[np.arange(n), predicted] = sure
    return x.astype("<f4"), label, probabilities.astype("<f4"), label * SUBGROUPS + inner


def build():
    subprocess.run(["cargo", "build", "--release", "-p", "rightly-stats", "--example", "discovery_speed"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "discovery_speed"


def ours(program, folder, x, label, probabilities, fitted, seed, threads):
    n = len(x)
    np.hstack([x, np.eye(CLASSES, dtype="<f4")[label], probabilities]).tofile(folder / "domino.bin")
    numbers = (n, fitted, FEATURES, CLASSES, AXES, COMPONENTS, seed, threads)
    done = subprocess.run([program, "domino", folder / "domino.bin", *map(str, numbers)], check=True, capture_output=True, text=True)
    out = np.fromfile(folder / "domino.out", dtype="<f4")
    shares, kinds = out[:n * COMPONENTS].reshape(n, -1), out[n * COMPONENTS:].reshape(2, COMPONENTS, CLASSES)
    result = json.loads(done.stdout)
    return result["seconds"], result["iterations"], result["log_likelihood"], shares, kinds[0], kinds[1]


def theirs(DominoSlicer, x, label, probabilities, fitted, seed):
    model = DominoSlicer(n_slices=SLICES, n_pca_components=AXES, n_mixture_components=COMPONENTS, random_state=seed)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(embeddings=x[:fitted], targets=label[:fitted], pred_probs=probabilities[:fitted])
    seconds = time.perf_counter() - start
    shares = model.mm.predict_proba(model.pca.transform(x), label, probabilities)
    return seconds, model.mm.n_iter_, model.mm.lower_bound_, shares, model.mm.y_probs, model.mm.y_hat_probs


def judged(shares, labels, predictions, groups, fitted):
    """Mean precision at 10 over the failing subgroups, and the agreement with the subgroups."""
    worst = np.argsort(-np.abs((predictions - labels).max(axis=1)), kind="stable")[:SLICES]
    held, known = shares[fitted:], groups[fitted:]
    top = [known[np.argsort(-held[:, k], kind="stable")[:10]] for k in worst]
    failing = [c * SUBGROUPS for c in range(CLASSES)]
    precision = np.mean([max((t == g).mean() for t in top) for g in failing])
    return precision, adjusted_mutual_info_score(known, held.argmax(axis=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=20_000, help="rows fitted, and as many judged (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, help="the built example (default: build it)")
    args = parser.parse_args()
    program = args.program or build()
    DominoSlicer = slicer()
    print(f"{args.rows:,} x {FEATURES} fitted and as many judged, {CLASSES} classes of {SUBGROUPS} subgroups\n")
    print("| seed | side | seconds | iterations | an iteration | log-likelihood | precision at 10 | agreement |\n|---|---|---|---|---|---|---|---|")
    ratios = []
    for seed in range(args.seeds):
        x, label, probabilities, groups = world(np.random.default_rng(seed), 2 * args.rows)
        times = []
        with tempfile.TemporaryDirectory() as folder:
            sides = {
                "package": lambda: theirs(DominoSlicer, x, label, probabilities, args.rows, seed),
                "rightly": lambda: ours(program, pathlib.Path(folder), x, label, probabilities, args.rows, seed, args.threads),
            }
            for name, side in sides.items():
                seconds, iterations, likelihood, *fit = side()
                precision, agreement = judged(*fit, groups, args.rows)
                each = seconds / iterations
                times.append((seconds, each))
                print(f"| {seed} | {name} | {seconds:.2f} | {iterations} | {each:.4f} | {likelihood:.4f} | {precision:.2f} | {agreement:.2f} |")
        ratios.append((times[0][0] / times[1][0], times[0][1] / times[1][1]))
    whole, each = (sorted(r[i] for r in ratios) for i in (0, 1))
    print(f"\nratio of times, whole {whole[len(whole) // 2]:.1f} ({whole[0]:.1f} to {whole[-1]:.1f}), "
          f"an iteration {each[len(each) // 2]:.1f} ({each[0]:.1f} to {each[-1]:.1f})")


if __name__ == "__main__":
    main()
