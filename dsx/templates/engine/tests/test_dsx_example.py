import json

import pytest

from dsx.errors import UsageError
from dsx.plugins import load_plugins
from dsx.types import EngineSettings, Parameter, Question, Shown


def test_it_answers_every_question_once() -> None:
    engine = load_plugins().engines["example"](EngineSettings())
    shown = Shown("There were 16 participants. They sat.", (), True)
    asked = [Parameter("participants", {"type": "integer"}), Parameter("age", {"type": "number"})]
    questions = [Question(each.name, "", shown, "", "parameters", (each,)) for each in asked]
    answers = {completion.key: json.loads(completion.text) for completion in engine.answer(questions)}
    assert answers == {
        "participants": {"participants": {"value": 16, "quote": "There were 16 participants."}},
        "age": {"age": None},
    }


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(UsageError, match="colour"):
        load_plugins().engines["example"](EngineSettings(options={"colour": "red"}))
