"""Rewards with one fault each, and a sound one: what the conformance check must tell apart."""

import math
import random
import re
import time
from typing import Any


def sound(completions: list[Any], **kwargs: Any) -> list[float]:
    """Take strings and messages."""
    return [min(1.0, len(c if isinstance(c, str) else c[-1]["content"]) / 100) for c in completions]


def strings_only(completions: list[str], **kwargs: Any) -> list[float]:
    """Count characters of strings; a list of messages has the length 1."""
    return [1 - len(text) / 400 for text in completions]


def messages_only(completions: list[Any], **kwargs: Any) -> list[float]:
    return [min(1.0, len(messages[-1]["content"]) / 100) for messages in completions]


def constant(completions: list[Any], **kwargs: Any) -> list[float]:
    return [0.5] * len(completions)


def needs_answer(completions: list[Any], **kwargs: Any) -> list[float]:
    return [float(right in str(c)) for c, right in zip(completions, kwargs["answer"], strict=True)]


def needs_two_columns(completions: list[Any], answer: list[str], solution: list[str], **kwargs: Any) -> list[float]:
    return [float(a in str(c)) for c, a in zip(completions, answer, strict=True)]


def first_only(completions: list[str], **kwargs: Any) -> list[float]:
    return [0.5]


def not_finite(completions: list[str], **kwargs: Any) -> list[float]:
    return [1.0 / len(text) if text else math.inf for text in completions]


def by_position(completions: list[str], **kwargs: Any) -> list[float]:
    return [index / len(completions) for index in range(len(completions))]


def random_values(completions: list[str], **kwargs: Any) -> list[float]:
    return [random.random() for _ in completions]


def quadratic(completions: list[str], **kwargs: Any) -> list[float]:
    """Look for a closing tag from every opening one."""
    return [float(bool(re.search(r"<think>.*?</think>\s*<answer>", text, re.DOTALL))) for text in completions]


def endless(completions: list[str], **kwargs: Any) -> list[float]:
    time.sleep(600)
    return [0.0] * len(completions)


def evaluates(completions: list[str], **kwargs: Any) -> list[float]:
    for text in completions:
        try:
            eval(re.sub(r"</?answer>|^#### ", "", text))
        except Exception:  # as such functions do
            continue
    return [0.0] * len(completions)


def crashes(completions: list[str], **kwargs: Any) -> list[float]:
    return [float(text.split()[0] == "yes") for text in completions]


class Forgetful:
    """Another value at each call: state where there should be none."""

    calls = 0

    def __call__(self, completions: list[str], **kwargs: Any) -> list[float]:
        self.calls += 1
        return [float(self.calls)] * len(completions)


forgetful = Forgetful()
