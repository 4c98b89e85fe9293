"""Sphinx configuration."""

import importlib.metadata
import re
import runpy
from pathlib import Path

import docutils.nodes
import latex2mathml.converter

HERE = Path(__file__).parent

project = "regretlab"
author = "The regretlab developers"
project_copyright = author
release = importlib.metadata.version("regretlab")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_math_renderer = "mathml"
html_title = "regretlab"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_type_aliases = {name: name for name in ("Array", "Actions")}
napoleon_use_ivar = True
autodoc_mock_imports = ["coba", "river", "libcachesim", "stable_baselines3"]  # of adapters
autodoc_inherit_docstrings = False  # methods of the contract are described once, in the contract
suppress_warnings = ["ref.python"]  # a type's name that two modules define, in an attribute's description
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
exclude_patterns = ["_build"]


def formulas_as_text(app, what, name, obj, options, lines):
    """Show the indented formulas of a module's docstring as they stand."""
    if what != "module":
        return
    shown, inside = [], False
    for i, line in enumerate(lines):
        indented = line.startswith(" ")
        starts = indented and not inside and (i == 0 or not lines[i - 1].strip())
        if starts:
            inside = True
            shown += [".. code-block:: text", ""]
        elif line.strip() and not indented:
            inside = False
        shown.append(line)
    lines[:] = shown


def without_field_aliases(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples, which their class describes."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field number") else None


def formula(display):
    """A visitor that writes a formula as MathML, which browsers show without a script and without a connection."""

    def visit(translator, node):
        spaced = re.sub(r"\\(ln|log)(?![a-z_^])", r"\\,\\\1\\,", node.astext())
        translator.body.append(latex2mathml.converter.convert(spaced, display=display))
        raise docutils.nodes.SkipNode

    return visit


def setup(app):
    """Write the reference's pages, then build."""
    runpy.run_path(str(HERE / "reference.py"))["write"](HERE / "reference")
    app.add_html_math_renderer("mathml", (formula("inline"), None), (formula("block"), None))
    app.connect("autodoc-process-docstring", formulas_as_text)
    app.connect("autodoc-skip-member", without_field_aliases)
