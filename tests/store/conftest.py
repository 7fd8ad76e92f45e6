"""The databases that the shelves are tried on."""

from tests.support.databases import (  # noqa: F401 - pytest finds fixtures by their names here
    empty_url,
    own_database,
    postgresql,
    sqlite_template,
    store,
    url,
)
