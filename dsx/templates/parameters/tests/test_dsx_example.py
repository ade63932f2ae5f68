from dsx.plugin_api.testing import load_plugins


def test_its_parameters() -> None:
    asked = load_plugins().parameter_sets["example"].root.parameters
    assert [parameter.name for parameter in asked] == ["participants", "age", "design"]
