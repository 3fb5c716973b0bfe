"""The formulas of training, as tables of rows: every other part of fallline reads them from here.

A row is written over an array namespace ``xp`` (NumPy or ``jax.numpy``), so one definition serves
every engine and automatic differentiation alike. No module of this package imports an array
package, so that the names in the tables cost nothing to list.
"""
