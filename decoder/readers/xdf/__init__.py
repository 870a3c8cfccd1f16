"""Recordings from XDF files, as LabRecorder and hotwire's own recorder write them."""
