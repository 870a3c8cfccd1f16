"""How Sphinx builds these pages: ``sphinx-build -W docs site``. No network is needed."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from generate import write_python_reference, write_study_reference

project = "hotwire"
copyright = "the hotwire developers"
release = importlib.metadata.version("hotwire")

extensions = [
    "myst_parser",
    "sphinx_click",
    "sphinx_design",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
myst_enable_extensions = ["colon_fence"]
templates_path = ["templates"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["results", "templates", "pictures/*.py", "programs"]

html_theme = "pydata_sphinx_theme"
html_title = "hotwire"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {page: [] for page in ("install", "demo", "results", "format", "limits", "changelog")}
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "results": []},  # its tables are wide
    "footer_start": [],
    "footer_end": [],
}

# Names in single backquotes are code, as in the docstrings of numpy's own family.
default_role = "code"
autosummary_generate = True
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

write_python_reference(Path(__file__).parent / "reference")
write_study_reference(Path(__file__).parent / "reference")


def setup(app) -> None:
    """Leave out what estimators and errors inherit from other packages: those document it themselves."""

    def skip(app, what, name, member, skip, options):
        return not str(getattr(member, "__module__", "hotwire")).startswith("hotwire") or None

    app.connect("autodoc-skip-member", skip)
