"""dsx fills parameter sets from scientific PDFs; see README.md."""

from dsx.plugins.hookspecs import hookimpl

__all__ = ["__version__", "hookimpl"]
__version__ = "0.1.0"
