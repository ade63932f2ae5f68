import json

import pytest

from dsx.plugin_api import EngineSettings, Parameter, Question, QuestionId, Shown, UsageError
from dsx.plugin_api.testing import load_plugins


def test_it_answers_every_question_once() -> None:
    engine = load_plugins().engines["example"](EngineSettings())
    shown = Shown("There were 16 participants. They sat.", (), True)
    asked = [Parameter("participants", {"type": "integer"}), Parameter("age", {"type": "number"})]
    ids = [QuestionId("paper", names=(each.name,)) for each in asked]
    questions = [Question(id, "", shown, "", "parameters", (each,)) for id, each in zip(ids, asked, strict=True)]
    answers = {completion.question_id.names[0]: json.loads(completion.text) for completion in engine.answer(questions)}
    assert answers == {
        "participants": {"participants": {"value": 16, "quote": "There were 16 participants."}},
        "age": {"age": None},
    }


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(UsageError, match="colour"):
        load_plugins().engines["example"](EngineSettings(options={"colour": "red"}))
