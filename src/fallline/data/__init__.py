"""Tables: reading them, finding what their columns are for, and encoding them for a network.

The way of the data, left to right::

    open_source, read_table -> Table -> find_roles -> TableEncoder -> X (n, d)
                                     -> guess_task -> TargetEncoder -> Y (n, k)
    split_rows, k_folds, RowOrder: which rows, in which order

Applying an encoder needs NumPy only; DuckDB, nanoarrow, narwhals and pyarrow are imported by what
reads files and frames, on first use.
"""

from __future__ import annotations

from . import samples
from .encoders import ColumnNote, TableEncoder
from .order import RowOrder
from .roles import Role, find_roles
from .sources import Source, open_source, read_table
from .split import Split, k_folds, split_rows
from .table import Column, Table
from .targets import TargetEncoder, guess_task, known_rows

__all__ = [
    "Column",
    "ColumnNote",
    "Role",
    "RowOrder",
    "Source",
    "Split",
    "Table",
    "TableEncoder",
    "TargetEncoder",
    "find_roles",
    "guess_task",
    "k_folds",
    "known_rows",
    "open_source",
    "read_table",
    "samples",
    "split_rows",
]
