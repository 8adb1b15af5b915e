"""A suite's page in a real browser: the forest, a task's report behind it, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpokit.evaluate.suites.comparison import SuiteComparison, compare_suites
from grpokit.files import write_atomically
from grpokit.reports.html import report_scripts
from grpokit.reports.suite.page import suite_html
from grpokit.tests.evaluate.suites.suite_runs import write_suite
from grpokit.tests.reports.runs import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROLES = {"gain": "target", "sums: two & three": "guard"}


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> SuiteComparison:
    answers = {"base": [50, 50], "tuned": [70, 50]}
    return compare_suites([write_suite(tmp_path_factory.mktemp("suite") / "s", ROLES, answers)])


@pytest.fixture(scope="module")
def file(suite: SuiteComparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "suite.html"
    write_atomically(path, suite_html(suite))
    return path


class Opened:
    """A page and what it complained of, or asked of a network."""

    def __init__(self, browser: Browser, path: Path, hash: str = "") -> None:
        self.complaints: list[str] = []
        self.page: Page = browser.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._request(request.url))
        self.page.goto(path.as_uri() + hash)
        self.ready()

    def _request(self, url: str) -> None:
        if not url.startswith("file:"):
            self.complaints.append(url)

    def ready(self) -> None:
        self.page.wait_for_selector("html[data-ready]")


def test_a_task_opens_its_report_and_the_way_leads_back(file: Path, browser: Browser) -> None:
    opened = Opened(browser, file)
    page = opened.page
    assert page.locator("h1").inner_text() == "Improved on gain; forgot nothing it was guarded for."
    rows = page.locator("table.forest tbody tr")
    assert rows.count() == 2
    assert rows.nth(0).locator(".bar .reach").count() == 1
    page.get_by_role("link", name="sums: two & three").click()
    page.wait_for_selector(".chart svg")
    opened.ready()
    assert "sums: two & three" in page.title()
    assert page.locator("h1").first.inner_text() == "tuned holds the level of base."
    page.locator("[data-filter=right]").first.click()  # the state of the report is in the address, beside the task
    address = page.evaluate("location.hash")
    assert "task=" in address
    assert "show=right" in address
    page.get_by_role("link", name="All tasks of mine").click()
    page.wait_for_selector("table.forest")
    opened.ready()
    assert page.locator("h1").inner_text().startswith("Improved on gain")
    page.go_back()
    page.wait_for_selector("#samples")
    opened.ready()
    assert page.locator("[data-filter=right]").first.get_attribute("aria-pressed") == "true"
    assert opened.complaints == []
    page.close()


def test_an_address_leads_into_a_task(file: Path, browser: Browser) -> None:
    opened = Opened(browser, file, "#task=gain&show=fixed")
    opened.page.wait_for_selector(".chart svg")
    assert opened.page.locator("h1").first.inner_text() == "tuned is better than base."
    assert opened.page.locator("[data-filter=fixed]").first.get_attribute("aria-pressed") == "true"
    assert opened.complaints == []
    opened.page.close()


def test_an_unknown_task_is_the_page_of_all(file: Path, browser: Browser) -> None:
    opened = Opened(browser, file, "#task=none")
    assert opened.page.locator("table.forest").count() == 1
    opened.page.close()


def test_the_charting_library_is_there_once(file: Path) -> None:
    assert file.read_text(encoding="utf-8").count(report_scripts()[0][-300:]) == 1


def test_names_are_text(tmp_path: Path) -> None:
    folder = write_suite(tmp_path / "s", {"sums": "target"}, {"base": [50], "tuned": [70]}, name=HOSTILE)
    page = suite_html(compare_suites([folder]))
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_one_model_has_means_and_its_reports(tmp_path: Path) -> None:
    page = suite_html(compare_suites([write_suite(tmp_path / "s", {"sums": "target"}, {"base": [50]})]))
    assert '<a href="#task=sums">' in page
    assert '<td data-label="Mean">50.0 %</td>' in page
    assert '<table class="cards forest">' not in page
