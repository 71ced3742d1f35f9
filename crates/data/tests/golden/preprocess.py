"""Golden values of torchvision's Resize and CenterCrop. Writes preprocess.csv."""

import zlib
from pathlib import Path

import PIL
import torchvision
from PIL import Image
from torchvision.transforms import CenterCrop, InterpolationMode, Resize
from formula import noise

rows = [
    f"# torchvision {torchvision.__version__}, Pillow {PIL.__version__}",
    "height,width,resize_height,resize_width,crop_height,crop_width,filter,out_height,out_width,crc32",
]
# resize: 0 none, (n, 0) short side, else exact
CASES = [
    ((480, 854), (256, 0), (224, 224)), ((480, 854), (256, 0), (227, 227)),
    ((854, 480), (256, 0), (224, 224)), ((333, 250), (256, 0), (224, 224)),
    ((100, 100), (256, 256), (224, 224)), ((37, 91), (256, 256), (223, 224)),
    ((37, 91), (0, 0), (50, 40)), ((37, 91), (0, 0), (51, 200)), ((91, 37), (20, 0), (21, 60)),
    ((255, 256), (0, 0), (224, 227)), ((256, 455), (256, 0), (226, 224)), ((5, 4), (9, 0), (0, 0)),
]
for (h, w), resize, crop in CASES:
    for name in ("bilinear", "bicubic", "nearest"):
        image = Image.frombytes("RGB", (w, h), noise(h * w * 3, 9).tobytes())
        mode = InterpolationMode(name)
        if resize[0]:
            size = resize[0] if resize[1] == 0 else list(resize)
            image = Resize(size, interpolation=mode)(image)
        if crop[0]:
            image = CenterCrop(list(crop))(image)
        rows.append(
            f"{h},{w},{resize[0]},{resize[1]},{crop[0]},{crop[1]},{name},"
            f"{image.height},{image.width},{zlib.crc32(image.tobytes()):08x}"
        )
Path(__file__).with_name("preprocess.csv").write_text("\n".join(rows) + "\n")
