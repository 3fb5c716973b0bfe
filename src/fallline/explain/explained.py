"""What shows itself as a document, in every format and in Jupyter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from .document import Document

__all__ = ["Explained"]


class Explained(ABC):
    """Something with a `document`, whose formats it passes on."""

    @property
    @abstractmethod
    def document(self) -> Document:
        """What there is to see, as blocks."""

    @property
    def text(self) -> str:
        """The document for a terminal, in Unicode."""
        return self.document.text

    @property
    def markdown(self) -> str:
        """The document in Markdown, formulas as LaTeX between dollar signs."""
        return self.document.markdown

    @property
    def latex(self) -> str:
        """The document as a LaTeX file that compiles by itself."""
        return self.document.latex

    @property
    def html(self) -> str:
        """The document as a page of HTML that needs nothing else."""
        return self.document.html

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.document._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.document._repr_markdown_()

    def _repr_latex_(self) -> str:
        return self.document._repr_latex_()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text)
