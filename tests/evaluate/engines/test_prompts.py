"""What the manifest keeps of how prompts became tokens."""

import pytest
from grpokit.evaluate import Prompt, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.evaluate.engines.prompts import EncodedPrompts
from grpokit.evaluate.rendering import encode
from grpokit.rewards.text import Message

ASKED: Message = {"role": "user", "content": "1+1?"}
UNKNOWN, KNOWN = load_task("arithmetic").system, "sum it"
"""A system message with characters that the demo's tokenizer lacks, and one without."""


@pytest.mark.parametrize(
    ("systems", "fate"),
    [
        ([], None),
        ([UNKNOWN], "left out"),
        ([KNOWN], "moved"),
        ([KNOWN, UNKNOWN, KNOWN], "left out or moved"),  # rows fill it
    ],
)
def test_what_became_of_system_messages_is_kept(systems: list[str], fate: str | None) -> None:
    tokenizer = load_tokenizer(checkpoint_path())  # its template drops them
    prompts = EncodedPrompts(tokenizer, len(tokenizer))
    assert prompts.ids(Prompt("alone", [ASKED], {})) == encode(tokenizer, [ASKED])
    for number, system in enumerate(systems):
        prompts.ids(Prompt(str(number), [{"role": "system", "content": system}, ASKED], {}))
    assert prompts.describe()["system"] == fate
