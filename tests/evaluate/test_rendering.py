"""A prompt becomes the tokens it should, once each, and their fingerprint tells templates apart."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grpokit.evaluate.engines.checkpoint import locate
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.rendering import encode, fits, render, rendered, tokens_fingerprint, without_system
from grpokit.evaluate.types import EvaluationError
from grpokit.rewards.text import Message
from grpokit.rewards.user_code import in_thread
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from ..chat_templates import CHATML, GEMMA, LLAMA3, MISTRAL

MESSAGES: list[Message] = [{"role": "user", "content": "what is 1+1?"}]


def generous_tokenizer() -> PreTrainedTokenizerBase:
    """A token a byte, with compatibility forms spelt out, a prefix, and marks of beginning and end."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: number for number, letter in enumerate([*letters, "<s>", "</s>"])}, []))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 256), ("</s>", 257)])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>")


GENEROUS = generous_tokenizer()


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    return load_tokenizer(locate(ModelPath("demo")))


def test_the_fingerprint_changes_with_the_template_and_not_with_the_order(tokenizer: PreTrainedTokenizerBase) -> None:
    tokens = {name: encode(tokenizer, MESSAGES) for name in ("a", "b")}
    assert tokens_fingerprint(tokens) == tokens_fingerprint(dict(reversed(tokens.items())))
    tokenizer.chat_template = str(tokenizer.chat_template) + " "
    assert tokens_fingerprint({name: encode(tokenizer, MESSAGES) for name in tokens}) != tokens_fingerprint(tokens)


def test_without_a_template_messages_are_joined(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = None
    assert render(tokenizer, [{"role": "system", "content": "Add."}, *MESSAGES]) == "Add.\n\nwhat is 1+1?\n\n"


SYSTEM: Message = {"role": "system", "content": " Add.\n"}
HELLO: Message = {"role": "assistant", "content": "hello"}
ADD: Message = {"role": "user", "content": "Add. what is 1+1?"}
MERGED: Message = {"role": "user", "content": " Add.\n\n\nwhat is 1+1?"}

ROLES = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
REFUSING = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + ROLES
DROPPING = "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endfor %}"
# It has a system message of its own, but for chats that bring one, which it then drops.
DEFAULTING = "{% if messages[0].role != 'system' %}[system]Be kind.{% endif %}" + DROPPING

SYSTEMS = [
    # template, messages, those that a trainer is given, the system message's fate
    (CHATML, [SYSTEM, *MESSAGES], [SYSTEM, *MESSAGES], None),
    (LLAMA3, [SYSTEM, *MESSAGES], [SYSTEM, *MESSAGES], None),  # without the blanks around it
    (GEMMA, [SYSTEM, *MESSAGES], [MERGED], "moved"),
    (MISTRAL, [SYSTEM, *MESSAGES], [MERGED], "moved"),
    (REFUSING, [SYSTEM, *MESSAGES], [MERGED], "moved"),
    (DROPPING, [SYSTEM, *MESSAGES], [MERGED], "moved"),
    (DEFAULTING, [SYSTEM, *MESSAGES], [MERGED], "moved"),
    (DROPPING, [SYSTEM, HELLO, *MESSAGES], [HELLO, MERGED], "moved"),  # the first question, not message
    (DROPPING, [SYSTEM, ADD], [{**ADD, "content": " Add.\n\n\nAdd. what is 1+1?"}], "moved"),  # the user's own "Add."
    (ROLES, [SYSTEM, ADD], [SYSTEM, ADD], None),
    (DROPPING, MESSAGES, MESSAGES, None),
    (DROPPING, [SYSTEM], [SYSTEM], None),  # no question to put it in
    (DROPPING, [{**SYSTEM, "content": " "}, *MESSAGES], [{**SYSTEM, "content": " "}, *MESSAGES], None),  # nothing lost
    (None, [SYSTEM, *MESSAGES], " Add.\n\n\nwhat is 1+1?\n\n", None),
]


@pytest.mark.parametrize(("template", "messages", "asked", "fate"), SYSTEMS)
def test_a_system_message_that_a_template_does_not_show_goes_into_the_first_question(
    template: str | None, messages: list[Message], asked: list[Message] | str, fate: str | None
) -> None:
    made = PreTrainedTokenizerFast(tokenizer_object=GENEROUS.backend_tokenizer, bos_token="<s>", eos_token="</s>")
    made.chat_template = template
    result = rendered(made, messages)
    assert (result.asked, result.system) == (asked, fate)
    if template is not None:
        assert result.string == made.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)


