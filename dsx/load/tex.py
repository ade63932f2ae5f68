"""LaTeX formulas as one line of text: 23.4 \\pm 4.1 is 23.4 ± 4.1."""

from __future__ import annotations

import re

_signs = {
    "pm": "±",
    "mp": "∓",
    "times": "×",
    "cdot": "·",
    "leq": "≤",
    "geq": "≥",
    "le": "≤",
    "ge": "≥",
    "lt": "<",
    "gt": ">",
    "neq": "≠",
    "ne": "≠",
    "sim": "∼",
    "approx": "≈",
    "degree": "°",
    "circ": "°",
    "prime": "′",
    "infty": "∞",
    "sum": "∑",
    "rightarrow": "→",
    "to": "→",
    "ldots": "…",
    "dots": "…",
    **dict.fromkeys((*",;: ", "quad", "qquad"), " "),
    **dict.fromkeys(("left", "right", "big", "Big", "!", "displaystyle"), ""),
    **{sign: sign for sign in "%&$#_{}"},
}
_greek = (
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ kappa κ lambda λ mu μ nu ν xi ξ pi π "
)
_greek += "rho ρ sigma σ tau τ phi φ varphi φ chi χ psi ψ omega ω "
_greek += "Gamma Γ Delta Δ Theta Θ Lambda Λ Sigma Σ Phi Φ Psi Ψ Omega Ω"
_letters = _greek.split()
SIGNS = {**_signs, **dict(zip(_letters[::2], _letters[1::2], strict=True))}
OF_FORMULA = re.compile(r"\\[a-zA-Z]|[\^_=]")
"""What a formula in brackets of LaTeX's holds, and other text in such brackets does not."""
_sign = re.compile(r"\\([a-zA-Z]+|[^a-zA-Z])")
_named = re.compile(
    r"\\(?:text|textrm|textit|textbf|mathrm|mathbf|mathit|mathsf|mathcal|mathbb|boldsymbol|operatorname|mbox|rm|bf"
    r"|bar|overline|hat|widehat|tilde|vec|dot)\s?\{([^{}]{0,400})\}"
)
_environment = re.compile(r"\\(?:(?:begin|end)\s?\{[a-z]{1,20}\*?\}(?:\{[lcr|]{1,20}\})?|label\s?\{[^{}]{0,100}\})")
_tag = re.compile(r"\\tag\*?\s?\{([^{}]{0,20})\}")
_column = re.compile(r"(?<!\\)&")
_degree = re.compile(r"\^(?:\{\s?\\circ\s?\}|\\circ)")
_fraction = re.compile(r"\\[dt]?frac\s?\{([^{}]{0,200})\}\s?\{([^{}]{0,200})\}")
_root = re.compile(r"\\sqrt\s?\{([^{}]{0,200})\}")
_raised = re.compile(r"\^\{([^{}]{0,200})\}")
_open = re.compile(r".[+\-−±×·/=\s]")


def closed(text: str) -> str:
    """In brackets where it is more than one sign, so that it can stand in a line."""
    return f"({text})" if _open.search(text) else text


def formula_text(source: str) -> str:
    """The text of a formula, or of a LaTeX document made for it; a command that is not known stays."""
    _, begin, rest = source.partition(r"\begin{document}")
    formula, end, _ = rest.partition(r"\end{document}")
    formula = (formula if begin and end else source).strip().strip("$")
    formula = _tag.sub(r" (\1)", _environment.sub(" ", formula).replace("\\\\", " "))
    formula = _column.sub(" ", formula)
    formula = _degree.sub("°", _named.sub(r"\1", formula))
    formula = _raised.sub(lambda power: "^" + closed(power[1].strip()), formula)
    formula = _fraction.sub(lambda parts: f"{closed(parts[1])}/{closed(parts[2])}", formula)
    formula = _root.sub(lambda root: "√" + closed(root[1]), formula)
    formula = _sign.sub(lambda sign: SIGNS.get(sign[1], sign[0]), formula.replace("~", " "))
    return " ".join(formula.replace("{", "").replace("}", "").split())
