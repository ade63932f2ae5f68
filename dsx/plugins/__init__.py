"""Plugins: the hooks, what is installed, and the built-ins."""

from dsx.plugins.load import HOOKS, Plugins, installed, load_plugins
from dsx.plugins.registry import PluginReport, Registry

__all__ = ["HOOKS", "PluginReport", "Plugins", "Registry", "installed", "load_plugins"]
