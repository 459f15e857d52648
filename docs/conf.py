"""Sphinx configuration. Builds without a network: nothing is fetched, no other project is linked."""

import skrnn

project = "skrnn"
author = "The skrnn developers"
copyright = "2026, The skrnn developers"
version = release = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "literal"  # `k1` in a docstring is code
smartquotes = False  # "adam" in a docstring is code, and what links to a parameter looks for

autosummary_generate = True
numpydoc_show_class_members = False  # the template of the classes lists them
numpydoc_class_members_toctree = False

doctest_global_setup = """
import importlib.util
import warnings
warnings.simplefilter("error")  # an example that warns is an example to mend
has_safetensors = importlib.util.find_spec("safetensors") is not None
has_skops = importlib.util.find_spec("skops") is not None
has_torch = importlib.util.find_spec("torch") is not None  # else its examples are skipped
has_onnx = all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))
"""
trim_doctest_flags = True

plot_formats = [("png", 120)]
plot_html_show_formats = False
plot_html_show_source_link = False

html_theme = "alabaster"
html_theme_options = {
    "description": "Recurrent neural networks as scikit-learn estimators",
    "fixed_sidebar": True,
    "page_width": "1000px",
}
html_show_sourcelink = False
