"""What the options of several commands mean."""

import pytest
from grpokit.commands.options import ScoringOptions


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
