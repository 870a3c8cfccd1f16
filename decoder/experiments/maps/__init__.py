"""Injection maps: region by time by layer, where does the network understand what is injected?

Names are imported when they are first used, as in `hotwire.decoder`.
"""

import lazy_loader

# The stub next to this file says which module has which name.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
