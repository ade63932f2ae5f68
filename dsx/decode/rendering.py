"""Chat messages to tokens: a prefix that all questions about a text share, and a suffix that is a question's own.

The paper and the question are data: special tokens that stand in them are plain characters here, so no text of a paper
can end its turn or open another.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from dsx.types import Question, Shown

TEXT_MARK, QUESTION_MARK = "dsxTEXTdsx", "dsxQUESTIONdsx"
PLAIN_END = "\n\nAnswer:\n"
"""What stands before the answer where a model has no chat template; the messages stand above it as they are."""


class Renderer:
    """Renders with the tokenizer's own chat template, thinking switched off where the template knows of it."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._pieces = lru_cache(maxsize=8)(self._render)
        self._prefix = lru_cache(maxsize=64)(self._prefix_tokens)

    def prefix(self, question: Question) -> tuple[int, ...]:
        """Tokens of the system prompt, the examples and the text."""
        return self._prefix(_frame(question), question.shown.text)

    def frame(self, question: Question) -> tuple[int, ...]:
        """Tokens of what stands before the text: the beginning of every prefix of a run."""
        return self._prefix(_frame(question), "")

    def suffix(self, question: Question) -> list[int]:
        """Tokens of the question and of all that the template puts before an answer."""
        _, middle, end = self._pieces(_frame(question))
        return self._plain(middle + question.prompt) + self._special(end)

    def _prefix_tokens(self, frame: Question, text: str) -> tuple[int, ...]:
        start, _, _ = self._pieces(frame)
        return (*self._special(start, first=True), *self._plain(text))

    def _render(self, frame: Question) -> tuple[str, str, str]:
        """What stands before the text, between text and question, and after the question."""
        messages = frame.messages()
        if not getattr(self.tokenizer, "chat_template", None):
            rendered = "\n\n".join(message["content"] for message in messages) + PLAIN_END
        else:
            try:
                rendered = self._template(messages)
                if frame.system.strip() not in rendered:
                    raise ValueError("the template leaves the system message out")
            except Exception:  # templates raise what they like where they know no system role
                system, first, *others = messages
                first = {**first, "content": f"{system['content']}\n\n{first['content']}"}
                rendered = self._template([first, *others])
        start, rest = rendered.split(TEXT_MARK)
        middle, end = rest.split(QUESTION_MARK)
        return start, middle, end

    def _template(self, messages: list[dict[str, str]]) -> str:
        rendered: str = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return rendered

    def _special(self, text: str, first: bool = False) -> list[int]:
        whole = first and not getattr(self.tokenizer, "chat_template", None)
        ids: list[int] = self.tokenizer(text, add_special_tokens=whole)["input_ids"]
        return ids

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids


def _frame(question: Question) -> Question:
    """What all questions of a run have in common, with marks where text and question go."""
    frame = Question("", question.system, Shown(TEXT_MARK, (), True), QUESTION_MARK, "parameters")
    return replace(frame, examples=question.examples)
