"""Gaps: which samples are missing, by their stamps, and what happens then.

A gap passes through these files, in this order:

* ``gaps/timeline.py`` detects it from the stamps (``grid.py``: when each sample should be stamped; ``segments.py``:
  clocks that were set). It is a `Gap` between two `SampleRange`, and is counted in `Losses`.
* ``engine/open_stream.py`` (`OpenStream.take`) reports it and lets every decoder skip it. ``engine/ring.py`` returns
  NaN for it.
* ``engine/pipeline.py`` (`Pipeline.skip`) passes it to the steps and windows. A step's ``on_gap`` says what the step
  does (``decoder/steps/base.py``). Windows count the samples received, or bridge the gap (``decoder/windows``).
* ``engine/deciding.py`` (`abstention`) abstains on a window with too few samples (`LiveSettings.min_present`).
* ``health.py`` sets the state GAP. ``engine/connection.py`` opens a lost stream again.
"""
