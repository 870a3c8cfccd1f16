"""The live runtime imports from an install without extras, and brings nothing heavy along."""

import sys
from importlib import import_module
from importlib.util import find_spec

HEAVY = ("torch", "sklearn", "scipy", "mne", "nibabel", "matplotlib", "transformers", "click", "pydantic", "rich")

installed = [name for name in HEAVY if find_spec(name)]
if installed:
    sys.exit(f"an install without extras brought {', '.join(installed)}")
for name in ("hotwire.realtime", "hotwire.decoder.steps", "hotwire.errors"):
    import_module(name)
loaded = [name for name in HEAVY if name in sys.modules]
if loaded:
    sys.exit(f"the live runtime imports {', '.join(loaded)}")
print("the live runtime imports without extras")
