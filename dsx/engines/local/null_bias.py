"""How much more, or less, it takes to answer null: a threshold on p(null), as a bias of its logit."""

from __future__ import annotations

from collections import abc

from dsx.engines.local.sequence import TokenCorrection


def biased(correction: TokenCorrection | None, null_tokens: abc.Sequence[int], bias: float) -> TokenCorrection:
    """The correction, with the bias added to the tokens that begin null where an answer begins.

    An answer is null or begins with a brace, so that its first token decides whether there is a value.
    """
    at_first = dict.fromkeys(null_tokens, bias)

    def with_bias(output_tokens: abc.Sequence[int]) -> abc.Mapping[int, float]:
        if not output_tokens:
            return at_first
        return {} if correction is None else correction(output_tokens)

    return with_bias
