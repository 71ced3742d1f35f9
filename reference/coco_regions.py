"""A small COCO file with polygons, several polygons, run lengths of both kinds and crowds, and what
pycocotools makes of it: the class of most area without crowds, and the union of its objects.

Writes crates/data/tests/golden/coco_regions.json.
"""

import json
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pycocotools import mask as api

HEIGHT, WIDTH = 40, 50
random = np.random.default_rng(7)
categories = [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}, {"id": 90, "name": "brush"}]
images, annotations, expected = [], [], []


def polygon():
    centre, count = random.uniform([8, 8], [WIDTH - 8, HEIGHT - 8]), random.integers(3, 9)
    angles = np.sort(random.uniform(0, 2 * np.pi, count))
    points = centre + random.uniform(3, 12, count)[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return [round(float(value), 2) for value in points.ravel()]


def encode(raster):
    encoded = api.encode(np.asfortranarray(raster.astype(np.uint8)))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode()}


def runs(raster):
    flat = raster.flatten(order="F").astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat]))).tolist() + [flat.size]
    return {"size": [HEIGHT, WIDTH], "counts": [int(n) for n in np.diff([0] + edges)]}


def segmentation(kind):
    polygons = [polygon() for _ in range(2 if kind == "polygons" else 1)]
    drawn = api.merge(api.frPyObjects(polygons, HEIGHT, WIDTH))
    raster = api.decode(drawn).astype(bool)
    # Back through pycocotools, from the form that stands in the file.
    if kind == "runs":
        written = runs(raster)
        raster = api.decode(api.frPyObjects(written, HEIGHT, WIDTH)).astype(bool)
    elif kind == "compressed":
        written = encode(raster)
        raster = api.decode({"size": written["size"], "counts": written["counts"].encode()}).astype(bool)
    else:
        written = polygons
    return written, raster


def add(image, category, kind, crowd=0, factor=1):
    written, raster = segmentation(kind)
    ys, xs = np.nonzero(raster)
    box = [int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1]
    annotations.append({
        "id": len(annotations) + 1, "image_id": image, "category_id": category, "iscrowd": crowd,
        "area": int(raster.sum()) * factor, "bbox": box, "segmentation": written,
    })
    return raster


names = {c["id"]: c["name"] for c in categories}
for image in range(1, 25):
    images.append({"id": image, "file_name": f"{image:02}.png", "height": HEIGHT, "width": WIDTH})
    objects = {}
    for _ in range(int(random.integers(1, 5))):
        category = int(random.choice([1, 18, 90]))
        kind = str(random.choice(["polygon", "polygons", "runs", "compressed"]))
        objects.setdefault(category, []).append(add(image, category, kind))
    if image % 2 == 0:
        # A crowd of another class, said to be larger than everything else.
        add(image, int(random.choice([1, 18, 90])), "runs", crowd=1, factor=100)
    areas = {category: sum(int(m.sum()) for m in masks) for category, masks in objects.items()}
    best = max(sorted(areas), key=lambda category: areas[category])
    union = np.any(objects[best], axis=0)
    expected.append({
        "file_name": f"{image:02}.png", "class": names[best], "area": int(union.sum()),
        "crc32": f"{zlib.crc32(np.ascontiguousarray(union.astype(np.uint8)).tobytes()):08x}",
    })
path = Path(__file__).resolve().parent.parent / "crates/data/tests/golden/coco_regions.json"
file = {"images": images, "annotations": annotations, "categories": categories}
path.write_text(json.dumps({"pycocotools": version("pycocotools"), "file": file, "expected": expected}, separators=(",", ":")) + "\n")
