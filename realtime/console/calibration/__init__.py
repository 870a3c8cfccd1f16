"""A calibration: cues are given, a decoder learns from the trials and is fitted at the end."""
