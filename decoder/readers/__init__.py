"""Readers: plain functions from files, or other packages' objects, to a `Recording`."""

from .arrays import read_arrays, read_npz, write_npz
from .bids import read_bids
from .continuous import read_continuous
from .mne_export import to_mne
from .mne_files import read_mne
from .mne_objects import from_mne
from .nifti import read_nifti
from .openfmri import read_openfmri
from .responses import read_pictures, read_responses
from .spike_times import read_spike_times
from .tables import read_attributes, read_events
from .xdf import read_xdf

__all__ = [
    "from_mne",
    "read_arrays",
    "read_attributes",
    "read_bids",
    "read_continuous",
    "read_events",
    "read_mne",
    "read_nifti",
    "read_npz",
    "read_openfmri",
    "read_pictures",
    "read_responses",
    "read_spike_times",
    "read_xdf",
    "to_mne",
    "write_npz",
]
