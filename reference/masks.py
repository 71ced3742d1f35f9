"""Masks of one object in every format, written by Pillow and NumPy, with the object's share.

Writes crates/data/tests/golden/masks/* and masks.csv: file, the share that Pillow or NumPy reads from
it under the rule in the last column, and what the rule is. `drawn` is the share that was drawn.
"""

import shutil
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageDraw, ImageFilter, features

root = Path(__file__).resolve().parent.parent / "crates/data/tests/golden"
folder = root / "masks"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
WIDTH, HEIGHT, FINE = 128, 96, 8


def draw(scale, background, *parts):
    image = Image.new("L", (WIDTH * scale, HEIGHT * scale), background)
    pen = ImageDraw.Draw(image)
    for box, value in parts:
        pen.ellipse([side * scale for side in box], fill=value)
    return image


LEFT, RIGHT = (14, 12, 62, 70), (66, 30, 112, 84)
hard = draw(1, 0, (LEFT, 255), (RIGHT, 255))
object = np.array(hard) > 0
drawn = object.mean()
fine = draw(FINE, 0, (LEFT, 255), (RIGHT, 255))
smooth = fine.resize((WIDTH, HEIGHT), Image.BOX)
soft = hard.filter(ImageFilter.GaussianBlur(4))
# Two labels under a border of 255, as in PASCAL VOC.
grown = np.array(hard.filter(ImageFilter.MaxFilter(5))) > 0
labels = np.where(object, np.array(draw(1, 0, (LEFT, 8), (RIGHT, 15))), np.where(grown, 255, 0)).astype(np.uint8)
red, green = (np.array(draw(1, 0, (box, 255))) for box in (LEFT, RIGHT))
colours = np.stack([red, green, np.zeros_like(red)], axis=2)
rows = [
    f"# Pillow {PIL.__version__}, NumPy {np.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, libwebp {features.version('webp')}; drawn {drawn:.6f}",
    "file,share,rule",
]


def record(name, read, rule):
    rows.append(f"{name},{read(folder / name).mean():.6f},{rule}")


def save(name, image, rule, choose, **options):
    image.save(folder / name, **options)
    record(name, lambda path: choose(np.asarray(Image.open(path)).astype(np.int64)), rule)


above = lambda array: array > 0
half = lambda array: 2 * array >= array.max()
alpha = lambda array: array[..., -1] > 0
largest = lambda array: array[..., :3].max(axis=2) > 0
without = lambda array: (array > 0) & (array != array.max())
half_colour = lambda array: half(array[..., :3].max(axis=2))
image = Image.fromarray

# One gray value a pixel.
save("gray.png", hard, "above 0", above)
save("ones.png", image(object.astype(np.uint8)), "above 0", above)
save("sixteen.png", image(object.astype(np.uint16) * 65535), "above 0", above)
save("sixteen-ones.png", image(object.astype(np.uint16)), "above 0", above)
save("bits-1.png", hard.convert("1"), "above 0", above)
save("smooth.png", smooth, "above 0", above)
save("soft.png", soft, "above 0", above)
save("two-labels.png", image(np.where(labels == 255, 0, labels).astype(np.uint8)), "above 0", above)
save("void.png", image(labels), "without the largest", without)
save("void-16.png", image(np.where(labels == 255, 65535, labels).astype(np.uint16)), "without the largest", without)
save("void-255-in-16.png", image(labels.astype(np.uint16)), "without the largest", without)
# Alpha and colours.
full = np.full((HEIGHT, WIDTH), 255, np.uint8)
photo = np.random.default_rng(0).integers(1, 255, (12, 16, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
save("rgba.png", image(np.dstack([photo, np.array(smooth)])), "alpha", alpha)
save("rgba-opaque.png", image(np.dstack([colours, full])), "largest colour", largest)
save("la.png", image(np.dstack([photo[..., 0], np.array(hard)]), "LA"), "alpha", alpha)
save("la-opaque.png", image(np.dstack([np.array(hard), full]), "LA"), "gray", lambda array: array[..., 0] > 0)
save("rgb.png", image(colours), "largest colour", largest)
save("rgb-gray.png", smooth.convert("RGB"), "largest colour", largest)
save("key.png", hard, "not the transparent gray", above, transparency=0)
# Palettes: by index.
voc = [0] * 768
for index, colour in ((8, (64, 0, 0)), (15, (192, 128, 128)), (255, (224, 224, 192))):
    voc[3 * index : 3 * index + 3] = colour


def palette(array, colours):
    out = image(array.astype(np.uint8), "P")
    out.putpalette(colours)
    return out


save("palette-void.png", palette(labels, voc), "without the largest", without)
for bits in (1, 2, 4):
    save(f"palette-{bits}.png", palette(object * (2**bits - 1), [9, 9, 9] + [255, 200, 0] * (2**bits - 1)), "index above 0", above, bits=bits)
save("palette.gif", palette(object, [0, 0, 0, 200, 30, 90]), "index above 0", above)
save("palette.bmp", palette(object[::4, ::4] * 7, [0, 0, 0] + [200, 30, 90] * 7), "index above 0", above)
# Other lossless files.
save("gray.bmp", hard.resize((32, 24), Image.NEAREST), "above 0", above)
save("bits-1.bmp", hard.convert("1"), "above 0", above)
save("gray.tif", smooth, "above 0", above, compression="tiff_lzw")
save("bits-1.tif", hard.convert("1"), "above 0", above, compression="group4")
save("sixteen.tif", image(object.astype(np.uint16)), "above 0", above, compression="tiff_lzw")
save("rgb.tif", image(colours), "largest colour", largest, compression="tiff_deflate")
save("lossless.webp", smooth.convert("RGB"), "largest colour", largest, lossless=True)
save("alpha.webp", image(np.dstack([photo, np.array(hard)])), "alpha", alpha, quality=80)
# Detail lost: from half on, and the same in lossless copies.
for quality in (20, 60, 90):
    save(f"q{quality}.jpg", hard, "from half on", half, quality=quality)
    save(f"q{quality}.webp", hard.convert("RGB"), "from half on", half_colour, quality=quality)
    for ending in ("jpg", "webp"):
        copy = Image.open(folder / f"q{quality}.{ending}").convert("L")
        save(f"q{quality}-{ending}.png", copy, "from half on", half)
save("colours.jpg", image(colours), "from half on", half_colour, quality=85)
copy = Image.open(folder / "colours.jpg")
save("colours-jpg.png", copy, "from half on", half_colour)
save("smooth.jpg", smooth, "from half on", half, quality=85)


def array(name, values, rule, choose):
    np.save(folder / name, values[::4, ::4])
    record(name, lambda path: choose(np.load(path)), rule)


array("bool.npy", object, "above 0", above)
array("void.npy", labels.astype(np.int32), "without the largest", without)
array("negative.npy", np.where(object, 3, -1).astype(np.int16), "above 0", above)
array("ones.npy", object.astype(np.float64), "above 0", above)
array("smooth.npy", (np.array(smooth) / 255).astype(np.float16), "above 0", above)
array("faint.npy", np.array(smooth).astype(np.float32) * 1e-6, "above 0", above)
root.joinpath("masks.csv").write_text("\n".join(rows) + "\n")
