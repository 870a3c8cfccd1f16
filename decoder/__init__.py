"""From a recording to an answer: recordings, steps, readouts, the Decoder and its evaluation.

Names are imported when they are first used, so that a rig, which runs saved bundles only, needs none of what fitting
takes.
"""

import lazy_loader

# The stub beside this file says which name lies where.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
