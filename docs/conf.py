"""Sphinx configuration. Builds without a network; no script or font comes from elsewhere."""

import sys
from pathlib import Path

from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # so that its names can be linked

import skrnn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

import offline_inventories  # noqa: E402

project = "skrnn"
author = "The skrnn developers"
copyright = "2026, The skrnn developers"
version = release = skrnn.__version__

extensions = [
    "mathml",
    "prose_tables",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/**/*.py"]
default_role = "literal"  # `k1` in a docstring is code
smartquotes = False  # "adam" in a docstring is code, and what links to a parameter looks for
html_math_renderer = "mathml"

autosummary_generate = True
numpydoc_show_class_members = False  # the template of the classes lists them
numpydoc_class_members_toctree = False
add_module_names = False
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88  # on a phone a signature of one line is a line of 3000 pixels

intersphinx_mapping = offline_inventories.write(HERE / "_build" / "inventories")

doctest_global_setup = """
import importlib.util
import warnings
warnings.simplefilter("error")  # an example that warns is an example to mend
has_safetensors = importlib.util.find_spec("safetensors") is not None
has_skops = importlib.util.find_spec("skops") is not None
has_torch = importlib.util.find_spec("torch") is not None  # else its examples are skipped
has_dask = importlib.util.find_spec("distributed") is not None
has_onnx = all(importlib.util.find_spec(name) is not None for name in ("onnx", "onnxruntime"))
"""
trim_doctest_flags = True

plot_formats = [("png", 120)]
plot_working_directory = str(HERE)
plot_html_show_formats = False
plot_html_show_source_link = False


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py",  # all of them run; one that fails ends the build
    "abort_on_example_error": True,
    "reset_modules": ("matplotlib", "gallery_warnings.as_errors"),
    "reset_modules_order": "both",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "plot_gallery": "True",
    "default_thumb_file": str(HERE / "_static" / "no_picture.png"),
    "min_reported_time": 0,
    "write_computation_times": False,
    "doc_module": ("skrnn",),
    "backreferences_dir": "generated/examples",
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

html_theme = "pydata_sphinx_theme"
html_title = f"skrnn {release}"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_theme_options = {
    "logo": {"text": f"skrnn {release}"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "navigation_depth": 3,
    "secondary_sidebar_items": ["page-toc", "sg_download_links"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
html_sidebars = {"index": [], "cookbook/faq": ["sidebar-nav-bs"]}
html_show_sourcelink = True
