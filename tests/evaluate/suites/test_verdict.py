"""What several tasks prove together, and that it is as sure as one task alone."""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import pytest
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.difference import Design
from grpokit.evaluate.paired.metric_pair import MetricPair
from grpokit.evaluate.statistics.samples import Samples
from grpokit.evaluate.suites.card import Role
from grpokit.evaluate.suites.verdict import Evidence, Levels, TaskVerdict, judge, judge_tasks

IMPROVED, HELD, REGRESSED, UNDERPOWERED = Verdict.IMPROVED, Verdict.HELD, Verdict.REGRESSED, Verdict.UNDERPOWERED


@pytest.mark.parametrize(
    ("targets", "guards", "verdict"),
    [
        ([IMPROVED], [HELD], IMPROVED),
        ([IMPROVED], [IMPROVED, HELD], IMPROVED),  # held or better
        ([IMPROVED], [], IMPROVED),
        ([IMPROVED, UNDERPOWERED], [HELD], IMPROVED),  # one target is enough
        ([IMPROVED], [UNDERPOWERED, HELD], UNDERPOWERED),  # a guard that could not tell
        ([HELD], [HELD], HELD),
        ([HELD], [IMPROVED], HELD),  # a better guard is no gain that was looked for
        ([], [HELD, HELD], HELD),
        ([HELD], [UNDERPOWERED], UNDERPOWERED),
        ([HELD, UNDERPOWERED], [HELD], UNDERPOWERED),
        ([IMPROVED], [REGRESSED], REGRESSED),
        ([IMPROVED, REGRESSED], [HELD], REGRESSED),
        ([UNDERPOWERED], [REGRESSED], REGRESSED),
        ([IMPROVED, None], [HELD], None),
        ([IMPROVED], [REGRESSED, None], None),
    ],
)
def test_the_verdict_of_a_suite(
    targets: Sequence[Verdict | None], guards: Sequence[Verdict | None], verdict: Verdict | None
) -> None:
    claims = [TaskVerdict(f"t{at}", "target", one) for at, one in enumerate(targets)]
    claims += [TaskVerdict(f"g{at}", "guard", one) for at, one in enumerate(guards)]
    assert judge(claims) is verdict


def claimed(role: Role, at: dict[float, Verdict | None], others: Sequence[Role]) -> Verdict | None:
    """Return what is claimed of a task with these verdicts by level, which is rounded, beside others."""

    def verdict(level: float) -> Verdict | None:
        return at[round(level, 4)]

    rest = [Evidence(f"o{place}", one, lambda _: HELD) for place, one in enumerate(others)]
    return judge_tasks([Evidence("own", role, verdict), *rest])[0].verdict


@pytest.mark.parametrize(
    ("role", "others", "at", "claim"),
    [
        ("target", ["guard"], {0.95: IMPROVED}, IMPROVED),  # one target is judged as one
        ("target", ["target"], {0.95: IMPROVED, 0.975: IMPROVED}, IMPROVED),
        ("target", ["target"], {0.95: IMPROVED, 0.975: HELD}, HELD),
        ("target", ["target"], {0.95: IMPROVED, 0.975: UNDERPOWERED}, HELD),  # better, though not by enough: held
        ("target", ["target", "guard", "guard"], {0.95: IMPROVED, 0.975: IMPROVED}, IMPROVED),  # guards cost it nothing
        ("guard", ["target"], {0.95: IMPROVED, 0.975: UNDERPOWERED}, HELD),  # of all tasks
        ("guard", ["target", "guard", "guard", "guard"], {0.95: REGRESSED, 0.99: REGRESSED}, REGRESSED),
        ("target", ["target", "guard", "guard", "guard"], {0.95: REGRESSED, 0.99: UNDERPOWERED}, UNDERPOWERED),
        ("guard", ["target"], {0.95: HELD}, HELD),  # a small loss is held at 95 %, whatever a wider interval says
        ("guard", ["target"], {0.95: UNDERPOWERED}, UNDERPOWERED),
        ("guard", ["target"], {0.95: None}, None),
    ],
)
def test_a_claim_is_made_at_its_level(
    role: Role, others: Sequence[Role], at: dict[float, Verdict | None], claim: Verdict | None
) -> None:
    assert claimed(role, at, others) is claim


def test_levels_share_one_error() -> None:
    levels = Levels.of(["target", "target", "target", "guard", "guard"], 0.9)
    assert levels == pytest.approx((1 - 0.1 / 3, 1 - 0.1 / 5, 0.9))
    assert Levels.of(["guard", "guard"]) == pytest.approx((0.95, 0.975, 0.95))


ROLES: Sequence[Role] = ("target", "target", "target", "guard", "guard", "guard")


def evidence(generator: np.random.Generator, losses: Sequence[float], margin: float) -> list[Evidence]:
    """Ask two models 200 questions of each task; the second one loses this much of its accuracy of .6 on each."""
    made = []
    for place, (role, loss) in enumerate(zip(ROLES, losses, strict=True)):
        hard = generator.random(200)  # right answers of the two models go together
        before = (hard < 0.6) ^ (generator.random(200) < 0.05)
        after = (hard < 0.6 - loss / 0.9) ^ (generator.random(200) < 0.05)
        scores = [Samples(one.astype(float), np.arange(201), np.zeros(200, np.int64)) for one in (before, after)]
        pair = MetricPair(*scores, Design(None, False), margin, (0.0, 1.0))
        made.append(Evidence(f"t{place}", role, cache(partial(_verdict, pair))))
    return made


def _verdict(pair: MetricPair, level: float) -> Verdict | None:
    return pair.at(level).difference().verdict


def test_equal_models_are_falsely_called_better_or_worse_no_more_often_than_on_one_task() -> None:
    """At 95 % each, one of three targets would be called improved in 7 % of suites, one of six tasks worse in 14 %."""
    generator = np.random.default_rng(14)
    suites = [evidence(generator, [0.0] * 6, 0.05) for _ in range(300)]
    verdicts = [judge_tasks(suite) for suite in suites]
    improved = sum(any(one.verdict is IMPROVED for one in tasks[:3]) for tasks in verdicts) / 300
    regressed = sum(any(one.verdict is REGRESSED for one in tasks) for tasks in verdicts) / 300
    plain = [[one.at(0.95) for one in suite] for suite in suites]
    assert improved <= 0.025 + 0.025  # .025 nominal, and nearly three standard errors of 300
    assert regressed <= 0.025 + 0.025
    assert sum(IMPROVED in one[:3] for one in plain) / 300 > improved  # what is shared is not for nothing
    assert sum(REGRESSED in one for one in plain) / 300 > regressed


def test_a_suite_with_a_guard_that_lost_its_margin_is_rarely_called_improved_or_held() -> None:
    """One guard has lost just the margin, the others nothing: to go unnoticed it must itself be falsely held."""
    generator = np.random.default_rng(3)
    losses = [-0.2, 0.0, 0.0, 0.08, 0.0, 0.0]
    suites = [judge_tasks(evidence(generator, losses, 0.08)) for _ in range(300)]
    assert sum(judge(tasks) in (IMPROVED, HELD) for tasks in suites) / 300 <= 0.05
    assert sum(tasks[0].verdict is IMPROVED for tasks in suites) / 300 > 0.95  # the gain is seen all the same
