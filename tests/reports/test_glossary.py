"""The words of the page are explained where they stand: to the mouse, to the keyboard, and to screen readers."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpokit.reports.glossary import GLOSSARY
from grpokit.tests.reports.pages import Watched, sync_api


def test_every_word_that_is_marked_is_described(opened: Watched) -> None:
    described = "all => all.map((one) => document.getElementById(one.getAttribute('aria-describedby'))?.textContent)"
    meanings = opened.page.locator(".term").evaluate_all(described)
    assert set(meanings) <= set(GLOSSARY.values())
    for word in ("improved", "interval", "fixed", "broken", "detectable", "p (Holm)", "total", "pass@k", "margin"):
        assert GLOSSARY[word] in meanings


def test_a_meaning_is_shown_to_the_mouse_and_to_the_keyboard(opened: Watched) -> None:
    tip, term = opened.page.locator("#tip"), opened.page.locator(".figures .term").first
    sync_api.expect(tip).to_be_hidden()
    term.hover()
    sync_api.expect(tip).to_have_text(GLOSSARY["interval"])
    opened.page.mouse.move(0, 0)
    sync_api.expect(tip).to_be_hidden()
    opened.page.locator(".badge .term").focus()
    sync_api.expect(tip).to_have_text(GLOSSARY["improved"])
    opened.page.keyboard.press("Tab")
    sync_api.expect(tip).to_have_text(GLOSSARY["interval"])


def test_escape_closes_the_meaning_and_no_filter(browser: sync_api.Browser, report: Path) -> None:
    watched = Watched(browser, report, "#show=fixed")
    watched.page.locator(".badge .term").focus()
    watched.page.keyboard.press("Escape")
    sync_api.expect(watched.page.locator("#tip")).to_be_hidden()
    assert watched.page.locator("#filter").input_value() == "fixed"
    watched.page.keyboard.press("Escape")
    sync_api.expect(watched.page.locator("#filter")).to_have_value("all")
    watched.page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_meaning_stays_within_the_screen(browser: sync_api.Browser, report: Path, width: int) -> None:
    watched = Watched(browser, report, viewport={"width": width, "height": 800})
    for term in watched.page.locator(".figures .term").all():
        term.focus()
        box = watched.page.locator("#tip").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 800
    watched.page.close()


def test_a_step_opens_its_question(opened: Watched) -> None:
    opened.page.locator("#filter").select_option("cut")
    button = opened.page.locator("[data-question]").first
    button.click()
    sync_api.expect(opened.page.locator("#detail h3")).to_have_text(button.get_attribute("data-question") or "")
    assert opened.page.locator("#filter").input_value() == "all"
