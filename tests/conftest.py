"""What holds for every test: JAX in float64 on the CPU, repeatable examples from hypothesis."""

import os

import hypothesis

collect_ignore_glob = ["golden/make_*.py"]  # they need the libraries that they record

# Set before the first import of JAX, for this process and for those that tests start.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A test gives the same verdict on each run. To hunt for new examples, run with
# --hypothesis-profile=search; what it finds becomes an @example.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis.settings.load_profile("fixed")
