"""The pictures of reports in ``docs/images``: each page in Chromium, at three widths, light and dark.

Give pages with the names that their pictures get; those in the documentation were made by::

    grpo-train arithmetic-tiny --out first --html demo.html
    grpo-train arithmetic-tiny --seeds 3 evaluation.limit=150 max_steps=40 --out arm --html arm.html
    grpo-train arithmetic-tiny learning_rate=1e-9 max_steps=4 --out flat --html nothing-learned.html
    grpo-eval run --suite examples/suite.yaml --model base=demo --model tuned=demo+first --out suite --html suite.html
    python bench/pictures.py demo=demo.html arm=arm.html nothing-learned=nothing-learned.html suite=suite.html

A picture is of what is seen without scrolling, but on a phone, where it is a few screens long.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"

QUALITY = 55
"""Of the WebP pictures: text stays sharp, and a picture is some 50 KiB."""


class Screen(NamedTuple):
    """How much of a page a picture shows, in CSS pixels."""

    width: int
    height: int


SCREENS = (Screen(390, 1600), Screen(1280, 900), Screen(1920, 1080))
SCHEMES = ("light", "dark")


def main() -> None:
    """Take the pictures and print the size of each."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "pages", nargs="+", metavar="NAME=PAGE", help="an HTML report, and what its pictures are called"
    )
    parser.add_argument("--out", type=Path, default=IMAGES, metavar="DIR", help="%(default)s")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("no Chromium on this machine: install it (Debian's package chromium)")
    given.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, _, page in (one.partition("=") for one in given.pages):
            for screen in SCREENS:
                for scheme in SCHEMES:
                    path = given.out / f"{name}-{screen.width}-{scheme}.webp"
                    path.write_bytes(_picture(browser, Path(page), screen, scheme))
                    print(f"{path.name} {path.stat().st_size / 1024:.0f} KiB")
        browser.close()


def _picture(browser: Browser, path: Path, screen: Screen, scheme: str) -> bytes:
    """Return a page as it is seen when all of it that is in sight is drawn, as WebP."""
    from PIL import Image

    page = browser.new_page(
        viewport={"width": screen.width, "height": screen.height}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-drawn], html[data-ready] main.suite")
    shown, packed = page.screenshot(), io.BytesIO()
    page.close()
    Image.open(io.BytesIO(shown)).save(packed, "WEBP", quality=QUALITY, method=6)
    return packed.getvalue()


if __name__ == "__main__":
    main()
