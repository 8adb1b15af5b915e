"""No public name, parameter or default changes by accident."""

from grpokit.tests.public_api import KEPT, lines


def test_public_names_and_their_parameters_are_those_kept() -> None:
    """A change that is meant is kept by ``python -m grpokit.tests.public_api``, and told in CHANGELOG.md."""
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    now = lines()
    assert sorted(set(now) - set(kept)) == sorted(set(kept) - set(now)) == []
    assert len(now) > 60
