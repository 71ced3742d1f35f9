#!/usr/bin/env python3
"""scikit-learn's side of the mathematics of discovery in rightly-stats: PLS, PCA, k-means, silhouettes, mixtures, linear
SVMs, agreement of clusterings; and of how `dim` and `failure-direction` divide a class.

    python reference/discovery.py --out crates/stats/tests/golden --division crates/audit/tests/golden/division.json

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
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.preprocessing import StandardScaler, normalize
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_class_weight

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
    """libsvm's machines, and the C that two given folds of balanced accuracy choose."""
    x = coarse(rng.normal(size=(150, 6)) * [1, 1, 0.3, 2, 1, 1] + 0.5)
    y = x @ rng.normal(size=6) + 0.8 * rng.normal(size=150) > 1.2
    machine = lambda c, balanced: SVC(
        kernel="linear", C=c, tol=1e-10, class_weight="balanced" if balanced else None)
    cases = []
    for c, balanced in [(0.05, False), (1.0, False), (0.05, True), (1.0, True), (20.0, True)]:
        model = machine(c, balanced).fit(x, y)
        weights = compute_class_weight("balanced" if balanced else None, classes=np.array([False, True]), y=y)
        bounds = c * weights[y.astype(int)[model.support_]]
        free = (np.abs(model.dual_coef_[0]) < bounds * (1 - 1e-9)).sum()
        assert free > 0, "the intercept has to be defined"
        cases.append({
            "c": c,
            "balanced": balanced,
            "weights": listed(model.coef_[0]),
            "intercept": float(model.intercept_[0]),
            "decisions": listed(model.decision_function(x)),
        })
    folds = rng.integers(0, 2, size=150)
    candidates = [0.03, 0.1, 0.3, 1.0, 3.0]
    accuracy = [cross_val_score(machine(c, True), x, y, cv=PredefinedSplit(folds), scoring="balanced_accuracy").mean()
                for c in candidates]
    choice = {
        "folds": listed(folds),
        "candidates": candidates,
        "accuracy": listed(np.array(accuracy)),
        "c": candidates[int(np.argmax(accuracy))],
    }
    return {"x": listed(x), "positive": listed(y), "cases": cases, "choice": choice}


def along(model, x, poles):
    """Shares along rotation over deviation at unit length, and scores."""
    directions = model.x_rotations_.T / model._x_std
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    on = (x - model._x_mean) @ directions.T
    if poles:
        on = np.stack([np.maximum(on, 0), np.maximum(-on, 0)], axis=2).reshape(len(x), -1)
    on = np.abs(on)
    return on / on.sum(axis=1, keepdims=True)


def division(rng):
    """How `dim` and `failure-direction` divide a class: scikit-learn's side of the memberships."""
    n, d, more = 90, 7, 40
    hidden = rng.normal(size=(n + more, 3))
    x = coarse(hidden @ rng.normal(size=(3, d)) * np.array([1, 4, 1, 0.5, 2, 1, 1]) + 0.4 * rng.normal(size=(n + more, d)) + 3.0)
    losses = coarse(np.abs(hidden @ rng.normal(size=(3, 4)) + 0.4 * rng.normal(size=(n + more, 4))))[:n]
    fit, others = x[:n], x[n:]
    parts = lambda of: [listed(of(fit)), listed(of(others))]
    ours = fitted(fit, -losses, 3)
    dim = {
        "components": 3,
        "soft": parts(lambda part: along(ours, part, True)),
        "plane": parts(lambda part: ours.transform(part)[:, :2]),
    }
    unit = lambda part: part / np.linalg.norm(part, axis=1, keepdims=True)
    theirs = fitted(unit(fit), np.hstack([-losses, unit(fit)]), 5)
    on = lambda part: np.abs((part - part.mean(axis=0)) @ theirs.x_rotations_)
    soft = lambda part: on(part) / on(part).sum(axis=1, keepdims=True)
    published = {
        "components": 5,
        "soft": parts(soft),
        "group": parts(lambda part: soft(part).argmax(axis=1)),
        "ordering": listed(along(theirs, unit(fit), False).argmax(axis=1)),
        "plane": parts(lambda part: theirs.transform(unit(part))[:, :2]),
    }
    rest = coarse(rng.normal(size=(60, d)) * 2 + 2.0)
    told = fit @ rng.normal(size=d)
    wrong = told + 0.5 * told.std() * rng.normal(size=n) > np.quantile(told, 0.7)
    assert 10 < wrong.sum() < n - 10, wrong.sum()
    every = StandardScaler().fit(np.vstack([fit, rest]))
    directed = lambda part: normalize(every.transform(part))
    machines = []
    for c in np.logspace(-6, 0, 7):
        model = SVC(kernel="linear", C=c, class_weight="balanced", tol=1e-10).fit(directed(fit), wrong)
        direction = model.coef_[0] / every.scale_
        machines.append({
            "c": float(c),
            "weights": listed(model.coef_[0]),
            "direction": listed(direction / np.linalg.norm(direction)),
            # Without the intercept, which small C leaves open.
            "decisions": parts(lambda part: directed(part) @ model.coef_[0]),
        })
    return {
        "x": [listed(fit), listed(others)],
        "losses": listed(losses),
        "dim": dim,
        "published": published,
        "rest": listed(rest),
        "wrong": listed(wrong),
        "machines": machines,
    }


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
    parser.add_argument("--division", type=pathlib.Path, required=True)
    args = parser.parse_args()
    subjects = {"pls": pls, "pca": pca, "clusters": clusters, "mixture": mixture, "svm": svm, "agreement": agreement}
    files = {name: args.out / f"{name}.json" for name in subjects} | {"division": args.division}
    subjects["division"] = division
    for number, (name, subject) in enumerate(subjects.items()):
        content = {"versions": VERSIONS, name: subject(np.random.default_rng(number))}
        with open(files[name], "w", encoding="utf-8") as file:
            json.dump(content, file, separators=(",", ":"))
            file.write("\n")


if __name__ == "__main__":
    main()
