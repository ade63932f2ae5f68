from dsx.plugin_api.testing import broken_promises, load_plugins


def test_it_is_shown_passages_and_keeps_its_promises() -> None:
    plugins = load_plugins()
    assert not plugins.models["example"].whole_papers
    assert broken_promises(plugins, "example") == []
