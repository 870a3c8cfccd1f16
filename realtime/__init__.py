"""A saved decoder on a live stream: sources, clocks and gaps, the engine, its outputs.

All of it runs on numpy, onnxruntime and pylsl alone, but for `hotwire.realtime.console` (what a person sees and types)
and `hotwire.realtime.sources.volumes` (NIfTI files as a scanner exports them). Names are
imported when they are first used.

Examples
--------
Decide on a stream for as long as it goes on::

    from hotwire.realtime import stream

    for decision in stream("decoder.hotwire", "MyAmplifier", markers="Cues"):
        print(decision.said, decision.probabilities, decision.present)
"""

import lazy_loader

# The stub beside this file says which name lies where.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
