"""Linear maps from brain activity to a layer of a network: arrays in, arrays out."""

import lazy_loader

# The stub of this file says where each name is.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
