"""Arguments of chat templates: which are read, which are refused, and what is said of those that nothing reads."""

import math
from typing import Any

import pytest
from grpokit.evaluate import EvaluationError
from grpokit.evaluate.engines.checkpoint import locate
from grpokit.evaluate.engines.loading import load_tokenizer
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec, with_templates
from grpokit.evaluate.template_arguments import check_template, parse_template, unknown_arguments
from transformers import PreTrainedTokenizerBase


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    return load_tokenizer(locate(ModelPath("demo")))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"tokenize": True}, "'tokenize' is given by rendering itself"),
        ({"messages": []}, "'messages' is given by rendering itself"),
        ({"add_generation_prompt": False}, "'add_generation_prompt' is given by rendering itself"),
        ({"enable thinking": True}, "'enable thinking' is no name of an argument"),
        ({1: True}, "1 is no name of an argument"),  # YAML's keys may be numbers
        ({"effort": {1, 2}}, "effort={1, 2} is no text, number"),
        ({"effort": math.nan}, "effort=nan is no text, number"),
    ],
)
def test_arguments_that_there_cannot_be(arguments: dict[Any, Any], said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        check_template(arguments)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["enable_thinking=false"], {None: {"enable_thinking": False}}),
        (["effort=high", "tuned.2:effort=low"], {None: {"effort": "high"}, "tuned.2": {"effort": "low"}}),
        (["n=3", "n=4"], {None: {"n": 4}}),  # the last one, as of options
        (["url=http://a:b=c"], {None: {"url": "http://a:b=c"}}),  # a value may hold marks
    ],
)
def test_arguments_as_a_command_line_has_them(texts: list[str], read: dict[str | None, dict[str, Any]]) -> None:
    assert parse_template(texts) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enable_thinking", "write [MODEL:]KEY=VALUE"),
        ("=false", "write [MODEL:]KEY=VALUE"),
        ("enable_thinking=", "write [MODEL:]KEY=VALUE"),
        ("enable_thinking=[", "--template 'enable_thinking=[': "),  # no YAML
        ("base:tokenize=1", "'tokenize' is given by rendering itself"),
    ],
)
def test_what_is_no_argument_on_a_command_line(text: str, said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_template([text])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


TEMPLATE = "{% if effort is defined %}{{ effort }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "arguments", "said"),
    [
        (TEMPLATE, {}, None),
        (TEMPLATE, {"effort": "high"}, None),
        (TEMPLATE, {"efort": "high"}, "does not read 'efort', so nothing comes of it. Did you mean 'effort'?"),
        (TEMPLATE, {"effort": 1, "m": 2}, "does not read 'm', so"),  # a name of its own is no argument
        ("{{ messages }}", {"effort": 1}, "does not read 'effort', so nothing comes of it. It reads none."),
        (TEMPLATE + "{% generation %}x{% endgeneration %}{% break %}", {"effort": 1}, None),  # extensions
        ("{% if", {"effort": 1}, None),  # rendering says what is wrong
        ({"default": "{{ messages }}", "tools": "{{ effort }}"}, {"effort": 1}, None),  # several templates
        (None, {"effort": 1}, "there is no chat template, which would read 'effort'"),
    ],
)
def test_what_is_said_of_arguments_that_nothing_reads(
    tokenizer: PreTrainedTokenizerBase, template: Any, arguments: dict[str, Any], said: str | None
) -> None:
    tokenizer.chat_template = template
    sentence = unknown_arguments(tokenizer, arguments)
    assert (sentence is None) if said is None else (sentence is not None and said in sentence)


def test_a_models_own_arguments_are_its_alone() -> None:
    specs = [ModelSpec.parse("base=demo"), ModelSpec.parse("tuned=demo")]
    base, tuned = with_templates(specs, {None: {"effort": "high"}, "tuned": {"effort": "low"}})
    assert (base.template, tuned.template) == ({}, {"effort": "low"})
    with pytest.raises(EvaluationError, match="--template tunde:…: no --model has this name"):
        with_templates(specs, {"tunde": {"effort": "low"}})
    with pytest.raises(EvaluationError, match="--template old:…: 'old' is stored answers, which no template changes"):
        with_templates([ModelSpec.parse("old=replay:answers.jsonl")], {"old": {"effort": "low"}})
