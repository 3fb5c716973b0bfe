"""Measurements of fallline beside its peers; run from the root of the checkout."""
