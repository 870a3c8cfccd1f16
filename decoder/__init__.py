"""From a recording to a decision: recordings, steps, readouts, the Decoder and its evaluation.

Names are imported when they are first used, so that a rig, which runs saved bundles only, does not need the packages
for fitting.
"""

import lazy_loader

# The stub next to this file lists the module of each name.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
