"""One array as .npy files of every type a mask may have. Writes npy/*."""

import shutil
from pathlib import Path

import numpy as np

folder = Path(__file__).parent / "npy"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir()
array = np.arange(35).reshape(5, 7) % 4
for name in ("uint8", "uint16", "int32", ">i4", "uint64", "float32", ">f8"):
    np.save(folder / f"{name.replace('>', 'big-')}.npy", array.astype(name))
np.save(folder / "bool.npy", array > 0)
np.save(folder / "fortran.npy", np.asfortranarray(array.astype(np.int64)))
np.save(folder / "signed.npy", (array - 1).astype(np.int8))
np.save(folder / "fraction.npy", ((array - 1) * 0.25).astype(np.float32))
np.save(folder / "channel-last.npy", array.astype(np.uint8)[..., None])
np.save(folder / "three.npy", np.zeros((2, 3, 4), np.uint8))
np.save(folder / "complex.npy", array.astype(np.complex64))
np.lib.format.write_array(open(folder / "version2.npy", "wb"), array.astype(np.uint8), version=(2, 0))
