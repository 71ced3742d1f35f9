"""Pictures by formula, the same in Python and in the Rust tests (tests/it/formula.rs)."""

import numpy as np


def noise(count: int, seed: int) -> np.ndarray:
    """Bytes of a 32-bit mix of position and seed."""
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + seed * 40503 + 12345) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    return (x & 0xFF).astype(np.uint8)


def smooth(height: int, width: int, channels: int) -> np.ndarray:
    """Slopes, a checkered pattern and a disc: content that a JPEG codes well."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    value = (3 * x + 5 * y + 40 * c) % 256
    value = np.where((x // 9 + y // 7) % 2 == 0, value // 2 + 64, value)
    disc = (x - width // 2) ** 2 + (y - height // 3) ** 2 < (min(height, width) // 4) ** 2
    return np.where(disc, 230 - 60 * c, value).astype(np.uint8)
