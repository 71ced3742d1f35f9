#!/usr/bin/env python3
"""scikit-learn's side of the mathematics of discovery in rightly-stats: PLS, PCA, k-means, silhouettes, mixtures, linear
SVMs, agreement of clusterings.

    python reference/discovery.py --out crates/stats/tests/golden

writes one JSON file a subject. Inputs are multiples of a power of 1/2, so that both sides see the same numbers in single
precision and in the file; results are rounded to eleven digits. Needs numpy, scipy and scikit-learn.
"""

import argparse
import json
import pathlib
import sys
import warnings

import numpy as np
import scipy
import sklearn
from scipy.special import logsumexp
from sklearn.cluster import KMeans
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_mutual_info_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.svm import LinearSVC

VERSIONS = {
    "python": sys.version.split()[0],
    "numpy": np.__version__,
    "scipy": scipy.__version__,
    "scikit-learn": sklearn.__version__,
}


def coarse(x, step=1 / 64):
    return np.round(np.asarray(x) / step) * step


def listed(x):
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return x.tolist()
    shorten = lambda v: [shorten(part) for part in v] if isinstance(v, list) else float(f"{v:.11g}")
    return shorten(x.tolist())


def fitted(x, y, components, scale=True):
    """PLSRegression with the power method run to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PLSRegression(n_components=components, scale=scale, tol=1e-15, max_iter=20000).fit(x, y)


def pls_case(name, x, y, components, rows=None, weights=None, targets=None, asked=None, model=None):
    """`rows` are those that scikit-learn saw where they differ from the case's (repeated for weights)."""
    used = rows if rows is not None else np.arange(len(x))
    model = model or fitted(x[used], y[used], components)
    deviation = x[used].std(axis=0, ddof=1)
    deviation[deviation == 0] = 1.0
    return {
        "name": name,
        "x": listed(x),
        "y": listed(y),
        "components": asked or components,
        "weights": None if weights is None else listed(weights),
        # Weights of the columns [y | x] as Y; null: y alone, each 1.
        "targets": None if targets is None else listed(targets),
        "x_weights": listed(model.x_weights_[:, :components]),
        "x_loadings": listed(model.x_loadings_[:, :components]),
        "x_rotations": listed(model.x_rotations_[:, :components]),
        "y_loadings": listed(model.y_loadings_[:, :components]),
        "scores": listed(((x - x[used].mean(axis=0)) / deviation) @ model.x_rotations_[:, :components]),
    }


def pls(rng):
    def correlated(n, d, q):
        hidden = rng.normal(size=(n, 3))
        x = hidden @ rng.normal(size=(3, d)) + 0.4 * rng.normal(size=(n, d))
        y = hidden @ rng.normal(size=(3, q)) + 0.4 * rng.normal(size=(n, q))
        return coarse(x), coarse(y)

    cases = []
    x, y = correlated(60, 8, 4)
    cases.append(pls_case("correlated", x, y, 5))
    x, y = correlated(40, 6, 3)
    # A mean that is no power of 1/2 would be rounded in scikit-learn, which takes the rounding for a deviation.
    x[:, 2], y[:, 1] = 0.25, 7.0
    cases.append(pls_case("constant columns", x, y, 4))
    x, y = correlated(50, 7, 1)
    cases.append(pls_case("one target", x, y, 5))
    x, y = correlated(4, 6, 3)
    cases.append(pls_case("fewer rows than components", x, y, 3, asked=5))
    x, y = correlated(20, 35, 5)
    cases.append(pls_case("fewer rows than columns", x, y, 5))
    x, y = correlated(30, 6, 3)
    weights = rng.integers(0, 4, size=30)
    cases.append(pls_case("weighted rows", x, y, 4, rows=np.repeat(np.arange(30), weights), weights=weights))
    x, y = correlated(60, 6, 4)
    # Single precision knows sixteenths there.
    x, y = 1e6 + coarse(0.5 * x, 1 / 16), 1e6 - coarse(0.3 * y, 1 / 16)
    cases.append(pls_case("offset", x, y, 4))
    x, y = correlated(60, 9, 4)
    cases.append(pls_case("targets hold x", x, y, 5, targets=np.ones(13), model=fitted(x, np.hstack([y, x]), 5)))
    both = np.hstack([y, x])
    targets = np.concatenate([np.ones(4), np.full(9, 0.1)])
    standard = lambda m: (m - m.mean(axis=0)) / m.std(axis=0, ddof=1)
    model = fitted(standard(x), standard(both) * targets, 5, scale=False)
    cases.append(pls_case("targets with weights", x, y, 5, targets=targets, model=model))
    x, y = correlated(80, 10, 3)
    x[:, 5:] = x[:, :5] @ coarse(rng.normal(size=(5, 5)), 1 / 8)
    cases.append(pls_case("rank below components", x, y, 5, asked=8))
    return cases


