"""A small session as an NWB file, written with pynwb."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, ecephys
from pynwb import TimeSeries as AnySeries

# Their arguments are known to pynwb alone.
TimeSeries: Any = AnySeries
ElectricalSeries: Any = ecephys.ElectricalSeries
LFP: Any = ecephys.LFP

ONSETS = 5.0 + 0.4 * np.arange(12)
LABELS = ["left", "right", "up"] * 4


def made_session(seed: int = 0) -> Any:
    """Two groups of electrodes, raw samples at 1000 Hz from 4 s on, an LFP with a pause, five units, twelve trials."""
    rng = np.random.default_rng(seed)
    file: Any = NWBFile(
        session_description="a session", identifier="made", session_start_time=datetime(2024, 1, 1, tzinfo=UTC)
    )
    device = file.create_device(name="array")
    groups = [
        file.create_electrode_group(name=name, description=name, location="cortex", device=device)
        for name in ("probeA", "probeB")
    ]
    file.add_electrode_column(name="channel_name", description="on the cap")
    for i in range(4):
        file.add_electrode(group=groups[i // 2], location=("V1", "unknown")[i // 2], channel_name=f"C{i}")
    some = file.create_electrode_table_region(region=[0, 2, 3], description="some")
    raw = ElectricalSeries(
        name="raw",
        data=rng.integers(-300, 300, (6000, 3)).astype(np.int16),
        electrodes=some,
        rate=1000.0,
        starting_time=4.0,
        conversion=1e-6,
        offset=2e-5,
        channel_conversion=[1.0, 2.0, 0.5],
    )
    file.add_acquisition(raw)
    file.add_acquisition(TimeSeries(name="lick", data=rng.normal(size=600), unit="N", rate=100.0, starting_time=4.0))
    stamps = np.concatenate([4.0 + 0.01 * np.arange(300), 8.0 + 0.01 * np.arange(200)])
    lfp = ElectricalSeries(name="lfp", data=1e-4 * rng.normal(size=(500, 3)), electrodes=some, timestamps=stamps)
    file.create_processing_module(name="ecephys", description="made").add(LFP(electrical_series=lfp))
    for name in ("side", "contrast", "go"):
        file.add_trial_column(name=name, description=name)
    for i, onset in enumerate(ONSETS.tolist()):
        go = onset + 0.1 if i else np.nan
        file.add_trial(start_time=onset, stop_time=onset + 0.2, side=LABELS[i], contrast=i % 2 / 4, go=go)
    for i in range(5):
        times = np.sort(rng.uniform(0, 10, 100 + i))
        observed: Any = [[0.0, 10.0]]
        file.add_unit(
            spike_times=times, electrodes=[i % 4], electrode_group=groups[i % 2], obs_intervals=observed, id=10 + i
        )
    return file


def write_session(path: Path, file: Any = None) -> Path:
    opened: Any = NWBHDF5IO
    with opened(path, "w") as io:
        io.write(made_session() if file is None else file)
    return path
