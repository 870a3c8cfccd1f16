"""Damaged DICOM files: files of a recording, and as they reach a rig, one after the other."""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from _damage import damaged

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from dicom_files import enhanced, mosaic, single_slices, volume  # pyright: ignore[reportMissingImports]

SHAPE = (3, 2, 2)
N_VOLUMES = 30
MOST_S = 2.0


def dicom_files() -> dict[str, bytes]:
    """The files of a run of mosaics by their paths."""
    return {f"dicom/{n:03}.dcm": mosaic(volume(n, SHAPE), n) for n in range(1, N_VOLUMES + 1)}


def read_on_a_rig(n_files: int, seed: int) -> dict[str, Any]:
    """Give damaged files to what a rig reads them with; return how they ended, and what should not have happened."""
    from hotwire.decoder.readers.dicom.assembly import VolumeAssembly
    from hotwire.decoder.readers.dicom.slices import read_file
    from hotwire.errors import HotwireError

    kinds = (mosaic(volume(1, SHAPE), 1), single_slices(volume(1, SHAPE), 1)[0], enhanced([volume(1, SHAPE)], 1))
    ended = {"read": 0, "torn": 0, "refused": 0}
    finds: list[str] = []
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / f"malformed-{seed}.dcm"
    try:
        for i in range(n_files):
            path.write_bytes(damaged(kinds[i % len(kinds)], "a.dcm", np.random.default_rng([seed, i])))
            begun_s = time.perf_counter()
            try:
                slices = read_file(path)
                ended["torn" if slices is None else "read"] += 1
                if slices is not None:
                    VolumeAssembly(2).add(slices)
            except HotwireError:
                ended["refused"] += 1
            except Exception:  # noqa: BLE001, counted as a find
                finds.append(f"number {i}: {traceback.format_exc(limit=-2)}")
            if time.perf_counter() - begun_s > MOST_S:
                finds.append(f"number {i}: took {time.perf_counter() - begun_s:.1f} s")
    finally:
        path.unlink(missing_ok=True)
    return {"files": n_files, "ended": ended, "finds": finds}


if __name__ == "__main__":
    found = read_on_a_rig(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, 0)
    print(f"{found['files']} damaged DICOM files: {found['ended']}, finds {len(found['finds'])}")
    print("\n".join(dict.fromkeys(one.split(": ", 1)[1] for one in found["finds"])))
