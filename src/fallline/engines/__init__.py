"""Engines: what computes. Each gives the numbers of the reference engine.

An engine is registered by a row of ``ENGINES`` in `registry`; the tests run over all rows.
"""
