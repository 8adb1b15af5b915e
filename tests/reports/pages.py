"""The HTML report in a real browser: a page that is watched while tests use it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pages not tested")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


class Watched:
    """A page with everything that it asked of a network, complained of, or popped up."""

    def __init__(self, browser: sync_api.Browser, path: Path, hash: str = "", **options: object) -> None:
        self.complaints: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._request)
        self.page.goto(path.as_uri() + hash)
        self.page.wait_for_selector("html[data-drawn]")

    def _request(self, request: sync_api.Request) -> None:
        if not request.url.startswith("file:"):
            self.complaints.append(f"request: {request.url}")

    @property
    def found(self) -> str:
        return self.page.locator("#found").inner_text()

    @property
    def chosen(self) -> str:
        return self.page.locator("#detail h3").inner_text()


def shown_values(page: sync_api.Page, selector: str) -> list[float]:
    return [float(text) for text in page.locator(selector).evaluate_all("all => all.map(one => one.dataset.value)")]
