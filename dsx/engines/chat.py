"""Chat messages to tokens: a prefix that all questions about a text share, and a suffix that is a question's own.

The paper and the question are data. Control tokens that stand in them are plain characters here, so no text of a paper
can end its turn or open another. transformers has a switch for that, `split_special_tokens`, but sets it on the
tokenizer that all threads share. So there are two tokenizers here, and neither is ever switched.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from dsx.errors import ModelError, one_line
from dsx.types import Question, QuestionId, Shown

TEMPLATE_SECONDS = 10.0
"""A template comes from a model's folder, and may loop; only marks are rendered, never a paper."""
LONGEST_RENDERED = 10_000_000
KEPT_CHARACTERS = 2000
"""Of a text that is worth keeping its tokens: sentences are counted, and never read by themselves."""
TEXT_MARK, QUESTION_MARK = "dsxTEXTdsx", "dsxQUESTIONdsx"
PLAIN_END = "\n\nAnswer:\n"
"""What stands before the answer where a model has no chat template. The messages stand above it as they are."""


class Renderer:
    """Renders with the tokenizer's own chat template, thinking switched off where the template knows of it."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._encode_control = encoder(tokenizer, control_tokens=True)
        self._encode_text = encoder(tokenizer, control_tokens=False)
        self._pieces = lru_cache(maxsize=8)(self._render)
        self._prefix = lru_cache(maxsize=64)(self._prefix_tokens)
        self._paper_tokens = lru_cache(maxsize=64)(self._encode_text)

    def prefix(self, question: Question) -> tuple[int, ...]:
        """Tokens of the system prompt, the examples and the text."""
        return self._prefix(_frame(question), question.shown.text)

    def check(self) -> None:
        """Raises ModelError where the chat template renders no messages."""
        question = Question(QuestionId(""), "system", Shown("", (), True), "", "parameters")
        try:
            self._pieces(_frame(question))
        except Exception as problem:
            raise ModelError(
                f"the model's chat template fails ({one_line(problem)}); mend chat_template.jinja"
            ) from None

    def frame(self, question: Question) -> tuple[int, ...]:
        """Tokens of what stands before the text: the beginning of every prefix of a run."""
        return self._prefix(_frame(question), "")

    def suffix(self, question: Question) -> list[int]:
        """Tokens of the question and of all that the template puts before an answer."""
        _, middle, end = self._pieces(_frame(question))
        return self.encode_text(middle + question.prompt) + self._special(end)

    def count(self, text: str) -> int:
        """How many tokens `text` takes as a part of a paper or a question."""
        return len(self._text_tokens(text))

    def _prefix_tokens(self, frame: Question, text: str) -> tuple[int, ...]:
        start, _, _ = self._pieces(frame)
        return (*self._special(start, first=True), *self._text_tokens(text))

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
            except TimeoutError:
                raise
            except Exception:  # templates raise what they like where they know no system role
                system, first, *others = messages
                first = {**first, "content": f"{system['content']}\n\n{first['content']}"}
                rendered = self._template([first, *others])
        start, rest = rendered.split(TEXT_MARK)
        middle, end = rest.split(QUESTION_MARK)
        return start, middle, end

    def _template(self, messages: list[dict[str, str]]) -> str:
        """Raises what the template raises, and TimeoutError where it comes to no end."""
        outcome: list[str | BaseException] = []

        def render() -> None:
            try:
                rendered = self.tokenizer.apply_chat_template(
                    messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
                )
                outcome.append(rendered if len(rendered) < LONGEST_RENDERED else ValueError("it is without end"))
            except BaseException as problem:  # of a stranger's template
                outcome.append(problem)

        thread = threading.Thread(target=render, name="dsx-template", daemon=True)
        thread.start()
        thread.join(TEMPLATE_SECONDS)
        if not outcome:
            raise TimeoutError(f"it is not done after {TEMPLATE_SECONDS:g} s")
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        return outcome[0]

    def _special(self, text: str, first: bool = False) -> list[int]:
        with_bos = first and not getattr(self.tokenizer, "chat_template", None)
        return self._encode_control(text, with_bos)

    def _text_tokens(self, text: str) -> list[int]:
        """Of a text that is counted and, if it is long, read afterwards: those are kept."""
        return self._paper_tokens(text, False) if len(text) >= KEPT_CHARACTERS else self.encode_text(text)

    def encode_text(self, text: str) -> list[int]:
        """Tokens of a text in which there are no control tokens."""
        return self._encode_text(text, False)


def encoder(tokenizer: Any, control_tokens: bool) -> Callable[[str, bool], list[int]]:
    """(text, add the tokenizer's own first and last tokens) → token ids. Any number of threads may call it at once.

    control_tokens: "<|im_end|>" in a text is the control token. Otherwise it is so many characters. The encoder has a
    tokenizer of its own: nothing that others do with `tokenizer` changes what it gives.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return backend_encoder(backend, control_tokens)
    python_tokenizer = copy.deepcopy(tokenizer)  # which keeps no switch between calls

    def encode(text: str, add_special_tokens: bool) -> list[int]:
        encoded = python_tokenizer(text, add_special_tokens=add_special_tokens, split_special_tokens=not control_tokens)
        ids: list[int] = encoded["input_ids"]
        return ids

    return encode


def backend_encoder(backend: Any, control_tokens: bool) -> Callable[[str, bool], list[int]]:
    """`encoder` for a tokenizer of the library tokenizers, such as a tokenizer.json holds."""
    backend = copy.deepcopy(backend)
    backend.encode_special_tokens = not control_tokens
    backend.no_truncation()
    backend.no_padding()

    def encode(text: str, add_special_tokens: bool) -> list[int]:
        ids: list[int] = backend.encode(text, add_special_tokens=add_special_tokens).ids
        return ids

    return encode


def _frame(question: Question) -> Question:
    """What all questions of a run have in common, with marks where text and question go. It is rendered once."""
    frame = Question(QuestionId(""), question.system, Shown(TEXT_MARK, (), True), QUESTION_MARK, "parameters")
    return replace(frame, examples=question.examples)
