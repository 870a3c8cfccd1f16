"""Neurodata Without Borders: units, series of electrodes, and tables of intervals."""
