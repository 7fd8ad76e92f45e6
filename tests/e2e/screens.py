"""Pictures of the main pages, for people to look at: wide and narrow, light and dark."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.running import Running, running
from tests.e2e.tours import ADMIN, HASH, furnish, personal, sign_in

LOOKS = ((1000, "light"), (1000, "dark"), (320, "light"))
PUBLIC = ("/", "/subscribe", "/archive", "/search?q=inference", "/feeds", "/help")


def main(folder: Path) -> None:
    """Write a picture of each page in each look into ``folder``."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place), admin_password=HASH) as here,
        sync_playwright() as playwright,
    ):
        furnish(here)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for width, scheme in LOOKS:
            context = browser.new_context(
                ignore_https_errors=True,
                viewport={"width": width, "height": 800},
                color_scheme=scheme,
            )
            page = context.new_page()
            sign_in(here, page)
            for name, url in named(here).items():
                page.goto(url)
                page.screenshot(path=folder / f"page-{name}-{width}-{scheme}.png", full_page=True)
            context.close()
        browser.close()


def named(here: Running) -> dict[str, str]:
    """Addresses of pages, by the names of their pictures."""
    paths = [*PUBLIC, *(f"/admin{path}" for path in ADMIN)]
    found: dict[str, str] = {}
    for path in paths:
        found.setdefault(path.partition("?")[0].strip("/").replace("/", "-") or "home", path)
    own = personal(here)
    names = ("edition", "vote", "leave", "left", "mine")
    return {name: here.base + path for name, path in found.items()} | dict(
        zip(names, own, strict=False)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
