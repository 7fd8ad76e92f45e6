"""What the pages are tried on: a site over a real store."""

from __future__ import annotations

from tests.support.databases import sqlite_template  # noqa: F401 - pytest finds them here
from tests.support.visitors import here  # noqa: F401
