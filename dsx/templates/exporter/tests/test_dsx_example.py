import io

from dsx.plugin_api import PaperResult, Parameter, ParameterSet, Record, RecordType, Status, Value
from dsx.plugin_api.testing import load_plugins


def test_it_writes_a_row_for_each_record() -> None:
    count = Parameter("n_total", {"type": "integer"})
    parameters = ParameterSet("set", "", {}, RecordType("", "", (count,)))
    result = PaperResult("0" * 64, "a|b.pdf", (Record(None, "", {"n_total": Value(16, Status.STATED)}),))
    out = io.StringIO()
    load_plugins().exporters["example"].export([result], parameters, out)
    assert out.getvalue().splitlines()[-1] == "| a\\|b.pdf |  | 16 |"