def pca(rng):
    x = coarse(rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)) + 3.0)
    plain, white = PCA(4, svd_solver="full").fit(x), PCA(4, svd_solver="full", whiten=True).fit(x)
    return {
        "x": listed(x),
        "vectors": listed(plain.components_),
        "values": listed(plain.explained_variance_),
        "shares": listed(plain.explained_variance_ratio_),
        "scores": listed(plain.transform(x)),
        "white": listed(white.transform(x)),
    }


def blobs(rng, n, d, k, spread):
    centres = 3.0 * rng.normal(size=(k, d))
    return coarse(centres[rng.integers(0, k, size=n)] + spread * rng.normal(size=(n, d)))


def clusters(rng):
    """k-means from stated centroids, and silhouettes of what it finds."""
    cases = []
    for name, n, d, k, weighted in [("plain", 120, 4, 5, False), ("weighted", 90, 3, 4, True)]:
        x = blobs(rng, n, d, k, 1.5)
        weights = rng.integers(0, 4, size=n).astype(float) if weighted else None
        start = x[:k]
        model = KMeans(k, init=start, n_init=1, algorithm="lloyd", tol=0.0).fit(x, sample_weight=weights)
        cases.append({
            "name": name,
            "x": listed(x),
            "start": listed(start),
            "weights": None if weights is None else listed(weights),
            "centroids": listed(model.cluster_centers_),
            "assignment": listed(model.labels_),
            "inertia": float(model.inertia_),
            "iterations": int(model.n_iter_),
            "silhouette": float(silhouette_score(x, model.labels_)),
        })
    return cases


def gaussian(x, resp, floor):
    """Weights, means and variances of shares of components, as scikit-learn's M step with a diagonal covariance."""
    counts = resp.sum(axis=0) + 10 * np.finfo(float).eps
    means = resp.T @ x / counts[:, None]
    variances = np.stack([(resp[:, k, None] * (x - means[k]) ** 2).sum(axis=0) / counts[k] for k in range(resp.shape[1])])
    return counts / counts.sum(), means, variances + floor


def error_aware(x, label, prediction, resp, gamma, iterations, floor=1e-6, least=1e-12):
    """Domino's mixture in plain NumPy, from shares of components."""
    for number in range(iterations + 1):
        weights, means, variances = gaussian(x, resp, floor)
        counts = resp.sum(axis=0) + 10 * np.finfo(float).eps
        labels, predictions = resp.T @ label / counts[:, None], resp.T @ prediction / counts[:, None]
        if number == iterations:
            break
        alone = np.log(weights) - 0.5 * (
            np.log(2 * np.pi * variances).sum(axis=1) + ((x[:, None] - means) ** 2 / variances).sum(axis=2))
        both = alone + gamma * (
            np.log(np.maximum(label @ labels.T, least)) + np.log(np.maximum(prediction @ predictions.T, least)))
        total = logsumexp(both, axis=1)
        resp = np.exp(both - total[:, None])
    alone = np.log(weights) - 0.5 * (
        np.log(2 * np.pi * variances).sum(axis=1) + ((x[:, None] - means) ** 2 / variances).sum(axis=2))
    both = alone + gamma * (
        np.log(np.maximum(label @ labels.T, least)) + np.log(np.maximum(prediction @ predictions.T, least)))
    return {
        "weights": listed(weights),
        "means": listed(means),
        "variances": listed(variances),
        "label_law": listed(labels),
        "prediction_law": listed(predictions),
        "log_likelihood": float(total.mean()),
        "responsibilities": listed(np.exp(both - logsumexp(both, axis=1, keepdims=True))),
        "alone": listed(np.exp(alone - logsumexp(alone, axis=1, keepdims=True))),
    }


