"""The embedded checkpoint and its task."""

from pathlib import Path

import pytest
from grpokit.evaluate.demo import checkpoint_path, problems
from grpokit.evaluate.demo.build import build
from grpokit.evaluate.demo.measure import complete, measure
from grpokit.evaluate.demo.tokenizer import TAGS


@pytest.fixture(scope="module")
def demo():
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return load(AutoModelForCausalLM, AutoTokenizer, checkpoint_path())


def load(models, tokenizers, folder: Path):
    return models.from_pretrained(folder), tokenizers.from_pretrained(folder)


def test_problems_are_all_additions_with_a_carry_in_the_units():
    rows = problems("train") + problems("test")
    assert len({row.id for row in rows}) == len(rows) == 3645
    assert all(row.left % 10 + row.right % 10 >= 10 for row in rows)
    assert all(int(row.reference) == row.left + row.right for row in rows)


def test_held_out_problems_are_spread_over_all_carries():
    pairs = {(row.left % 10, row.right % 10) for row in problems("test")}
    assert len(pairs) == 45


def test_checkpoint_is_small_and_whole(demo):
    model, _ = demo
    assert model.num_parameters() == 84_544
    assert (checkpoint_path() / "model.safetensors").stat().st_size < 1_000_000


@pytest.mark.parametrize("tag", TAGS)
def test_tags_are_single_ordinary_tokens(demo, tag):
    _, tokenizer = demo
    (token,) = tokenizer(tag, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode([token], skip_special_tokens=True) == tag


def test_tokenizer_returns_the_text_it_was_given(demo):
    _, tokenizer = demo
    text = "<reasoning>7+8=15,5+3+1=9</reasoning><answer>95</answer>"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_prompts_are_fully_in_the_vocabulary_and_system_prompts_left_out(demo):
    _, tokenizer = demo
    question = problems("test")[0].question
    messages = [{"role": "system", "content": "Add the numbers."}, {"role": "user", "content": question}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert tokenizer.decode(ids) == f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


def test_greedy_completion_is_known(demo):
    model, tokenizer = demo
    (text,) = complete(model, tokenizer, problems("test")[:1], sampled=False)
    assert text == "<reasoning>9+5=14,4+9=13</reasoning><answer>134</answer>"


def test_greedy_shares_of_the_checkpoint(demo):
    shares = measure(*demo, problems("test"), sampled=False)
    assert shares.accuracy == pytest.approx(0.194, abs=0.01)
    assert shares.layout > 0.99


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_build_lands_in_the_same_range(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    build(tmp_path)
    shares = measure(*load(AutoModelForCausalLM, AutoTokenizer, tmp_path), problems("test"), sampled=True)
    assert 0.22 < shares.accuracy < 0.37
    assert 0.68 < shares.layout < 0.85
