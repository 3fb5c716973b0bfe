r"""Characters for LaTeX: names and texts of users so that they can only be shown, never run."""

from __future__ import annotations

import re

__all__ = ["escaped", "letters", "upright"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "η": "eta",
    "θ": "theta", "λ": "lambda", "μ": "mu", "ν": "nu", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "φ": "varphi", "ψ": "psi", "ω": "omega", "Δ": "Delta", "Σ": "Sigma",
}  # fmt: skip
_MATHS = {
    **{letter: f"\\{name}" for letter, name in _GREEK.items()},
    "ŷ": r"\hat{y}", "∂": r"\partial", "−": "-", "·": r"\cdot", "→": r"\to", "≈": r"\approx",
    "≤": r"\le", "≥": r"\ge", "∇": r"\nabla", "√": r"\surd", "½": r"\tfrac{1}{2}", "′": "'",
    "²": "^{2}", "³": "^{3}", "ⱼ": "_{j}", "ᵢ": "_{i}", "ₖ": "_{k}", "₀": "_{0}", "₁": "_{1}",
    "₂": "_{2}", "∞": r"\infty", "←": r"\leftarrow", "×": r"\times", "±": r"\pm", "≠": r"\ne",
    "⋯": r"\cdots", "ᵀ": r"^{\top}",
}  # fmt: skip


def escaped(text: str) -> str:
    r"""Return any text as LaTeX that shows it.

    >>> print(escaped(r"50% of a_b, \input{x}"))
    50\% of a\_b, \textbackslash{}input\{x\}
    """
    return "".join(
        f"${_MATHS[letter]}$" if letter in _MATHS else _SPECIAL.get(letter, letter)
        for letter in text
    )


def letters(name: str) -> str:
    r"""Return a quantity's letter in LaTeX's maths: ``\hat{y}``, ``\delta``, ``x``, ``h_0``."""
    base, _, index = name.partition("_")
    if base in _MATHS:
        written = _MATHS[base]
    elif base[:1] == "Δ" and len(base) > 1:
        written = rf"\Delta {letters(base[1:])}"
    elif len(base) == 1 or base.lstrip("-").isdigit():
        written = _SPECIAL.get(base, base)
    else:
        written = upright(base)
    return f"{written}_{{{letters(index)}}}" if index else written


def upright(name: str) -> str:
    r"""Return a name in upright letters, for LaTeX's maths.

    >>> print(upright("hidden_1"))
    \mathrm{hidden}\_\mathrm{1}
    """
    return "".join(map(_upright, re.findall(r"[A-Za-z0-9]+|.", name, re.DOTALL)))


def _upright(part: str) -> str:
    if part.isascii() and part.isalnum():
        return rf"\mathrm{{{part}}}"
    if part == "_":
        return r"\_"
    return _MATHS.get(part) or rf"\text{{{_SPECIAL.get(part, part)}}}"