def mixture(rng):
    """scikit-learn's mixture, and the error-aware one, both from rows dealt to components."""
    x = blobs(rng, 120, 3, 4, 1.6)
    assignment = np.arange(120) % 4
    dealt = np.eye(4)[assignment]
    weights, means, variances = gaussian(x, dealt, 1e-6)
    model = GaussianMixture(4, covariance_type="diag", tol=1e-3, max_iter=200, weights_init=weights, means_init=means,
                            precisions_init=1 / variances).fit(x)
    plain = {
        "weights": listed(model.weights_),
        "means": listed(model.means_),
        "variances": listed(model.covariances_),
        "iterations": int(model.n_iter_),
        "converged": bool(model.converged_),
        "log_likelihood": float(model.lower_bound_),
        "log_density": listed(model.score_samples(x)),
        "responsibilities": listed(model.predict_proba(x)),
    }
    label = np.eye(3)[rng.integers(0, 3, size=120)]
    # Sixteenths, so that they sum to 1 exactly.
    parts = rng.multinomial(16, [0.2, 0.3, 0.5], size=120) / 16.0
    cases = []
    for gamma, prediction in [(10.0, np.eye(3)[rng.integers(0, 3, size=120)]), (1.0, parts)]:
        case = {"gamma": gamma, "iterations": 6, "label": listed(label), "prediction": listed(prediction)}
        cases.append(case | error_aware(x, label, prediction, dealt, gamma, 6))
    return {"x": listed(x), "assignment": listed(assignment), "plain": plain, "error_aware": cases}


def svm(rng):
    x = coarse(rng.normal(size=(150, 6)) * [1, 1, 0.3, 2, 1, 1] + 0.5)
    y = x @ rng.normal(size=6) + 0.8 * rng.normal(size=150) > 1.2
    cases = []
    for loss in ["hinge", "squared_hinge"]:
        for c, balanced in [(0.05, False), (1.0, True)]:
            model = LinearSVC(loss=loss, C=c, dual=True, tol=1e-10, max_iter=200_000, random_state=0,
                              class_weight="balanced" if balanced else None).fit(x, y)
            cases.append({
                "loss": loss,
                "c": c,
                "balanced": balanced,
                "weights": listed(model.coef_[0]),
                "intercept": float(model.intercept_[0]),
                "decisions": listed(model.decision_function(x)),
            })
    return {"x": listed(x), "positive": listed(y), "cases": cases}


def agreement(rng):
    cases = []
    for n, ka, kb, shared in [(40, 3, 4, 0.0), (200, 5, 5, 0.7), (60, 1, 4, 0.0), (30, 30, 4, 0.0), (500, 12, 3, 0.4)]:
        a, b = rng.integers(0, ka, size=n), rng.integers(0, kb, size=n)
        b = np.where(rng.random(n) < shared, a % kb, b)
        cases.append({
            "a": listed(a),
            "b": listed(b),
            "mutual": float(adjusted_mutual_info_score(a, b)),
        })
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    subjects = {"pls": pls, "pca": pca, "clusters": clusters, "mixture": mixture, "svm": svm, "agreement": agreement}
    for number, (name, subject) in enumerate(subjects.items()):
        content = {"versions": VERSIONS, name: subject(np.random.default_rng(number))}
        with open(args.out / f"{name}.json", "w", encoding="utf-8") as file:
            json.dump(content, file, separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main()
