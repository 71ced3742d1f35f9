"""Spuriosity of a seeded matrix, with NumPy and SciPy alone: the golden values of the stage `rank`.

    python reference/spuriosity.py --out crates/audit/tests/golden/spuriosity.json

For each class: mean features of the images that are right times the head's weights, the five largest (above 0); the
features listed in `spurious` standardised over the class (ddof 0) and averaged; ranks (1 = highest); accuracy of the k
highest minus that of the k lowest; and the exact permutation p-value of one k by summing the multivariate
hypergeometric law.
"""

import argparse
import json
import sys

import numpy as np
import scipy
from scipy.stats import multivariate_hypergeom


def exact_p(right, k):
    n, hits = len(right), int(right.sum())
    observed = abs(int(right[:k].sum()) - int(right[n - k:].sum()))
    p = 0.0
    for first in range(k + 1):
        for last in range(k + 1):
            rest = hits - first - last
            if 0 <= rest <= n - 2 * k and abs(first - last) >= observed:
                p += multivariate_hypergeom.pmf([first, last, rest], [k, k, n - 2 * k], hits)
    return min(p, 1.0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    rng = np.random.default_rng(7)
    classes, per_class, d = 3, 41, 12
    n = classes * per_class
    labels = np.repeat(np.arange(classes), per_class)
    features = np.maximum(rng.normal(0.4, 1.0, (n, d)), 0.0).astype(np.float32)
    features[:, 3] = 0.25  # the same on every image
    head = rng.normal(0.0, 1.0, (classes, d)).astype(np.float32)
    # So that the constant feature is among the five of every class.
    head[:, 3] = 9.0
    # Images are right more often where feature 5 is strong.
    right = rng.random(n) < 1.0 / (1.0 + np.exp(-1.5 * (features[:, 5].astype(np.float64) - 0.4)))
    out = {
        "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__},
        "features": [[float(v) for v in row] for row in features],
        "labels": labels.tolist(),
        "head": [[float(v) for v in row] for row in head],
        "right": right.astype(int).tolist(),
        "classes": [],
    }
    x = features.astype(np.float64)
    for c in range(classes):
        own = labels == c
        importance = x[own & right].mean(axis=0) * head[c].astype(np.float64)
        top = [int(f) for f in np.argsort(-importance, kind="stable")[:5] if importance[f] > 0]
        spurious = top[1::2] + [3]
        z = x[own] - x[own].mean(axis=0)
        deviation = x[own].std(axis=0)
        used = [f for f in spurious if deviation[f] > 0]
        values = (z[:, used] / deviation[used]).mean(axis=1)
        order = np.argsort(-values, kind="stable")
        ranks = np.empty(len(order), dtype=int)
        ranks[order] = np.arange(1, len(order) + 1)
        ranked = right[own][order]
        gaps = {str(k): float(ranked[:k].mean() - ranked[-k:].mean()) for k in (5, 10, 20)}
        out["classes"].append({
            "top": top,
            "importance": [float(importance[f]) for f in top],
            "spurious": spurious,
            "spuriosity": values.tolist(),
            "rank": ranks.tolist(),
            "gap": gaps,
            "p": {str(k): float(exact_p(ranked, k)) for k in (5, 10, 20)},
        })
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
