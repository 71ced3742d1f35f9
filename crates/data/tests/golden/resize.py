"""Golden values of Pillow's resize: CRC-32 of the output's bytes. Writes resize.csv."""

import itertools
import zlib
from pathlib import Path

import PIL
from PIL import Image
from formula import noise

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SIZES = [
    # from (height, width) to (height, width)
    ((1, 1), (1, 1)), ((1, 1), (5, 3)), ((5, 3), (1, 1)), ((1, 7), (1, 3)), ((7, 1), (3, 1)),
    ((1, 9), (4, 20)), ((2, 2), (3, 3)), ((3, 3), (2, 2)), ((13, 17), (13, 17)),
    ((13, 17), (13, 5)), ((13, 17), (5, 17)), ((13, 17), (13, 40)), ((13, 17), (40, 17)),
    ((13, 17), (29, 31)), ((64, 48), (7, 11)), ((48, 64), (47, 63)), ((48, 64), (49, 65)),
    ((48, 64), (96, 128)), ((48, 64), (24, 32)), ((100, 3), (9, 200)), ((3, 100), (200, 9)),
    ((240, 427), (128, 227)), ((333, 250), (340, 256)), ((375, 500), (256, 341)),
    ((32, 32), (224, 224)), ((97, 101), (33, 7)),
]
MODES = {"L": 1, "RGB": 3, "RGBA": 4, "LA": 2}

rows = [f"# Pillow {PIL.__version__}", "mode,from_height,from_width,height,width,filter,crc32"]
for (mode, channels), (source, target), (name, resample) in itertools.product(
    MODES.items(), SIZES, FILTERS.items()
):
    data = noise(source[0] * source[1] * channels, channels)
    image = Image.frombytes(mode, (source[1], source[0]), data.tobytes())
    out = image.resize((target[1], target[0]), resample)
    rows.append(f"{mode},{source[0]},{source[1]},{target[0]},{target[1]},{name},{zlib.crc32(out.tobytes()):08x}")
Path(__file__).with_name("resize.csv").write_text("\n".join(rows) + "\n")
