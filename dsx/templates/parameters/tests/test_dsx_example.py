from dsx.plugins import load_plugins


def test_it_asks_for_two_parameters() -> None:
    asked = load_plugins().parameter_sets["example"].root.parameters
    assert [parameter.name for parameter in asked] == ["participants", "design"]
