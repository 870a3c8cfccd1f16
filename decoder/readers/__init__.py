"""Readers: plain functions from files, or other packages' objects, to a `Recording`."""

from .arrays.continuous import read_continuous
from .arrays.npz import read_arrays, read_npz, write_npz
from .dicom.recording import read_dicom
from .fmri.bids import read_bids
from .fmri.nifti import read_nifti
from .fmri.openfmri import read_openfmri
from .mne.export import to_mne
from .mne.files import read_mne
from .mne.objects import from_mne
from .neo.recording import read_neo
from .nwb.recording import read_nwb
from .pictures import read_pictures
from .sounds import read_sounds
from .spikes.responses import read_responses
from .spikes.spike_times import read_spike_times
from .tables import read_attributes, read_events
from .words.read import read_words
from .xdf.recording import read_xdf

__all__ = [
    "from_mne",
    "read_arrays",
    "read_attributes",
    "read_bids",
    "read_continuous",
    "read_dicom",
    "read_events",
    "read_mne",
    "read_neo",
    "read_nifti",
    "read_npz",
    "read_nwb",
    "read_openfmri",
    "read_pictures",
    "read_responses",
    "read_sounds",
    "read_spike_times",
    "read_words",
    "read_xdf",
    "to_mne",
    "write_npz",
]
