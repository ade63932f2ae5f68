from dsx.plugin_api.testing import broken_promises, load_plugins


def test_it_asks_for_caution_and_keeps_its_promises() -> None:
    plugins = load_plugins()
    assert "in doubt" in plugins.prompt_sets["example"].system
    assert broken_promises(plugins, "example") == []