@pytest.mark.parametrize(("template", "asked"), [(DROPPING, [SYSTEM, *MESSAGES]), (REFUSING, MESSAGES)])
def test_a_system_message_that_a_tokenizer_cannot_write_is_left_out(
    tokenizer: PreTrainedTokenizerBase, template: str, asked: list[Message]
) -> None:
    """The demo's knows few characters; tokens for unknown ones would be noise in front of the question."""
    tokenizer.chat_template = template
    assert rendered(tokenizer, [SYSTEM, *MESSAGES]) == ("[user]what is 1+1?", asked, "left out")


def test_what_a_template_refuses_but_the_system_role_stays_an_error(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = GEMMA
    for messages in ([HELLO], [SYSTEM, HELLO], [SYSTEM, HELLO, *MESSAGES]):
        with pytest.raises(EvaluationError, match="refuses the prompt"):
            rendered(tokenizer, messages)


PREFILLED = [
    # template, what is rendered
    (CHATML, "<|im_start|>user\nwhat is 1+1?<|im_end|>\n<|im_start|>assistant\n<think>\n"),
    (DROPPING, "[user]what is 1+1?<think>\n"),  # without generation prompt
    (None, "what is 1+1?\n\n<think>\n"),
]


@pytest.mark.parametrize(("template", "string"), PREFILLED)
def test_a_last_message_of_the_assistants_begins_its_answer_and_ends_no_turn(
    tokenizer: PreTrainedTokenizerBase, template: str | None, string: str
) -> None:
    tokenizer.chat_template = template
    begun: Message = {"role": "assistant", "content": "<think>\n"}
    assert rendered(tokenizer, [*MESSAGES, begun]).string == string
    assert rendered(tokenizer, [*MESSAGES, begun]).asked == string  # a trainer would end the turn
    assert render(tokenizer, [SYSTEM, *MESSAGES, begun]).endswith(string[-20:])


THINKING = "{% if enable_thinking is defined and not enable_thinking %}[off]{% endif %}" + ROLES


def test_a_chat_template_gets_its_arguments(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = THINKING
    assert render(tokenizer, MESSAGES) == "[user]what is 1+1?"
    assert render(tokenizer, MESSAGES, {"enable_thinking": False}) == "[off][user]what is 1+1?"
    assert encode(tokenizer, MESSAGES, {"enable_thinking": False})[: len("[off]")] != encode(tokenizer, MESSAGES)[:5]
    begun: Message = {"role": "assistant", "content": "4"}
    assert render(tokenizer, [*MESSAGES, begun], {"enable_thinking": False}) == "[off][user]what is 1+1?4"


def test_no_bos_is_doubled_and_no_eos_ends_the_prompt(shared: Path) -> None:
    real = load_tokenizer(shared / "models/stories260K")
    assert real.bos_token is not None
    written = encode(real, f"{real.bos_token}Once upon a time")  # as many templates write it
    assert written == encode(real, "Once upon a time")
    assert written.count(real.bos_token_id) == 1
    assert written[-1] != real.eos_token_id


@given(st.text(max_size=40), st.integers(1, 60))
@example("\ufdfa", 20)  # one character that is eighteen when its compatibility form is spelt out
@example("a" * 20, 23)  # exactly as many tokens as are allowed
def test_a_prompt_fits_as_its_tokens_say(text: str, longest: int) -> None:
    assert fits(GENEROUS, text, text, longest) == (len(encode(GENEROUS, text)) <= longest)


@pytest.mark.parametrize("messages", [[], [{"role": "system", "content": "Add."}]])
def test_without_a_question_a_system_message_stays_where_it_is(messages: list[Message]) -> None:
    assert without_system(messages) == messages


def test_an_end_token_that_a_tokenizer_adds_is_not_asked(tokenizer: PreTrainedTokenizerFast) -> None:
    end, ids = (tokenizer.eos_token, tokenizer.eos_token_id), encode(tokenizer, "2+2?")
    ending = processors.TemplateProcessing(single=f"$A {end[0]}", special_tokens=[end])
    tokenizer.backend_tokenizer.post_processor = ending
    assert tokenizer("2+2?")["input_ids"][-1] == end[1]  # or the test could not fail
    assert encode(tokenizer, "2+2?") == ids


LOOP = "{% for i in range(100000) %}{% for j in range(100000) %}{% set k = j %}{% endfor %}{% endfor %}"

FAULTS = [
    # a template, and what is said of it
    (LOOP, "takes more than 0.5 s"),
    ("{{ 9 ** (9 ** 9) }}", "takes more than 0.5 s"),  # within one operation, which no signal interrupts
    ("{{ 'a' * 10 ** 10 }}", "takes more than 1,073,741,824 bytes"),
    ("{{ '%20000000000d' % 1 }}", "takes more than 1,073,741,824 bytes"),
    ("{% set n = namespace(x='aa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "takes more than"),
    ("{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}", "makes a text of 99,999,000 characters"),
    ("{{ 1 / 0 }}", "fails: ZeroDivisionError"),
    ("{{ messages[9].content.x }}", "refuses the prompt"),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "fails: RecursionError"),
    ("{% if %}", "refuses the prompt"),  # which is no template
    ("{{ raise_exception('no\\nprompt') }}", "refuses the prompt: no$"),
    ("{{ messages.__class__.__mro__ }}", "refuses the prompt"),  # the sandbox
]


@pytest.mark.parametrize(("template", "said"), FAULTS)
@pytest.mark.parametrize("thread", [False, True], ids=["main", "thread"])
def test_a_templates_fault_is_one_line_within_time_and_memory(
    template: str, said: str, thread: bool, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpokit.bounded.SECONDS", 0.5 if "0.5 s" in said else 60.0)
    tokenizer.chat_template = template
    with pytest.raises(EvaluationError, match=said) as caught:
        in_thread(lambda: render(tokenizer, MESSAGES)) if thread else render(tokenizer, MESSAGES)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr("grpokit.bounded.SECONDS", 60.0)
    tokenizer.chat_template = CHATML
    assert "what is 1+1?" in render(tokenizer, MESSAGES)  # the next one is not at fault


def test_processes_of_templates_end_with_their_tokenizers(tokenizer: PreTrainedTokenizerBase) -> None:
    before = set(multiprocessing.active_children())
    tokenizer.chat_template = CHATML
    render(tokenizer, MESSAGES)
    (child,) = set(multiprocessing.active_children()) - before
    tokenizer.chat_template = CHATML + " "
    render(tokenizer, MESSAGES)
    child.join(60)
    assert child.exitcode == 0


def test_a_templates_process_ends_with_a_killed_parent() -> None:
    """It would hold the lock of the run, and the port of the page."""
    code = (
        "import multiprocessing, sys, time\n"
        "from grpokit.evaluate.demo import checkpoint_path\n"
        "from grpokit.evaluate.engines.loading import load_tokenizer\n"
        "from grpokit.evaluate.rendering import render\n"
        "render(load_tokenizer(checkpoint_path()), [{'role': 'user', 'content': '2+2?'}])\n"
        "print(multiprocessing.active_children()[0].pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = Path("/proc", parent.stdout.readline().strip())
        assert child.exists()
        parent.kill()
    deadline = time.monotonic() + 60
    while child.exists() and "State:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_threads_are_each_given_their_own_prompt(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.chat_template = CHATML
    texts = [f"question {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda text: render(tokenizer, [{"role": "user", "content": text}]), texts)
        assert all(f"{text}<" in string for text, string in zip(texts, asked, strict=True))
