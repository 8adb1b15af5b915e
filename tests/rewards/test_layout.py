"""One layout for all rewards of a mix: what it is, who reads it, and what is refused."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.rewards import Batch, Gate, Judgement, Layout, LayoutError, Reward, RewardError, RewardMix, get
from grpokit.rewards.checks.audit import audit
from grpokit.rewards.checks.honest import AuditRow
from grpokit.rewards.text import normalise

IDS = [[1, 2, 3]]


def parts(mix: RewardMix, text: str, reference: str = "18") -> dict[str, float | None]:
    """The value of each reward for one completion."""
    scored = mix.score(completions=[text], completion_ids=IDS, answer=[reference])
    return {name: values[0] for name, values in scored.rewards.items()}


@pytest.mark.parametrize(
    "spec",
    [
        "correctness(answer_tag=result)=1,conciseness=0.5,cosine_length=0.5,token_overlap=0.5",  # named by a reward
        "layout(answer_tag=result);correctness=1,conciseness=0.5,cosine_length=0.5,token_overlap=0.5",  # by the layout
        "conciseness=0.5,cosine_length=0.5,token_overlap=0.5,gate(correctness(answer_tag=result),length)",  # in a gate
    ],
)
def test_every_reward_pays_a_right_answer_in_the_tag_that_the_mix_names(spec: str) -> None:
    values = parts(RewardMix.parse(spec), "<think>9 * 2 = 18</think><result>18</result>")
    values.pop("gate(correctness(answer_tag=result),length)", None)
    assert values.pop("cosine_length") == pytest.approx(1.0, abs=1e-4)
    assert set(values.values()) == {1.0}


def test_all_read_the_lenient_extraction() -> None:
    mix = RewardMix.parse("layout(extraction=lenient);correctness=1,conciseness=1")
    assert parts(mix, "So there are 18 of them, I think.") == {"correctness": 1.0, "conciseness": 1.0}
    assert parts(RewardMix.parse("correctness=1"), "So there are 18 of them, I think.") == {"correctness": 0.0}


SCRATCH = "layout(reasoning_tag=scratch,answer_tag=result);"
THOUGHT = "<scratch>The box has 9 rows of 2 eggs, so 9 * 2 = 18 eggs.\nNot 17.</scratch><result>18</result>"


@pytest.mark.parametrize(
    "name",
    [
        *("correctness", "conciseness", "cosine_length", "token_overlap", "edit_similarity", "rouge_1", "rouge_2"),
        *("xml_format", "xml_format_soft", "xml_tag_count", "length(target=19)"),
        "gate(xml_format,correctness)",
    ],
)
def test_a_tag_of_ones_own_is_read_by_every_reward(name: str) -> None:
    reference = "18 eggs" if name == "rouge_2" else "18"
    text = THOUGHT.replace("<result>18", "<result>18 eggs") if name == "rouge_2" else THOUGHT
    assert parts(RewardMix.parse(f"{SCRATCH}{name}"), text, reference)[name] == pytest.approx(1.0, abs=1e-4)
    assert parts(RewardMix.parse(name), text, reference)[name] != pytest.approx(1.0, abs=1e-4)


def test_clarity_looks_at_the_reasoning_alone() -> None:
    text = "<scratch>.</scratch>The box has 9 rows of 2 eggs, so 9 * 2 = 18 eggs."
    assert parts(RewardMix.parse("layout(reasoning_tag=scratch);cot_clarity(target=1)"), text) == {
        "cot_clarity(target=1)": 0.0
    }
    assert get("cot_clarity", target=1)(completions=[text]) == [1.0]


def test_reasoning_apart_from_the_content_stands_before_the_answer_tag() -> None:
    message = [{"role": "assistant", "reasoning_content": "9 * 2", "content": "<result>18</result>"}]
    mix = RewardMix.parse(f"{SCRATCH}correctness,xml_format,xml_format_soft,xml_tag_count")
    assert mix.score(completions=[message], answer=["18"]).total == [4.0]


def test_rewards_are_called_as_trl_calls_them() -> None:
    mix = RewardMix.parse(f"{SCRATCH}correctness,conciseness,token_overlap,xml_format")
    for reward in mix.reward_funcs:
        values = reward(
            prompts=[[{"role": "user", "content": "What is 9 * 2?"}]],
            completions=[[{"role": "assistant", "content": "<scratch>9 * 2</scratch><result>18</result>"}]],
            completion_ids=IDS,
            answer=["18"],
            trainer_state=object(),
            log_metric=lambda name, value: None,
        )
        assert values == [1.0]


def test_an_unclosed_block_of_ones_own_tag_leaves_no_answer() -> None:
    mix = RewardMix.parse("layout(reasoning_tag=scratch);correctness,length,conciseness,token_overlap")
    judged = mix.explain(completions=["<scratch>so it is 18"], answer=["18"])
    assert {name: one[0].status for name, one in judged.items()} == {
        "correctness": "unclosed",
        "length": "no answer",
        "conciseness": "unclosed",
        "token_overlap": "no answer",
    }
    ungated = RewardMix.parse("layout(reasoning_tag=scratch);conciseness").explain(completions=["<scratch>so it is 18"])
    assert ungated["conciseness"][0].status == "no final answer"


def test_a_prompt_may_open_the_block() -> None:
    mix = RewardMix.parse("layout(reasoning_tag=scratch);correctness,xml_format")
    scored = mix.score(
        prompts=["What is 9 * 2? <scratch>\n"], completions=["18</scratch><answer>18</answer>"], answer=["18"]
    )
    assert scored.total == [2.0]
    assert normalise("6*3, and then", prompt="6*3? <scratch>", layout=mix.layout).final is None
    assert normalise("6*3</scratch><scratch>again</scratch>18", layout=mix.layout).prefilled


def test_the_usual_reasoning_tags_are_read_beside_the_named_one() -> None:
    reward = RewardMix.parse("layout(reasoning_tag=scratch);correctness").rewards[0]
    tags = ("think", "thinking", "reasoning", "thought", "scratch")
    texts = [f"<{tag}>so it is 17</{tag}>18" for tag in tags]
    assert reward(completions=texts, answer=["18"] * 5) == [1.0] * 5


def test_the_rewards_make_up_one_layout() -> None:
    mix = RewardMix.parse("correctness(answer_tag=result),xml_format(reasoning_tag=reasoning)")
    assert mix.layout == Layout("reasoning", "result")
    assert parts(mix, "<reasoning>9 * 2</reasoning><result>18</result>") == {
        "correctness(answer_tag=result)": 1.0,
        "xml_format(reasoning_tag=reasoning)": 1.0,
    }


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (  # two rewards
            "correctness(answer_tag=result)=1,xml_format(answer_tag=solution)=1",
            ("correctness", "answer_tag='result'", "xml_format", "'solution'", "layout(answer_tag="),
        ),
        (  # a reward that spells the default out is taken at its word
            "xml_format(reasoning_tag=think),xml_tag_count(reasoning_tag=reasoning)",
            ("xml_format", "'think'", "xml_tag_count", "'reasoning'", "layout(reasoning_tag="),
        ),
        (  # a reward and the layout
            "layout(answer_tag=result);correctness(extraction=lenient)=1",
            ("the layout", "extraction='strict'", "correctness", "'lenient'", "layout(extraction="),
        ),
        (  # within a gate
            "layout(answer_tag=result);gate(xml_format(answer_tag=solution),length)",
            ("the layout", "'result'", "xml_format", "'solution'"),
        ),
        ("gate(xml_format(answer_tag=a),correctness(answer_tag=b))", ("xml_format", "'a'", "correctness", "'b'")),
        ("layout(answr_tag=result);correctness", ("no 'answr_tag'", "Did you mean 'answer_tag'?")),
        ("layout(answer_tag='<result>');correctness", ("answer_tag", "'<result>'", "bare name")),
        ("layout(answer_tag=5);correctness", ("answer_tag", "got 5")),
        ("layout(answer_tag=think);correctness", ("answer_tag", "'think'", "two different names")),
        ("layout(answer_tag=thought);correctness", ("answer_tag='thought'", "read as reasoning")),
        ("layout(extraction=loose);correctness", ("extraction", "'loose'", "'strict' or 'lenient'")),
        ("layout(correctness);correctness", ("a layout stands once",)),
        ("layout(answer_tag=result),correctness", ("a layout stands once",)),
        ("layout(answer_tag=result)", ("a layout stands once",)),
        ("layout(answer_tag=result);", ("expected a reward",)),
        ("correctness;layout(answer_tag=result)", ("a layout stands once",)),
        ("layout();layout();correctness", ("a layout stands once",)),
        ("layout();correctness;length", ("a layout stands once",)),
        # two rewards that agree on nothing wrong, and yet make up no layout
        ("correctness(answer_tag=plan),xml_format(reasoning_tag=plan)", ("both 'plan'",)),
    ],
)
def test_contradictions_and_slips_are_one_line(spec: str, words: tuple[str, ...]) -> None:
    with pytest.raises(GrpokitError) as caught:
        RewardMix.parse(spec)
    assert "\n" not in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        (
            "layout(answer_tag=result, extraction=lenient); correctness=1,conciseness=0.5",
            "layout(answer_tag='result',extraction='lenient');correctness=1,conciseness=0.5",
        ),
        ("correctness(answer_tag=result)=1", "correctness(answer_tag='result')=1"),  # the reward says it already
        ("layout();correctness=1", "correctness=1"),  # what is the default anyway
    ],
)
def test_the_spec_builds_the_mix_again(spec: str, written: str) -> None:
    mix = RewardMix.parse(spec)
    assert mix.spec == written
    again = RewardMix.parse(mix.spec)
    assert (again, again.fingerprint) == (mix, mix.fingerprint)
    assert pickle.loads(pickle.dumps(mix)) == mix
    assert pickle.loads(pickle.dumps(mix)).rewards[0].layout == mix.layout


def test_yaml_and_python_say_it_too(tmp_path: Path) -> None:
    file = tmp_path / "mix.yaml"
    file.write_text("layout:\n  answer_tag: result\n  extraction: lenient\ncorrectness: 1\nconciseness: 0.5\n")
    mix = RewardMix.from_yaml(file)
    assert mix == RewardMix.parse("layout(answer_tag=result,extraction=lenient);correctness=1,conciseness=0.5")
    assert mix == RewardMix(
        [get("correctness"), get("conciseness")], [1, 0.5], layout=Layout("think", "result", "lenient")
    )
    with pytest.raises(LayoutError, match="is no mapping; write its settings"):
        RewardMix.from_yaml({"layout": "result", "correctness": 1})
    with pytest.raises(LayoutError, match="Did you mean 'extraction'"):
        RewardMix.from_yaml({"layout": {"extracton": "lenient"}, "correctness": 1})


def test_a_reward_taken_out_of_a_mix_keeps_its_layout() -> None:
    mix = RewardMix.parse(
        "layout(reasoning_tag=scratch,answer_tag=result);correctness,length,gate(xml_format,conciseness)"
    )
    for reward in mix.rewards:
        other = RewardMix([reward])
        assert other.layout == mix.layout
        assert RewardMix.parse(other.spec) == other
        assert other.fingerprint == RewardMix.parse(other.spec).fingerprint


@dataclass(frozen=True)
class Least(Reward):
    """The lower of two rewards, as somebody else might write it."""

    first: Reward
    second: Reward

    name = "least"

    def judge(self, batch: Batch) -> list[Judgement]:
        pairs = zip(self.first.judge(batch), self.second.judge(batch), strict=True)
        return [min(pair, key=lambda judged: judged.value or 0.0) for pair in pairs]


def test_a_reward_made_of_others_hands_the_layout_on() -> None:
    least = Least(get("correctness", answer_tag="result"), get("token_overlap"))
    assert parts(RewardMix([least]), "<think>9</think><result>18</result>") == {least.__name__: 1.0}


def test_a_gate_of_a_mixs_rewards_keeps_their_layout() -> None:
    mix = RewardMix.parse(f"{SCRATCH}correctness,length")
    again = RewardMix([Gate(mix.rewards[0], get("conciseness"))])
    assert again.layout == mix.layout
    assert RewardMix.parse(again.spec) == again


def test_the_layout_is_no_parameter() -> None:
    with pytest.raises(RewardError, match="length has no parameter 'bound'"):
        get("length", bound=None)


def test_a_gate_alone_reads_one_layout() -> None:
    gate = Gate(get("correctness", answer_tag="result"), get("conciseness"))
    assert gate(completions=["<think>9</think><result>18</result>"], answer=["18"]) == [1.0]


def test_names_stay() -> None:
    assert get("xml_format(reasoning_tag=think)").__name__ == "xml_format"
    assert get("correctness", answer_tag="result").__name__ == "correctness(answer_tag=result)"
    assert RewardMix.parse("layout(answer_tag=result);correctness,xml_format").names == ["correctness", "xml_format"]


def test_a_mix_normalises_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def counted(*given: object) -> object:
        calls.append(given)
        return normalise(*given)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr("grpokit.rewards.reward.normalise", counted)
    mix = RewardMix.parse(
        "layout(answer_tag=result);correctness,conciseness,token_overlap,xml_format,repetition,length"
    )
    mix.score(completions=["<result>18</result>"] * 2, answer=["18"] * 2)
    assert len(calls) == 2


def test_one_batch_may_be_read_by_two_layouts() -> None:
    batch = Batch(["<scratch>17</scratch><answer>18</answer>", "<scratch>18"], None, None, {"answer": ["18", "18"]})
    scratch, plain = RewardMix.parse("layout(reasoning_tag=scratch);correctness").rewards[0], get("correctness")
    for reward, statuses in ((scratch, ["correct", "unclosed"]), (plain, ["correct", "no answer"])) * 2:
        assert [one.status for one in reward.judge(batch)] == statuses


@pytest.mark.parametrize("name", ["correctness", "conciseness", "token_overlap", "gate(xml_format,correctness)"])
def test_in_threads_and_pickled(name: str) -> None:
    reward: Reward = pickle.loads(pickle.dumps(RewardMix.parse(f"{SCRATCH}{name}").rewards[0]))
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(reward, completions=[THOUGHT], answer=["18"]) for _ in range(8)]
        assert [call.result() for call in calls] == [[1.0]] * 8


def test_the_audit_writes_and_judges_in_the_layout() -> None:
    report = audit(RewardMix.parse("layout(reasoning_tag=scratch,answer_tag=result);correctness=1,xml_format=0.5"))
    assert (report.right.total, report.wrong.total) == (1.5, 0.5)
    assert "<scratch>" in next(hack.example for hack in report.hacks if hack.name == "repetition")
    assert audit(RewardMix.parse("correctness(answer_tag=result)=1,token_overlap=1")).right.total == 2.0
    text = AuditRow("Summarise.", "My neighbour borrowed the ladder in March and says it was always his own.")
    specs = ("gate(xml_format,token_overlap)", f"{SCRATCH}gate(xml_format,token_overlap)")
    usual, scratch = (audit(RewardMix.parse(spec), [text]).right.total for spec in specs)
    assert scratch == usual > 0.9  # a paraphrase, where the layout holds
