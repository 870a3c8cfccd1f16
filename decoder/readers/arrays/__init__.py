"""Recordings out of arrays: hotwire's own file, and arrays by name in .npz and MATLAB's .mat files."""
