"""Decoding, geometry and conditions, with Pillow and numpy only.

Images are float32 arrays ``[H, W, 3]`` in RGB with values in 0..1; masks are bool arrays ``[H, W]``, true on the
object. Geometry follows torchvision: the short side is exact, the long side truncated, the crop's offset rounded half
to even. Masks take the same way with nearest sampling.
"""

import csv
import dataclasses
import pathlib
import tomllib

import numpy as np
from PIL import Image, ImageOps

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclasses.dataclass
class Card:
    """What a model card says about the way from a photograph to the input."""

    input: str
    logits: str
    cam_layer: str
    resize: dict
    crop: tuple[int, int] | None
    interpolation: str
    channels: str
    scale: float
    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def read(cls, path):
        """Reads the TOML card; only NCHW inputs and raw logits are supported here."""
        card = tomllib.loads(pathlib.Path(path).read_text())
        if card.get("layout", "nchw") != "nchw" or card.get("softmax", False):
            raise ValueError(f"{path}: this reference needs layout = 'nchw' and softmax = false")
        steps = card["preprocess"]
        crop = steps.get("crop")
        if isinstance(crop, int):
            crop = (crop, crop)
        return cls(
            input=card["input"],
            logits=card["logits"],
            cam_layer=card["cam_layer"],
            resize=steps["resize"],
            crop=tuple(crop) if crop else None,
            interpolation=steps["interpolation"],
            channels=steps["channels"],
            scale=steps["scale"],
            mean=np.array(steps["mean"], np.float32),
            std=np.array(steps["std"], np.float32),
        )

    def resized_size(self, width, height):
        """``(width, height)`` after the resize step."""
        if "exact" in self.resize:
            return self.resize["exact"][1], self.resize["exact"][0]
        short = self.resize["short_side"]
        if width <= height:
            return short, int(short * height / width)
        return int(short * width / height), short

    def centre_crop(self, image):
        """Centre crop of a Pillow image that is at least as large as the crop."""
        if self.crop is None:
            return image
        height, width = self.crop
        if image.width < width or image.height < height:
            raise ValueError(f"crop {self.crop} is larger than the resized image {image.size}")
        left = round((image.width - width) / 2)  # Python rounds half to even, as torchvision does
        top = round((image.height - height) / 2)
        return image.crop((left, top, left + width, top + height))

    def crop_image(self, image):
        """Photograph (Pillow, RGB) to ``[H, W, 3]`` in 0..1."""
        resized = image.resize(self.resized_size(*image.size), FILTERS[self.interpolation])
        return np.asarray(self.centre_crop(resized), np.float32) / np.float32(255)

    def crop_mask(self, mask):
        """Mask to its resized and its cropped form."""
        picture = Image.fromarray(mask.astype(np.uint8) * 255)
        resized = picture.resize(self.resized_size(*picture.size), FILTERS["nearest"])
        return np.asarray(resized) > 0, np.asarray(self.centre_crop(resized)) > 0

    def normalise(self, image):
        """``[H, W, 3]`` in 0..1, RGB, to the model's ``[3, H, W]``."""
        if self.channels == "bgr":
            image = image[..., ::-1]
        value = (image * np.float32(self.scale) - self.mean) / self.std
        return np.ascontiguousarray(value.transpose(2, 0, 1), np.float32)


def read_image(path):
    """RGB photograph with its EXIF orientation applied."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def read_mask(path):
    """Object where the stored value is above 0; palettes are read by index."""
    with Image.open(path) as image:
        if image.mode not in ("1", "L", "P", "I;16", "I"):
            raise ValueError(f"{path}: expected a gray or palette mask, found mode {image.mode}")
        return np.asarray(image) > 0


def read_overlay(path, height, width):
    """RGBA overlay as ``[H, W, 4]`` in 0..1, scaled bilinearly where its size differs (Pillow premultiplies alpha)."""
    with Image.open(path) as image:
        overlay = image.convert("RGBA")
    if overlay.size != (width, height):
        overlay = overlay.resize((width, height), FILTERS["bilinear"])
    return np.asarray(overlay, np.float32) / np.float32(255)


def gray(image, mask):
    """Object pixels to exactly one half."""
    return np.where(mask[..., None], np.float32(0.5), image)


def bounding_box(mask):
    """Box around all object pixels, last row and column included."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.zeros_like(mask)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def blend(image, overlay):
    """Alpha blending in 0..1."""
    alpha = overlay[..., 3:]
    return image * (1 - alpha) + overlay[..., :3] * alpha


def noisy(image, mask, field, level):
    """``field`` (standard normal, ``[H, W, 3]``) added where ``mask`` is true, clamped to 0..1.

    ``level`` is ``linf/SIGMA`` (SIGMA times the field) or ``l2/NORM`` (the masked field scaled to that norm over all
    pixels and channels, before clamping).
    """
    kind, size = level.split("/")
    masked = field * mask[..., None]
    if kind == "linf":
        masked *= np.float32(size)
    elif kind == "l2":
        masked *= np.float32(float(size) / np.linalg.norm(masked.astype(np.float64)))
    else:
        raise ValueError(f"noise level {level}: expected linf/SIGMA or l2/NORM")
    return np.clip(image + masked, 0, 1).astype(np.float32)


def read_table(table):
    """Rows of a CSV table with columns image, class and mask; paths made absolute, ids kept."""
    table = pathlib.Path(table)
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {"id": row["image"], "class": row["class"], "image": table.parent / row["image"], "mask": table.parent / row["mask"]}
        for row in rows
    ]


def read_label_map(path):
    """Class name to the sorted outputs that count as right."""
    outputs = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            outputs.setdefault(row["class"], set()).add(int(row["output"]))
    return {name: sorted(values) for name, values in outputs.items()}
