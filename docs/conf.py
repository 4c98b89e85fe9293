"""Sphinx configuration."""

import importlib.metadata

project = "regretlab"
author = "The regretlab developers"
release = importlib.metadata.version("regretlab")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = "regretlab"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]
