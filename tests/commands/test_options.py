"""What the options of several commands mean."""

import pytest
from grpokit.commands.options import ScoringOptions, UsageError, VllmOptions, check_loading
from grpokit.evaluate.engines import Loading
from grpokit.evaluate.engines.spec import VllmSettings, parse_models


@pytest.mark.parametrize(
    ("rewards", "option", "card", "primary"),
    [
        (None, None, "xml_format", "xml_format"),
        (None, None, "total", "total"),  # a card may name the total
        (None, "total", "xml_format", "total"),
        ("xml_format", None, "correctness", "xml_format"),  # another mix, which does not have the card's
        (None, None, None, "correctness"),  # nobody said
    ],
)
def test_the_metric_that_gives_the_verdict(
    rewards: str | None, option: str | None, card: str | None, primary: str
) -> None:
    assert (
        ScoringOptions(rewards, option, allow_code=False).over("correctness,xml_format=0.5", card, "card.yaml").primary
        == primary
    )


@pytest.mark.parametrize(
    ("models", "loading", "said"),
    [
        (["v=vllm:demo"], Loading(device="cuda:1"), "--device cuda:1 is not for v, which vLLM loads: .* CUDA_VISIBLE"),
        (["v=vllm:demo"], Loading(attention="sdpa"), "--attention sdpa is not for v, which vLLM loads: .* kernels"),
        (["v=vllm:demo"], Loading(quantization="4bit"), "--quantization 4bit is not for v, .* give one; leave it out"),
        # one model that could follow does not speak for the other
        (["demo", "v=vllm:demo"], Loading(device="cpu"), "--device cpu is not for v"),
        (["demo"], Loading(), "--vllm is for vLLM .* no --model is one; leave it out"),
    ],
)
def test_vllm_follows_what_it_is_told_or_refuses_it(models: list[str], loading: Loading, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        VllmOptions(["max_model_len=64"]).settings(parse_models(models), loading)


def test_what_vllm_is_told() -> None:
    specs = parse_models(["demo", "v=vllm:demo"])
    assert VllmOptions(["max_model_len=64"]).settings(specs, Loading(dtype="float32")) == VllmSettings(max_model_len=64)
    assert VllmOptions([]).settings(parse_models(["demo"]), Loading(device="cpu", quantization="4bit")).given == {}


@pytest.mark.parametrize(
    ("loading", "said"),
    [
        (Loading(dtype="bfloat16"), "--dtype is for weights that are loaded here"),
        (Loading(device="cpu", quantization="4bit"), "--device and --quantization is for weights"),
        (Loading(attention="eager"), "--attention is for"),
        (Loading(trust_remote_code=True), "--trust-remote-code is for"),
    ],
)
def test_how_weights_are_loaded_is_refused_where_none_are(loading: Loading, said: str) -> None:
    specs = parse_models(["openai:http://localhost:1/v1#m", "replay:rows.jsonl"])
    with pytest.raises(UsageError, match=f"{said}.* no --model is; leave it out"):
        check_loading(specs, loading)
    check_loading(specs, Loading())
    check_loading([*specs, *parse_models(["vllm:demo"])], loading)
    check_loading([*specs, *parse_models(["demo"])], loading)
