"""An adapter on the embedded checkpoint, and the page of a chat in Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from grpokit.evaluate import Sampling, load_task
from grpokit.evaluate.engines.spec import parse_models
from grpokit.reports.chat.chat import Chat, open_chat, questions
from grpokit.rewards import RewardMix

SAMPLING = Sampling(temperature=1.0, max_new_tokens=32)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


def make_adapter(folder: Path) -> Path:
    """Write a LoRA with seeded random weights, strong enough that the answers differ from the base's."""
    from grpokit.evaluate.demo import checkpoint_path
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(checkpoint_path())
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
    tuned.save_pretrained(str(folder))
    return folder


def make_chat(folder: Path) -> Chat:
    """Open base and adapter from one load, with the first prompts of the arithmetic task as examples."""
    task = load_task("arithmetic")
    specs = parse_models(["base=demo", f"tuned=demo+{make_adapter(folder)}"])
    return open_chat(specs, RewardMix.parse(task.rewards), SAMPLING, questions(task.prompts(), 3))


class Talk:
    """A chat's page in Chromium, with everything it asked of another server, complained of, or popped up."""

    def __init__(self, page: object, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._request(request.url, url))
        page.goto(url)
        page.wait_for_selector("#ask")

    def _request(self, asked: str, home: str) -> None:
        if not asked.startswith((home, "data:", "blob:")):
            self.complaints.append(f"request: {asked}")

    def ask(self, prompt: str, reference: str = "") -> list[str]:
        """Ask and return the whole answers."""
        self.page.locator("#prompt textarea").fill(prompt)
        self.page.locator("#reference textarea, #reference input").first.fill(reference)
        self.page.locator("#ask").click()
        self.page.wait_for_function("document.querySelectorAll('.rewards table').length == 2", timeout=30_000)
        return self.answers()

    def answers(self) -> list[str]:
        """Return the answers so far."""
        return [box.input_value() for box in self.page.locator(".answer textarea").all()]


@contextmanager
def talk(url: str, **options: object) -> Iterator[Talk]:
    """Open a page in Chromium; skip where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pages not tested")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: pages not tested")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Talk(browser.new_page(**options), url)
        browser.close()
