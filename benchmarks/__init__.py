"""Measurements of fallline beside its peers; run from the root of the checkout.

``python -m benchmarks`` measures speed (docs/benchmarks.md), ``python -m benchmarks.quality`` how
good the defaults are (docs/quality.md). How the speed is measured is told in ``rounds.py``.
"""
