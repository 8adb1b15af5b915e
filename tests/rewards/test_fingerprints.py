"""Fingerprints: stored runs hold them, so equal semantics keep theirs and another layout has another."""

import pytest
from grpokit.rewards import RewardMix, get
from grpokit.rewards.answers.correctness import Correctness

FINGERPRINTS = {  # of versions in which each reward decided for itself: stored runs hold them
    "correctness": "11b32c6abde5b74d",
    "xml_format": "69bf52004c27aa1f",
    "xml_format_soft": "6e41f26dadf430c2",
    "xml_tag_count": "ab67976c62bb0e12",
    "conciseness": "3c36df7e1eb47217",
    "cosine_length": "0f2daf6da98e2e13",
    "token_overlap": "59cef7a102a584ec",
    "rouge_1": "86c4e113b7aec44a",
    "semantic_similarity": "0ad0583085163d7f",
    "summary_quality": "7d80f7461fe4661c",
    "cot_clarity": "549be5e532f1840c",
    "length": "8d4d6b0e49072285",
    "repetition": "cbc0d8d93fbc3e9b",
    "correctness(answer_tag=result)": "28d1a83756a5e27d",
    "correctness(extraction=lenient)": "7d3a7caa92092687",
    "xml_format(reasoning_tag=reasoning)": "ad70356ea309572c",
    "xml_format(reasoning_tag=think)": "69bf52004c27aa1f",
    "gate(correctness(extraction=lenient),length,threshold=0.5)": "e6c8c2e3ccfff323",
}


@pytest.mark.parametrize(("spec", "fingerprint"), FINGERPRINTS.items())
def test_stored_fingerprints_stay(spec: str, fingerprint: str) -> None:
    assert get(spec).fingerprint == fingerprint
    assert RewardMix.parse(spec).rewards[0].fingerprint == fingerprint


@pytest.mark.parametrize(
    ("spec", "fingerprint"),
    [
        ("correctness=2,xml_format=0.5", "c8648ae0915873ef"),
        (
            "correctness=1,xml_format(reasoning_tag=reasoning)=0.5",
            "e6e04610c7483542",
        ),  # another tag is asked for, not read
        ("gate(xml_format,conciseness)=1", "076535599e31f375"),
    ],
)
def test_stored_fingerprints_of_mixes_stay(spec: str, fingerprint: str) -> None:
    assert RewardMix.parse(spec).fingerprint == fingerprint


def test_rewards_that_judge_by_correctness_change_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = ("correctness", "conciseness", "cosine_length", "gate(correctness,length)", "length")
    before = [get(spec).fingerprint for spec in specs]
    monkeypatch.setattr(Correctness, "version", Correctness.version + 1)
    changed = [get(spec).fingerprint != known for spec, known in zip(specs, before, strict=True)]
    assert changed == [True, True, True, True, False]


READERS = {  # the settings that another fingerprint comes with
    "correctness": {"reasoning_tag", "answer_tag", "extraction"},
    "conciseness": {"reasoning_tag", "answer_tag", "extraction"},
    "cosine_length": {"reasoning_tag", "answer_tag", "extraction"},
    "token_overlap": {"reasoning_tag", "answer_tag"},
    "rouge_l": {"reasoning_tag", "answer_tag"},
    "edit_similarity": {"reasoning_tag", "answer_tag"},
    "semantic_similarity": {"reasoning_tag", "answer_tag"},
    "summary_quality": {"reasoning_tag", "answer_tag"},
    "xml_format": {"reasoning_tag", "answer_tag"},
    "xml_tag_count": {"reasoning_tag", "answer_tag"},
    "reasoning_format": {"reasoning_tag", "answer_tag"},
    "length": {"reasoning_tag"},
    "cot_clarity": {"reasoning_tag"},
    "gate(xml_format,length)": {"reasoning_tag", "answer_tag"},
    "repetition": set(),
    "token_length": set(),
    "language_consistency": set(),
}


@pytest.mark.parametrize(("spec", "keys"), READERS.items())
def test_what_the_values_depend_on_is_in_the_fingerprint(spec: str, keys: set[str]) -> None:
    plain = RewardMix.parse(spec)
    changed = set()
    for key, value in (("reasoning_tag", "scratch"), ("answer_tag", "result"), ("extraction", "lenient")):
        mix = RewardMix.parse(f"layout({key}={value});{spec}")
        if mix.rewards[0].fingerprint != plain.rewards[0].fingerprint:
            assert mix.fingerprint != plain.fingerprint
            changed.add(key)
    assert changed == keys
