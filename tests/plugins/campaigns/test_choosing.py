"""Which of our numbers calls, and which come next."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from linecard_campaigns.choosing import Callee, Choice, Line, in_order, in_reserve

SF, NY, TORONTO, DELHI = "+14155550123", "+12125550123", "+14165550123", "+911140001000"
A, B, C = ("acme", "main"), ("acme", "second"), ("bell", "main")
POOL = (
    Line(SF, A, Decimal("0.03")),
    Line(NY, B, Decimal("0.01")),
    Line(TORONTO, C, None),
    Line(DELHI, C, Decimal("0.02")),
)


def order(choice: Choice, callee: Callee) -> list[str]:
    return [line.number for line in in_order(choice, POOL, callee)]


def test_in_rotation_each_turn_takes_the_next() -> None:
    firsts = [order(Choice.ROTATION, Callee("lead", SF, turn))[0] for turn in range(8)]
    assert set(firsts[:4]) == {SF, NY, TORONTO, DELHI}
    assert firsts[:4] == firsts[4:]


def test_leads_spread_over_the_numbers() -> None:
    firsts = Counter(order(Choice.ROTATION, Callee(f"lead-{n}", SF, 1))[0] for n in range(4000))
    assert min(firsts.values()) > 900


def test_a_person_is_called_from_the_number_they_know() -> None:
    for turn in range(4):
        callee = Callee("lead", "+14155550199", turn, before=(NY, TORONTO, "+15005550006"))
        assert order(Choice.STICKY, callee)[:2] == [TORONTO, NY]


def test_the_nearest_number_comes_first() -> None:
    for turn in range(4):
        near = order(Choice.LOCAL, Callee("lead", "+12125550199", turn))
        assert (near[0], near[-1]) == (NY, DELHI)
        # No number is in Los Angeles or Vancouver: one has the time, the other the country.
        assert order(Choice.LOCAL, Callee("lead", "+12135550199", turn))[:2] == [SF, NY]
        assert order(Choice.LOCAL, Callee("lead", "+16045550199", turn))[0] == TORONTO
        assert order(Choice.LOCAL, Callee("lead", "+919812345678", turn))[0] == DELHI


def test_the_cheapest_comes_first_and_the_unpriced_last() -> None:
    for turn in range(4):
        assert order(Choice.LEAST_COST, Callee("lead", SF, turn)) == [NY, DELHI, SF, TORONTO]


def test_equal_prices_take_turns() -> None:
    pool = [Line(SF, A, Decimal("0.01")), Line(NY, B, Decimal("0.010"))]
    firsts = {in_order(Choice.LEAST_COST, pool, Callee("x", SF, turn))[0].number for turn in (0, 1)}
    assert firsts == {SF, NY}


def test_the_reserve_is_an_account_that_has_not_refused() -> None:
    ordered = in_order(Choice.LEAST_COST, POOL, Callee("lead", SF, 1))
    assert in_reserve(ordered, set()) == ordered[0]
    assert in_reserve(ordered, {B}) == Line(DELHI, C, Decimal("0.02"))
    assert in_reserve(ordered, {B, C}) == Line(SF, A, Decimal("0.03"))
    assert in_reserve(ordered, {A, B, C}) is None


def test_an_empty_pool_has_no_order() -> None:
    assert in_order(Choice.ROTATION, (), Callee("lead", SF, 3)) == ()


@given(
    st.sampled_from(list(Choice)),
    st.lists(st.sampled_from(POOL), unique=True),
    st.builds(
        Callee,
        st.text(max_size=9),
        st.sampled_from([SF, "+870773111632", "x", ""]),
        st.integers(0, 99),
    ),
)
def test_every_order_has_the_whole_pool_once(
    choice: Choice, pool: list[Line], callee: Callee
) -> None:
    ordered = in_order(choice, pool, callee)
    assert sorted(line.number for line in ordered) == sorted(line.number for line in pool)
    assert ordered == in_order(choice, pool, callee)
