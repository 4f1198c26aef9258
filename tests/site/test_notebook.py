"""The notebook of the documents is a run of the cells that `docs/notebook.py` writes."""

import re

import nbformat

from docs.notebook import PLACE, unrun


def test_the_notebook_is_a_run_of_its_cells():
    found = nbformat.read(PLACE, 4)
    assert [cell.source for cell in found.cells] == [cell.source for cell in unrun().cells]
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [*range(1, len(code) + 1)]
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"execute_result"}
    assert not re.search(r"/(tmp|home|root|Users)/", PLACE.read_text("utf-8"))
