import pytest
from grpokit.evaluate.paired.margins import Margin, MarginError, Margins


@pytest.mark.parametrize(
    ("text", "margin"),
    [
        ("0.02", Margin(0.02)),
        ("0", Margin(0.0)),  # any loss counts
        ("5%", Margin(0.05, relative=True)),
        ("2.5 %", Margin(0.025, relative=True)),
        ("1", Margin(1.0)),
        ("100%", Margin(1.0, relative=True)),
    ],
)
def test_a_margin_is_a_number_or_a_share(text: str, margin: Margin) -> None:
    assert Margin.parse(text) == margin
    assert Margin.parse(str(margin)) == margin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-1", "'-1': give 0 or a positive number, such as 0.02"),
        ("nan", "'nan': give 0 or a positive number"),
        ("inf", "'inf': give 0 or a positive number"),
        ("much", "'much': give 0 or a positive number"),
        ("", "'': give 0 or a positive number"),
        ("-5%", "'-5%': give 0 or a positive number"),
        ("101%", "a share of the base's mean, such as 5%"),
        ("0%", "'0%': no share of the base's mean is no margin; for no loss at all write 0"),
    ],
)
def test_what_is_no_margin_is_refused(text: str, said: str) -> None:
    with pytest.raises(MarginError, match=said):
        Margin.parse(text)


def test_a_share_is_of_the_size_of_the_mean() -> None:
    assert Margin(0.1, relative=True).of(-2.0) == pytest.approx(0.2)
    assert Margin(0.1, relative=True).of(None) == 0.0


METRICS = ["rouge_l", "length(target=200)", "length(target=400)", "total"]


def test_each_metric_has_its_own_or_the_default() -> None:
    margins = Margins.parse(["0.01", "rouge_l=5%", "length(target=200)=0.1"]).over(METRICS)
    assert list(map(str, margins.values())) == ["5%", "0.1", "0.01", "0.01"]


def test_a_reward_may_be_named_without_its_parameters() -> None:
    margins = Margins.parse(["total=1", "length=3%"]).over(["length(target=200)", "total"])
    assert list(map(str, margins.values())) == ["3%", "1"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["0.1", "0.2"], "two margins for all metrics"),
        (["rouge_l=1", "rouge_l=2"], "two margins of rouge_l"),
        (["rouge_1=5%"], r"margin rouge_1=5%: no metric 'rouge_1'. Did you mean 'rouge_l'\?"),
        (["length=5%"], r"write one of length\(target=200\), length\(target=400\) in full"),
    ],
)
def test_margins_of_nothing_or_too_much_are_refused(texts: list[str], said: str) -> None:
    with pytest.raises(MarginError, match=said):
        Margins.parse(texts).over(METRICS)
