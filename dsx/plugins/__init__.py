"""Plugins: the hooks, what is installed, and the built-ins."""

from dsx.plugins.load import DISTRIBUTION, HOOKS, Plugins, installed, load_plugins
from dsx.plugins.registry import PluginReport, Registry

__all__ = ["DISTRIBUTION", "HOOKS", "PluginReport", "Plugins", "Registry", "installed", "load_plugins"]
