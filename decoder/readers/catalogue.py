"""The readers there are, by the ``kind`` that a study file's [recording] names.

One more is a file with a function and an entry here; from another package, an entry point of the group
``hotwire.readers``, such as ``my-format = "my_package:read_my_format"``. A study file then takes the parameters of the
function as they are annotated: paths, texts, numbers, truth values, literals, lists and mappings of these.
"""

from __future__ import annotations

from collections.abc import Callable

from ..recordings.recording import Recording
from ..registry import Registry
from .arrays.continuous import read_continuous
from .arrays.named_arrays import read_named_arrays
from .arrays.npz import read_npz
from .dicom.recording import read_dicom
from .fmri.asset import read_asset
from .fmri.bids import read_bids
from .fmri.nifti import read_nifti
from .fmri.openfmri import read_openfmri
from .mne.files import read_mne
from .neo.recording import read_neo
from .nwb.recording import read_nwb
from .spikes.pseudo_trials import read_spikes
from .spikes.responses import read_responses
from .spikes.spike_times import read_spike_times
from .xdf.recording import read_xdf

READERS: Registry[Callable[..., Recording]] = Registry(
    "hotwire.readers",
    {
        "asset": read_asset,
        "nifti": read_nifti,
        "dicom": read_dicom,
        "openfmri": read_openfmri,
        "bids": read_bids,
        "npz": read_npz,
        "mne": read_mne,
        "xdf": read_xdf,
        "nwb": read_nwb,
        "neo": read_neo,
        "continuous": read_continuous,
        "spike_times": read_spike_times,
        "arrays": read_named_arrays,
        "spikes": read_spikes,
        "responses": read_responses,
    },
)
