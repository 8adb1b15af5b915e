"""The page of a chat in Chromium: it answers, stops, takes every setting, keeps votes, and shows text as text."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from grpokit.evaluate import Sampling
from grpokit.reports.chat.chat import Answer, Chat, Question, Turn
from grpokit.reports.chat.votes import Votes
from grpokit.rewards.reward import Judgement
from grpokit.tests.reports.chat.chats import SAMPLING, Talk, make_chat, talk
from grpokit.tests.reports.runs import HOSTILE

MARKUP = HOSTILE + " ${alert(3)} {{alert(4)}} [click](javascript:alert(5))"

CONTRASTS = """() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => color.slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = numbers(getComputedStyle(element).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const own = element => element.value
    || [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join("").trim();
  return [...document.querySelectorAll("h1, p, th, td, div, span, button, textarea, input:not([type=range])")]
    .filter(element => !element.disabled || element.matches(".answer textarea"))
    .filter(element => own(element) && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .map(element => {
      const levels = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
      return [(levels[0] + 0.05) / (levels[1] + 0.05), own(element)];
    });
}"""
"""The contrast of every text that can be seen, as WCAG 2 defines it, with the text."""


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    return make_chat(tmp_path_factory.mktemp("adapter"))


@contextmanager
def served(chat: Chat, votes: Votes | None = None, *, blind: bool = False) -> Iterator[str]:
    """Serve a chat's page and give its address."""
    pytest.importorskip("gradio", reason="gradio is not installed: its page not tested")
    from grpokit.reports.chat.page import build_page, look

    page = build_page(chat, votes, blind=blind)
    page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **look())
    try:
        yield page.local_url
    finally:
        page.close()


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> Votes:
    return Votes(tmp_path_factory.mktemp("votes") / "votes.jsonl")


@pytest.fixture(scope="module")
def url(chat: Chat, votes: Votes) -> Iterator[str]:
    with served(chat, votes) as url:
        yield url


def test_the_page_answers_side_by_side_and_keeps_a_vote(url: str, chat: Chat, votes: Votes) -> None:
    with talk(url) as talking:
        talking.page.locator("#examples button").first.click()
        talking.page.wait_for_function("document.querySelector('#prompt textarea').value.length > 0")
        example = chat.examples[0]
        assert talking.page.locator("#prompt textarea").input_value() == example.prompt
        shown = talking.ask(example.prompt, example.reference)
        assert shown == [answer.text for answer in list(chat.ask(example, SAMPLING))[-1]]
        assert talking.page.locator(".rewards").first.inner_text().count("correctness") == 1
        talking.page.get_by_role("button", name="tuned is better").click()
        talking.page.get_by_text("Your vote is kept.").wait_for()
        assert talking.page.get_by_role("button", name="tuned is better").is_disabled()
        assert talking.complaints == []
    assert [json.loads(line)["choice"] for line in votes.path.read_text().splitlines()] == ["tuned"]


def set_number(talking: Talk, label: str, value: str) -> None:
    """Type into a number box, that of a slider or one on its own."""
    box = talking.page.locator(
        f"input[type=number][aria-label*='{label}'], label:has-text('{label}') input[type=number]"
    )
    box.first.fill(value)
    box.first.press("Tab")


MISTAKES = [
    # what is set, the prompt, what is said
    ({}, "", "the prompt is empty; write something to ask."),
    ({}, "1+" * 2000, "that is more than the context of base, 128: ask something shorter."),
    ({"Max new tokens": "0"}, "what is 12+19?", "max_new_tokens=0: give at least 1."),
    ({"Max new tokens": "4000"}, "what is 12+19?", "lower max new tokens to"),
    ({"Seed": ""}, "what is 12+19?", "a number in the settings is empty; fill it in."),
]


@pytest.mark.parametrize(("settings", "prompt", "said"), MISTAKES)
def test_what_cannot_be_asked_is_told_on_the_page(
    url: str, settings: dict[str, str], prompt: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with talk(url) as talking:
        talking.page.get_by_text("Settings").click()
        for label, value in settings.items():
            set_number(talking, label, value)
        talking.page.locator("#prompt textarea").fill(prompt)
        talking.page.locator("#ask").click()
        talking.page.get_by_text(said).wait_for()
    assert capfd.readouterr().err == ""  # no traceback and no library's notice where the page is served from


class Recording(Chat):
    """A chat that keeps what it was asked."""

    asked: ClassVar[list[tuple[Question, Sampling]]] = []

    def ask(self, question: Question, sampling: Sampling, turns: Sequence[Turn] = ()) -> Iterator[list[Answer]]:
        self.asked.append((question, sampling))
        return super().ask(question, sampling, turns)


def test_every_setting_of_the_page_is_asked_with(chat: Chat) -> None:
    recording = Recording(chat.specs, chat.engines, chat.mix, chat.sampling, chat.examples)
    with served(recording) as url, talk(url) as talking:
        talking.page.get_by_text("Settings").click()
        set_number(talking, "Temperature", "2")  # a whole number, which a browser sends as one
        set_number(talking, "Top-p", "0.5")
        set_number(talking, "Max new tokens", "7")
        set_number(talking, "Seed", "3")
        talking.page.locator("#system textarea").fill("Add.")
        shown = talking.ask("what is 12+19?", "31")
        assert talking.complaints == []
    question, sampling = Question("Add.", "what is 12+19?", "31"), Sampling(1, 2.0, 0.5, 0, 7, chat.sampling.stop, 3)
    assert recording.asked == [(question, sampling)]
    assert shown == [answer.text for answer in list(chat.ask(question, sampling))[-1]]


class Slow(Chat):
    """A chat that takes its time, so that even a busy browser can stop it."""

    steps: ClassVar[list[float]] = []
    pause: ClassVar[float] = 1.0

    def ask(self, question: Question, sampling: Sampling, turns: Sequence[Turn] = ()) -> Iterator[list[Answer]]:
        for answers in super().ask(question, sampling, turns):
            self.steps.append(time.monotonic())
            yield answers
            time.sleep(self.pause)


def test_stop_ends_the_generation_and_leaves_the_page_ready(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    example = chat.examples[0]
    whole = [answer.text for answer in list(chat.ask(example, chat.sampling))[-1]]
    slow = Slow(chat.specs, chat.engines, chat.mix, chat.sampling, chat.examples)
    with served(slow) as url, talk(url) as talking:
        talking.page.locator("#prompt textarea").fill(example.prompt)
        talking.page.locator("#ask").click()
        talking.page.get_by_text(re.compile(r"^\d+ tokens, growing…")).first.wait_for()
        talking.page.locator("#stop").click()
        talking.page.get_by_text("tokens, stopped").first.wait_for()
        done, shown = len(slow.steps), talking.answers()
        talking.page.wait_for_timeout(2500)
        assert len(slow.steps) <= done + 1  # a token was under way
        assert talking.answers() == shown
        assert all(len(part) < len(text) for part, text in zip(shown, whole, strict=True))
        monkeypatch.setattr(Slow, "pause", 0.0)
        assert talking.ask(example.prompt) == whole
        assert talking.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_runs_over_the_edge(url: str, width: int) -> None:
    with talk(url, viewport={"width": width, "height": 844}) as talking:
        before = talking.page.locator("#answers").bounding_box()
        talking.ask("what is 12+19?", "31")
        assert talking.page.evaluate("document.documentElement.scrollWidth") <= width
        after = talking.page.locator("#answers").bounding_box()
        assert (before["x"], before["width"]) == (after["x"], after["width"])  # answers do not push the page wider


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["by the system", "in the address"])
def test_all_text_can_be_read_in_the_light_and_in_the_dark(url: str, scheme: str, chosen: str) -> None:
    """Contrast 4.5 is what WCAG 2 asks for at level AA."""
    by_system = chosen == "by the system"
    with talk(url, color_scheme=scheme if by_system else "light") as talking:
        if not by_system:
            talking.page.goto(f"{url}?__theme={scheme}")
        talking.page.get_by_text("Settings").click()
        talking.ask("what is 12+19?", "31")
        talking.page.get_by_role("button", name="tuned is better").is_enabled()
        talking.page.wait_for_timeout(500)  # colours fade in
        assert talking.page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        found = talking.page.evaluate(CONTRASTS)
    assert {"Ask", "System message", "correctness", "31", "The right answer, for rewards that compare."} <= {
        text for _, text in found
    }
    assert [text for contrast, text in found if contrast < 4.5] == []


class Hostile(Chat):
    """A chat whose answers are markup."""

    def ask(self, question: Question, sampling: Sampling, turns: Sequence[Turn] = ()) -> Iterator[list[Answer]]:
        judged = {f"correctness{MARKUP}": Judgement(0.0, "wrong", f"{MARKUP!r} is not 4")}
        yield [Answer(MARKUP, 3, "eos", 0.0, judged) for _ in self.engines]


def test_markup_of_a_model_is_shown_as_text(chat: Chat) -> None:
    hostile = Hostile(chat.specs, chat.engines, chat.mix, chat.sampling, (Question("", MARKUP, MARKUP),))
    with served(hostile) as url, talk(url) as talking:
        assert talking.ask(MARKUP, MARKUP) == [MARKUP, MARKUP]
        assert talking.page.locator(".rewards").first.inner_text().count(MARKUP) == 2
        assert talking.page.locator("img[src=x], #answers a").count() == 0
        talking.page.wait_for_timeout(300)
        assert talking.complaints == []


def test_a_talk_goes_on_and_each_model_sees_its_own_answers(url: str, chat: Chat) -> None:
    first, second = chat.examples[0], Question(chat.examples[0].system, "again")
    with talk(url) as talking:
        talking.page.locator("#examples button").first.click()
        talking.page.wait_for_function("document.querySelector('#prompt textarea').value.length > 0")
        answers = talking.ask(first.prompt)
        talking.page.locator("#prompt textarea").fill("again")
        talking.page.locator("#ask").click()
        talking.page.wait_for_function("document.querySelectorAll('.earlier dd').length == 2")
        talking.page.wait_for_function("document.querySelectorAll('.rewards table').length == 2")
        turns = (Turn(first.prompt, tuple(answers)),)
        assert talking.answers() == [answer.text for answer in list(chat.ask(second, SAMPLING, turns))[-1]]
        assert talking.page.locator(".earlier dd").all_inner_texts() == answers
        talking.page.locator("#anew").click()
        talking.page.wait_for_function("document.querySelectorAll('.earlier dd').length == 0")
        assert talking.answers() == ["", ""]
        assert talking.ask(first.prompt) == answers
        assert talking.complaints == []


def test_blind_votes_hide_the_names_until_they_are_given(chat: Chat, tmp_path: Path) -> None:
    votes = Votes(tmp_path / "votes.jsonl")
    example = chat.examples[0]
    whole = [answer.text for answer in list(chat.ask(example, SAMPLING))[-1]]
    with served(chat, votes, blind=True) as url:
        for _ in range(2):
            with talk(url) as talking:
                assert talking.page.title() == "2 models, names hidden"
                talking.page.locator("#examples button").first.click()
                talking.page.wait_for_function("document.querySelector('#prompt textarea').value.length > 0")
                shown = talking.ask(example.prompt)
                assert not {"base", "tuned"} & set(re.findall(r"\w+", talking.page.locator("body").inner_text()))
                order = [whole.index(text) for text in shown]
                talking.page.get_by_role("button", name="A is better").click()
                said = f"Your vote is kept: A was {chat.names[order[0]]}, B was {chat.names[order[1]]}."
                talking.page.get_by_text(said).wait_for()
                assert json.loads(votes.path.read_text().splitlines()[-1])["choice"] == chat.names[order[0]]
                talking.page.get_by_role("tab", name="Votes").click()
                talking.page.locator("#tally table").wait_for()
                assert "Blind votes" in talking.page.locator("#tally").inner_text()
                assert talking.complaints == []
    assert all(json.loads(line)["blind"] for line in votes.path.read_text().splitlines())


def test_sides_are_shuffled_only_where_names_are_hidden() -> None:
    from grpokit.reports.chat.page import Talk

    assert {Talk.begin(2, blind=False).order for _ in range(64)} == {(0, 1)}
    assert {Talk.begin(2, blind=True).order for _ in range(64)} == {(0, 1), (1, 0)}  # but for one time in 2**63


class Mathematical(Chat):
    """A chat whose answers hold formulas, and markup around them."""

    def ask(self, question: Question, sampling: Sampling, turns: Sequence[Turn] = ()) -> Iterator[list[Answer]]:
        text = f"So \\(x^2 < 4\\) {MARKUP} ![](http://127.0.0.1:1/a) \\(![](http://127.0.0.1:1/b)<img src=x>y\\)"
        yield [Answer(text, 3, "eos", 0.0, {"correctness": Judgement(0.0, "wrong", "")}) for _ in self.engines]


def test_formulas_are_rendered_and_nothing_else_is_markup(chat: Chat) -> None:
    mathematical = Mathematical(chat.specs, chat.engines, chat.mix, chat.sampling, chat.examples)
    with served(mathematical) as url, talk(url) as talking:
        talking.ask("what?")
        talking.page.locator(".maths .katex").first.wait_for()
        shown = talking.page.locator(".maths").first
        assert "[click](javascript:alert(5))" in shown.inner_text()
        assert shown.locator("img, a, script").count() == 0
        talking.page.wait_for_timeout(300)
        assert talking.complaints == []
