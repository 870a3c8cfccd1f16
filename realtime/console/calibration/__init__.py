"""A calibration: cues given, trials learned from, a decoder fitted on the spot."""
