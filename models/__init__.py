"""Pretrained networks, opened at a layer: record activations up to it, resume from it.

Names are imported when they are first used, so that importing the package costs nothing.
"""

import lazy_loader

# The stub next to this file says which module has which name.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
