"""Live sources, clocks and gaps, the engine loop: what a rig runs.

Nothing lives here yet. The folder and its walls stand so that what a rig will run (`hotwire.decoder.steps` above all)
is kept free of everything that only fitting needs; the rig-only install is checked for that.
"""
