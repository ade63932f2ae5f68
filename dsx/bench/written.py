"""The work of free text: three questions about each paper, whose answers all meet the cap."""

from __future__ import annotations

from pathlib import Path

from dsx.pipeline import Filling, Pipeline
from dsx.types import PaperResult, Parameter, Passage, Question, QuestionId, Shown

QUESTIONS = ("aims", "methods", "findings")
TOKENS = 384
"""Of an answer: the cap of this work. As the work was measured with vLLM."""
LONGER_THAN_THE_CAP = {"type": "string", "minLength": 12_000, "maxLength": 16_000}


def written_rounds(pipeline: Pipeline, path: Path) -> Filling:
    """One round. The answers are counted, and none is kept: they are cut."""
    document = pipeline.load(path)
    shown = Shown(document.text, (Passage(0, len(document.text)),), True)
    wording = pipeline.run.wording
    questions = [
        Question(
            QuestionId(document.id, (), (name,)),
            wording.system,
            shown,
            pipeline.run.prompts.parameters((parameter,), None),
            "parameters",
            (parameter,),
            examples=wording.examples,
            may_be_null=False,
        )
        for name in QUESTIONS
        for parameter in (Parameter(name, LONGER_THAN_THE_CAP, f"The {name} of the study, in full."),)
    ]
    by_id, asked = {question.id: question for question in questions}, questions
    while by_id:
        completion = yield asked
        asked = []
        pipeline.run.log(by_id.pop(completion.question_id), completion, ())
    return PaperResult(document.id, document.file, ())
