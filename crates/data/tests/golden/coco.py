"""Golden values of pycocotools: polygons, run lengths and their compressed strings. Writes coco.json."""

import json
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pycocotools import mask as api
from formula import noise

cases = []


def add(polygons, h, w):
    encoded = api.merge(api.frPyObjects(polygons, h, w))
    raster = np.ascontiguousarray(api.decode(encoded))
    runs, flat = [], raster.flatten(order="F")
    value, length = 0, 0
    for pixel in flat:
        if pixel != value:
            runs.append(length)
            value, length = pixel, 0
        length += 1
    runs.append(length)
    cases.append({
        "polygons": polygons, "height": h, "width": w, "area": int(raster.sum()),
        "crc32": f"{zlib.crc32(raster.tobytes()):08x}", "counts": [int(run) for run in runs],
        "compressed": encoded["counts"].decode(),
    })


add([[2, 2, 8, 2, 8, 8, 2, 8]], 12, 12)
add([[2.5, 2.5, 8.5, 2.5, 8.5, 8.5, 2.5, 8.5]], 12, 12)
add([[0, 0, 10, 0, 10, 7, 0, 7]], 7, 10)
add([[-5, -5, 30, -3, 30, 30, -4, 25]], 20, 20)
add([[1, 1, 9, 3, 4, 9, 1, 1]], 12, 12)  # closed: first point repeated
add([[1, 1, 9, 9, 9, 1, 1, 9]], 12, 12)  # crosses itself
add([[3, 3, 3, 9, 3, 3]], 12, 12)  # no area
add([[3.2, 3.1, 3.9, 3.2, 3.5, 3.8]], 12, 12)  # below a pixel
add([[1, 1, 6, 1, 6, 6, 1, 6], [4, 4, 11, 4, 11, 11, 4, 11]], 12, 14)  # union
for seed in range(40):
    points = 3 + seed % 9
    values = noise(points * 2, 100 + seed).astype(float)
    polygon = [round(float(v) * (0.31 if i % 2 else 0.43) - 7, 2) for i, v in enumerate(values)]
    add([polygon], 61, 83)
Path(__file__).with_name("coco.json").write_text(
    json.dumps({"pycocotools": version("pycocotools"), "cases": cases}, indent=None, separators=(",", ":")).replace('},{"polygons"', '},\n{"polygons"') + "\n"
)
