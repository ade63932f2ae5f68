from dsx.plugin_api.testing import load_plugins


def test_it_mends_its_kind_and_nothing_else() -> None:
    mend = load_plugins().repairs["example"].mend
    assert mend('\ufeff{"value":\u200b 16}') == '{"value": 16}'
    assert mend('{"value": "a \\"b\\" c",}') == '{"value": "a \\"b\\" c",}'
