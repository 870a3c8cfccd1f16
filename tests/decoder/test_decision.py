"""The rule for decisions: least expected cost, under the prior that is expected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder.decision import DecisionRule, least_cost
from hotwire.errors import InputError, UnknownNameError

CLASSES = ("letter", "nothing", "noise")


@given(
    p=st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    costs=st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
)
def test_no_other_decision_costs_less(p: list[float], costs: list[float]) -> None:
    """The expected cost of a decision is that of missing each other class, times its probability."""
    probabilities = np.array(p) / sum(p)
    expected = [sum(costs[c] * probabilities[c] for c in range(3) if c != d) for d in range(3)]
    assert expected[least_cost(probabilities, costs)] == pytest.approx(min(expected))


def test_without_costs_it_is_the_most_probable() -> None:
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 100)
    np.testing.assert_array_equal(least_cost(p, DecisionRule().costs_of(CLASSES)), p.argmax(axis=1))


def test_costs_go_by_name() -> None:
    np.testing.assert_array_equal(DecisionRule(costs={"nothing": 2.5}).costs_of(CLASSES), [1, 2.5, 1])


def test_priors() -> None:
    shares = [0.2, 0.6, 0.2]
    np.testing.assert_array_equal(DecisionRule().log_odds(shares, CLASSES), 0)
    np.testing.assert_allclose(np.exp(DecisionRule("equal").log_odds(shares, CLASSES)), [5 / 3, 5 / 9, 5 / 3])
    rule = DecisionRule({"nothing": 0.2, "letter": 0.7, "noise": 0.1})
    np.testing.assert_allclose(np.exp(rule.log_odds(shares, CLASSES)), [3.5, 1 / 3, 0.5])


def test_equal_rules_are_equal_and_can_be_keys() -> None:
    ours, theirs = (DecisionRule({"a": 0.5, "b": 0.5}, {"a": 2.0}) for _ in range(2))
    assert ours == theirs
    assert len({ours, theirs, DecisionRule()}) == 2
    assert DecisionRule(**ours.to_dict()) == ours


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prior": "even"}, r"prior.*'even'"),
        ({"prior": {"letter": 0.5, "nothing": 0.4}}, "prior: expected shares with a sum of 1, .* sum of 0.9"),
        ({"prior": {"letter": 1.5, "nothing": -0.5}}, "prior: expected a number above 0 for 'nothing', got -0.5"),
        ({"costs": {"letter": 0.0}}, "costs: expected a number above 0 for 'letter', got 0.0"),
        ({"costs": {"letter": True}}, "costs: expected a number above 0 for 'letter', got True"),
    ],
)
def test_wrong_rules_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DecisionRule(**arguments)


def test_classes_are_checked() -> None:
    with pytest.raises(UnknownNameError, match=r"decision\.costs 'lettre'"):
        DecisionRule(costs={"lettre": 2.0}).check(CLASSES)
    with pytest.raises(InputError, match=r"decision\.prior: expected a share for each class, got none for noise"):
        DecisionRule({"letter": 0.5, "nothing": 0.5}).check(CLASSES)
