"""README's code runs, and its commands are where .ci/run looks for them."""

import ast
import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="not in a checkout")


def test_the_code_runs_from_top_to_bottom_and_answers_as_written(capsys):
    pytest.importorskip("pandas")
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names, answers = {"__name__": "readme"}, []
    for block in blocks:
        *lines, last = ast.parse(block).body
        exec(compile(ast.Module(lines, []), str(README), "exec"), names)
        answers.append(eval(compile(ast.Expression(last.value), str(README), "eval"), names))
    score, forecast, _ = answers
    assert score == 1.0
    assert len(forecast) == 28
    assert names["search"].best_params_["k2"] == 9
    assert "'k2': 9" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["main", "tests"])
def test_a_marked_command_is_one_line(name):
    (command,) = re.findall(
        rf"<!-- command: {name} -->\n```console\n(.*)\n```", README.read_text(encoding="utf-8")
    )
    assert command.startswith("python3 -m venv .venv && ")
