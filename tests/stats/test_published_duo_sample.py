"""The random samples of DUO (2014: 387 students, 2017: 293): Algorithm Audit, TA_AA202401, tables 5-10.

The report tests whether unduly paid grants are commoner at one value than at a later one, pair by pair, by a one-sided
Z-test, and says that Fisher's exact test confirms them. Half of them it does not.
"""

from __future__ import annotations

from itertools import combinations

import pytest
from scipy.special import ndtr

from igw_audit.stats.exact import fisher, pooled_z

# value -> (unduly paid, students), in the order in which the report lists them
SAMPLES: dict[str, dict[str, tuple[int, int]]] = {
    "education 2014": {"mbo 1-2": (1, 15), "mbo 3-4": (4, 53), "hbo": (5, 150), "wo": (4, 169)},
    "age 2014": {"15-18": (0, 24), "19-20": (1, 115), "21-22": (8, 149), "23-24": (3, 62), "25-50": (2, 37)},
    "distance 2014": {
        "0 km": (0, 8),
        "1 m-1 km": (5, 21),
        "1-2 km": (0, 11),
        "2-5 km": (5, 31),
        "5-10 km": (1, 24),
        "10-20 km": (1, 31),
        "20-50 km": (1, 58),
        "50-500 km": (0, 137),
        "unknown": (1, 66),
    },
    "education 2017": {"mbo 1-2": (4, 53), "mbo 3-4": (7, 240)},
    "age 2017": {"15-18": (2, 24), "19-20": (5, 105), "21-22": (1, 76), "23-24": (2, 43), "25-50": (1, 45)},
    "distance 2017": {
        "0 km": (0, 4),
        "1 m-1 km": (0, 24),
        "1-2 km": (0, 24),
        "2-5 km": (1, 40),
        "5-10 km": (1, 29),
        "10-20 km": (4, 38),
        "20-50 km": (1, 28),
        "50-500 km": (1, 45),
        "unknown": (3, 61),
    },
}
Pair = tuple[str, str, str]


def one_sided(first: tuple[int, int], second: tuple[int, int]) -> float:
    return float(1 - ndtr(pooled_z(first, second)))


def significant_by_z() -> dict[Pair, tuple[tuple[int, int], tuple[int, int]]]:
    return {
        (sample, first, second): (counts[first], counts[second])
        for sample, counts in SAMPLES.items()
        for first, second in combinations(counts, 2)
        if one_sided(counts[first], counts[second]) < 0.05
    }


def test_the_z_test_calls_fourteen_pairs_significant_and_all_but_two_are_distances_of_2014() -> None:
    found = significant_by_z()
    by_sample = {sample: sum(pair[0] == sample for pair in found) for sample in SAMPLES}
    assert by_sample == {
        "education 2014": 1,
        "age 2014": 0,
        "distance 2014": 12,
        "education 2017": 0,
        "age 2017": 1,
        "distance 2017": 0,
    }


@pytest.mark.parametrize(
    ("sample", "first", "second", "z", "p"),
    [
        ("education 2014", "mbo 3-4", "wo", 1.765, 0.0387),
        ("age 2017", "15-18", "21-22", 1.757, 0.0395),
        ("distance 2014", "1 m-1 km", "50-500 km", 5.80, None),
        ("distance 2014", "2-5 km", "50-500 km", 4.77, None),
        ("age 2014", "19-20", "21-22", -2.0, None),
    ],
)
def test_z_values_are_those_of_the_report(sample: str, first: str, second: str, z: float, p: float | None) -> None:
    pair = SAMPLES[sample][first], SAMPLES[sample][second]
    assert pooled_z(*pair) == pytest.approx(z, abs=0.005)
    if p is not None:
        assert one_sided(*pair) == pytest.approx(p, abs=0.0001)


def test_seven_of_the_fourteen_are_not_significant_by_fishers_exact_test() -> None:
    exact = {pair: fisher(*counts, alternative="greater") for pair, counts in significant_by_z().items()}
    flipped = {pair: round(p, 3) for pair, p in exact.items() if p >= 0.05}
    assert flipped == {
        ("education 2014", "mbo 3-4", "wo"): 0.095,
        ("age 2017", "15-18", "21-22"): 0.142,
        ("distance 2014", "1 m-1 km", "1-2 km"): 0.101,
        ("distance 2014", "1 m-1 km", "5-10 km"): 0.067,
        ("distance 2014", "2-5 km", "10-20 km"): 0.098,
        ("distance 2014", "5-10 km", "50-500 km"): 0.149,
        ("distance 2014", "10-20 km", "50-500 km"): 0.185,
    }


def test_living_within_five_kilometres_stands_under_either_test() -> None:
    near, far = (10, 71), (4, 316)
    assert pooled_z(near, far) == pytest.approx(5.23, abs=0.005)
    assert fisher(near, far, alternative="greater") == pytest.approx(1.3e-5, abs=5e-7)


def test_the_published_p_value_for_age_is_the_tail_of_the_opposite_claim() -> None:
    younger, older = (9, 288), (5, 99)
    assert pooled_z(younger, older) == pytest.approx(-0.885, abs=0.0005)
    assert one_sided(younger, older) == pytest.approx(0.812, abs=0.0005)
    assert 1 - one_sided(younger, older) == pytest.approx(0.188, abs=0.0005)  # printed as .1887 for "younger > older"
