"""Recordings from scanners: NIfTI files, BIDS datasets, OpenfMRI folders."""
