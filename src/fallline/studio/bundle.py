"""Where the built page lies; its sources are in ``studio-ui/``."""

from __future__ import annotations

from pathlib import Path

__all__ = ["NO_PAGE", "PAGE"]

PAGE = Path(__file__).parent / "page"

NO_PAGE = (
    "the studio's page was not built into this installation of fallline; with Node.js on the "
    "machine, run in a checkout: cd studio-ui && npm ci && npm run build"
)
