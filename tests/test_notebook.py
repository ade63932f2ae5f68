"""examples/first_table.ipynb as it stands, with the scripted engine, in a kernel of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Scripted

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOK = EXAMPLES / "first_table.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the Jupyter packages
def test_the_notebook_goes_from_papers_to_a_data_frame(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name, value in scripted.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", f"{scripted.folder / 'site'}:{EXAMPLES.parent}")
    shutil.copytree(EXAMPLES / "papers", tmp_path / "papers")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (table,) = [cell for cell in notebook.cells if cell.cell_type == "code" and "dsx.extract" in cell.source]
    lines = [line for line in table.source.splitlines() if line.strip()]
    assert len(lines) <= 10, "from import to data frame in ten lines"
    table.source = table.source.replace('"papers"', '"papers", engine="scripted"')
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
        skip_cells_with_tag="skip-execution",
    )
    client.execute()
    bar, frame = table.outputs
    assert '<progress max="1" value="1"></progress> 1/1 papers<br>sample.pdf: 2 records' in bar["data"]["text/html"]
    assert "<th>participants</th>" in frame["data"]["text/html"]
    assert "<td>sample.pdf</td>" in frame["data"]["text/html"]
    (evidence,) = [cell for cell in notebook.cells if cell.cell_type == "code" and "long=True" in cell.source]
    assert "<th>quote</th>" in evidence.outputs[0]["data"]["text/html"]
