"""Image files of every kind and what Pillow reads from them. Writes files/* and files.csv.

files.csv: CRC-32 of the RGB bytes as stored (EXIF orientation not applied); alpha is blended over
white with (colour * alpha + 255 * (255 - alpha) + 127) // 255; gray of 16 bits keeps its upper eight.
The mask column is the CRC-32 of the label values (little-endian u32) of PNG files: palette indices,
1-bit as 0 and 1, alpha where there is one.
"""

import shutil
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, features
from formula import noise, smooth

here = Path(__file__).parent
folder = here / "files"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
rows = [f"# Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}", "file,width,height,crc32,mask"]


def crc(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"


def record(name, labels=None):
    image = Image.open(folder / name)
    if image.mode == "I;16":
        rgb = np.repeat((np.array(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    elif image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        rgba = np.array(image.convert("RGBA")).astype(int)
        alpha = rgba[..., 3:]
        rgb = ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    else:
        rgb = np.array(image.convert("RGB"))
    mask = crc(labels.astype("<u4")) if labels is not None else ""
    rows.append(f"{name},{image.width},{image.height},{crc(rgb)},{mask}")


def save(name, array, mode=None, labels=None, **options):
    Image.fromarray(array, mode).save(folder / name, **options)
    record(name, labels)


rgb = smooth(53, 67, 3)
for sampling, label in ((0, "444"), (1, "422"), (2, "420")):
    save(f"base-{label}.jpg", rgb, quality=88, subsampling=sampling)
    save(f"prog-{label}.jpg", rgb, quality=88, subsampling=sampling, progressive=True)
save("odd-420.jpg", smooth(33, 17, 3), quality=70, subsampling=2)
save("narrow-420.jpg", smooth(20, 3, 3), quality=70, subsampling=2)
save("narrow-422.jpg", smooth(20, 4, 3), quality=70, subsampling=1)
save("pixel-420.jpg", smooth(1, 1, 3), quality=70, subsampling=2)


def resample(source, name, factors, width, height):
    """The same blocks under other sampling factors and another size of as many MCUs."""
    data = bytearray((folder / source).read_bytes())
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    data[at + 5 : at + 9] = bytes([height >> 8, height & 255, width >> 8, width & 255])
    data[at + 11] = factors
    (folder / name).write_bytes(data)
    record(name)


resample("base-422.jpg", "440.jpg", 0x12, 37, 105)
resample("base-420.jpg", "411.jpg", 0x41, 150, 27)
Image.fromarray(smooth(56, 64, 3)).save(folder / "p.jpg", quality=88, subsampling=1, progressive=True)
resample("p.jpg", "prog-440.jpg", 0x12, 32, 112)
(folder / "p.jpg").unlink()
save("restart.jpg", rgb, quality=88, subsampling=2, restart_marker_blocks=3)
save("restart-prog.jpg", rgb, quality=88, subsampling=2, progressive=True, restart_marker_rows=1)
save("optimised-q30.jpg", rgb, quality=30, optimize=True)
save("noise-q100.jpg", noise(31 * 29 * 3, 5).reshape(31, 29, 3), quality=100, subsampling=0)
save("noise-q5.jpg", noise(31 * 29 * 3, 6).reshape(31, 29, 3), quality=5)
save("gray.jpg", rgb[..., 0], quality=88)
save("gray-prog.jpg", rgb[..., 0], quality=88, progressive=True)
save("rgb.jpg", rgb, quality=88, keep_rgb=True)
save("cmyk.jpg", smooth(53, 67, 4), mode="CMYK", quality=88)
data = bytearray((folder / "cmyk.jpg").read_bytes())
data[data.index(b"Adobe") + 11] = 2  # the same samples read as YCCK
(folder / "ycck.jpg").write_bytes(data)
record("ycck.jpg")

bits = (smooth(21, 19, 1)[..., 0] > 120)
gray = smooth(21, 19, 1)[..., 0]
index = (gray // 37).astype(np.uint8)
palette = [int(v) for v in noise(256 * 3, 3)]
Image.fromarray(bits).save(folder / "1bit.png")
record("1bit.png", bits)
save("gray.png", gray, labels=gray)
save("rgb.png", smooth(21, 19, 3), labels=smooth(21, 19, 3).max(axis=2))
save("rgba.png", noise(21 * 19 * 4, 8).reshape(21, 19, 4), labels=noise(21 * 19 * 4, 8).reshape(21, 19, 4)[..., 3])
save("la.png", noise(21 * 19 * 2, 9).reshape(21, 19, 2), mode="LA", labels=noise(21 * 19 * 2, 9).reshape(21, 19, 2)[..., 1])
wide = (np.arange(21 * 19, dtype=np.uint32) * 163 % 65536).astype(np.uint16).reshape(21, 19)
save("gray16.png", wide, labels=wide)
for name, options in (("palette4bit.png", {}), ("palette-trns.png", {"transparency": 2}), ("palette.gif", {}), ("palette.bmp", {})):
    image = Image.fromarray(index)
    image = image.convert("L")
    image.putpalette(palette[: 3 * 7])
    image.save(folder / name, **options)
    record(name, index if name.endswith("png") else None)
image = Image.fromarray(gray)
image.putpalette(palette)
image.save(folder / "palette8bit.png")
record("palette8bit.png", gray)
save("rgb.bmp", smooth(21, 19, 3))
save("rgb.tif", smooth(21, 19, 3), compression="tiff_lzw")
save("gray.tif", gray)
save("lossless.webp", smooth(21, 19, 3), lossless=True)
save("lossless-alpha.webp", noise(21 * 19 * 4, 8).reshape(21, 19, 4), lossless=True, exact=True)
(here / "files.csv").write_text("\n".join(rows) + "\n")
