"""Time and memory of the HTML report: 20,000 questions, 4 samples, 3 rewards, base and tuned.

Writes two such runs, has ``grpo-report`` write the page in a process of its own, and opens it in Chromium (left out
where there is none): how long until its samples can be read, until another question far down the list is shown, and
until a search through all texts is done. Then a page of the demo's size on a phone whose processor is four times as
slow: how long until something is seen, and until all of it is drawn.

    python bench/report.py [--questions 20000] [--samples 4] [--rewards 3]
    python bench/report.py --questions 125000     a million rows
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from grpokit.bench.comparison import write_run
from grpokit.bench.processes import spend

if TYPE_CHECKING:
    from playwright.sync_api import Page

WRITTEN, MILLION, OPENED, PAINTED = 20.0, 40.0, 3.0, 2.0
"""The goals in seconds: to write a page of 160,000 rows, and of a million; to open it; and to the first paint of the
demo's page on a slow phone."""

DEMO = {"questions": 500, "samples": 4, "rewards": 2}
"""The size of the demo's comparison."""

SLOWER = 4
"""By how much the processor of the phone is slower."""

HELD_OR_REGRESSED = (0, 1)


def main() -> None:
    """Write the runs and the page, open it, and print what it took."""
    size = _arguments()
    print(f"{size.questions:,} questions x {size.samples} samples x {size.rewards} rewards, two models")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = [write_run(folder / model, model, seed, size) for seed, model in enumerate(("base", "tuned"))]
        page = folder / "report.html"
        _write([str(run.path) for run in runs], page, 2 * size.questions * size.samples)
        _open(page, size.questions)
        small = argparse.Namespace(**DEMO)
        demo = [write_run(folder / f"demo-{name}", name, seed, small) for seed, name in enumerate(("base", "tuned"))]
        _write([str(run.path) for run in demo], folder / "demo.html", 2 * small.questions * small.samples)
        _paint(folder / "demo.html")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("questions", 20_000), ("samples", 4), ("rewards", 3)):
        parser.add_argument(f"--{name}", type=int, default=value, help="%(default)s")
    return parser.parse_args()


def _write(runs: list[str], page: Path, rows: int) -> None:
    before = _processor()
    command = [sys.executable, "-m", "grpokit.commands.report", *runs, "--html", str(page)]
    spent = spend(command, page.with_suffix(".log"), allowed=HELD_OR_REGRESSED)
    processor = _processor() - before
    goal = WRITTEN if rows <= 160_000 else MILLION
    print(
        f"{rows:,} rows written in {spent.seconds:.1f} s, {processor:.1f} s of processor time, peak "
        f"{spent.peak / 2**30:.2f} GiB, {page.stat().st_size / 2**20:.1f} MiB; under {goal:.0f} s: "
        f"{'yes' if spent.seconds < goal else 'NO'}"
    )


def _processor() -> float:
    """Return the seconds of processor time of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _open(path: Path, questions: int) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("not opened: no Chromium on this machine")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")
        opened = time.perf_counter() - start
        print(f"opened in {opened:.2f} s; under {OPENED:.0f} s: {'yes' if opened < OPENED else 'NO'}")
        print(f"last question shown in {_last(page):.2f} s, all texts searched in {_search(page, questions):.2f} s")
        browser.close()


def _paint(path: Path) -> None:
    """Print when a slow phone first shows something of a page, and when all that it shows at first is drawn."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]")
        drawn = time.perf_counter() - start
        first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
        print(
            f"a {SLOWER} times slower phone: first paint after {first:.2f} s, all drawn after {drawn:.2f} s; the first "
            f"under {PAINTED:.0f} s: {'yes' if first < PAINTED else 'NO'}"
        )
        browser.close()


def _last(page: Page) -> float:
    page.locator("#list").focus()
    start = time.perf_counter()
    page.keyboard.press("End")
    page.locator(".item:last-child[aria-selected=true]").wait_for()
    return time.perf_counter() - start


def _search(page: Page, questions: int) -> float:
    start = time.perf_counter()
    page.locator("#search").fill(f"q{questions - 1}")
    page.locator("#found", has_text="1 of").wait_for()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
