"""What Pillow reads from the DAVIS photographs. Usage: davis.py DAVIS_FOLDER. Writes davis.csv."""

import sys
import zlib
from pathlib import Path

import PIL
from PIL import Image, features

root = Path(sys.argv[1])
rows = [f"# Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}", "image,crc32"]
for path in sorted((root / "images").glob("*/*.jpg")):
    pixels = Image.open(path).convert("RGB").tobytes()
    rows.append(f"{path.relative_to(root).as_posix()},{zlib.crc32(pixels):08x}")
Path(__file__).with_name("davis.csv").write_text("\n".join(rows) + "\n")
