"""Every page, with something on it, under tools nobody here wrote: axe-core and html-validate."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import Running, running
from tests.e2e.tours import HASH, furnish, tour

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
TOOLS = HERE / "node_modules"
LOOKS = ((320, "light"), (1000, "dark"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One installation for all of these tests, which change nothing in it."""
    with running(tmp_path_factory.mktemp("pages"), admin_password=HASH) as found:
        furnish(found)
        yield found


@pytest.fixture(scope="module")
def pages(site: Running, chromium: Browser) -> dict[str, str]:
    with chromium.new_context(ignore_https_errors=True) as context:
        found = tour(site, context)
    assert len(found) > 30
    return found


def needed(tool: str) -> Path:
    if not (TOOLS / tool).exists() or shutil.which("node") is None:
        pytest.skip(f"needs node and {tool}: make e2e")
    return TOOLS / tool


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_to_complain_of_on_any_page(
    site: Running, pages: dict[str, str], chromium: Browser, width: int, scheme: str
) -> None:
    axe = needed("axe-core/axe.min.js").read_text(encoding="utf-8")
    context = chromium.new_context(
        ignore_https_errors=True, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    found: list[str] = []
    with context:
        _sign_in(site, context)
        page = context.new_page()
        for url in pages:
            page.goto(url)
            page.evaluate(axe)
            result = page.evaluate("axe.run()")
            assert len(result["passes"]) > 5, url
            found += [
                f"{url}: {one['id']}: {node['html']}"
                for one in result["violations"]
                for node in one["nodes"]
            ]
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{url} is {wide} px wide")
    assert not found, "\n".join(found)


def _sign_in(site: Running, context) -> None:
    from tests.e2e.tours import sign_in

    page = context.new_page()
    sign_in(site, page)
    page.close()


def test_html_validate_finds_no_error_on_any_page(pages: dict[str, str], tmp_path: Path) -> None:
    program = needed("html-validate/bin/html-validate.mjs")
    names: dict[str, str] = {}
    for number, (url, text) in enumerate(pages.items()):
        file = tmp_path / f"{number}.html"
        file.write_text(text, encoding="utf-8")
        names[file.name] = url
    config = HERE / ".htmlvalidate-pages.json"
    said = tmp_path / "said.json"  # a pipe would be cut off when the program ends
    with said.open("wb") as out:
        done = subprocess.run(
            ["node", program, "--config", config, "--formatter", "json", *tmp_path.glob("*.html")],
            cwd=HERE,
            stdout=out,
            timeout=120,
            check=False,
        )
    report = json.loads(said.read_bytes() or b"[]")
    found = [
        f"{names[Path(one['filePath']).name]}:{told['line']}: {told['ruleId']}: {told['message']}"
        for one in report
        for told in one["messages"]
    ]
    assert not found, "\n".join(found)
    assert done.returncode == 0


def test_no_page_has_a_script_or_a_style_inside(pages: dict[str, str]) -> None:
    for url, text in pages.items():
        assert "<style" not in text, url
        assert " style=" not in text, url
        assert "<script>" not in text, url
        assert "javascript:" not in text, url
