"""A saved decoder on a live stream: sources, clocks and gaps, the engine, its outputs.

It needs only numpy, onnxruntime and pylsl, except `hotwire.realtime.console` (commands and views) and
`hotwire.realtime.sources.volumes` (NIfTI files from a scanner). Names are imported at first use.

Examples
--------
Decide on a stream until it ends::

    from hotwire.realtime import stream

    for decision in stream("decoder.hotwire", "MyAmplifier", markers="Cues"):
        print(decision.said, decision.probabilities, decision.present)
"""

import lazy_loader

# The stub of this file says where each name is.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
