"""Chat messages to tokens: a prefix that all questions about a text share, and a suffix that is a question's own.

The paper and the question are data: special tokens that stand in them are plain characters here, so no text of a paper
can end its turn or open another.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

TEXT_MARK, QUESTION_MARK = "dsxTEXTdsx", "dsxQUESTIONdsx"
PLAIN_TEMPLATE = f"{{system}}\n\n{TEXT_MARK}\n\n{QUESTION_MARK}\n\nAnswer:\n"
"""For models that have no chat template."""


class Renderer:
    """Renders with the tokenizer's own chat template, thinking switched off where the template knows of it."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._pieces = lru_cache(maxsize=8)(self._render)
        self._prefix = lru_cache(maxsize=64)(self._prefix_tokens)

    def prefix(self, system: str, text: str) -> tuple[int, ...]:
        """Tokens of the system prompt and the text."""
        return self._prefix(system, text)

    def suffix(self, system: str, question: str) -> list[int]:
        """Tokens of the question and of all that the template puts before an answer."""
        _, middle, end = self._pieces(system)
        return self._plain(middle + question) + self._special(end)

    def _prefix_tokens(self, system: str, text: str) -> tuple[int, ...]:
        start, _, _ = self._pieces(system)
        return (*self._special(start, first=True), *self._plain(text))

    def _render(self, system: str) -> tuple[str, str, str]:
        """What stands before the text, between text and question, and after the question."""
        user = f"{TEXT_MARK}\n\n{QUESTION_MARK}"
        if not getattr(self.tokenizer, "chat_template", None):
            rendered = PLAIN_TEMPLATE.replace("{system}", system)
        else:
            try:
                rendered = self._template([{"role": "system", "content": system}, {"role": "user", "content": user}])
                if system.strip() not in rendered:
                    raise ValueError("the template leaves the system message out")
            except Exception:  # templates raise what they like where they know no system role
                rendered = self._template([{"role": "user", "content": f"{system}\n\n{user}"}])
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
