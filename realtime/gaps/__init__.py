"""Which samples are missing: from stamps to positions on the sample grid, and what is done about a gap.

A gap is met in this order, each part in its own file:

* ``gaps/timeline.py`` finds it by the stamps (``grid.py``: when each sample should be stamped; ``segments.py``: clocks
  that were set), as a `Gap` between the `SampleRange` of those that came, and counts it in `Losses`.
* ``engine/open_stream.py`` (`OpenStream.take`) reports it and has every decoder skip it; ``engine/ring.py`` reads NaN.
* ``engine/pipeline.py`` (`Pipeline.skip`) passes it on to the steps and windows. What each step does, its ``on_gap``
  says (``decoder/steps/base.py``); windows count the samples that came, or bridge the gap (``decoder/windows``).
* ``engine/deciding.py`` (`abstention`) refuses a window of which too little came (`LiveSettings.min_present`).
* ``health.py`` makes the state GAP of it, and ``engine/connection.py`` opens a stream again that is gone.
"""
