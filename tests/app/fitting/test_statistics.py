"""Statistics: the intervals cover what they promise, and the scores are the textbook's."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from dinoscope.fitting.statistics import (
    Interval,
    balanced_accuracy,
    calibration_error,
    drawn_balanced_accuracy,
    expected_calibration_error,
    group_draws,
    grouped_bootstrap,
    reliability,
    wilson,
)


def clustered(rng, groups, per_group, within=1.0, between=1.0):
    """Values with mean 0 whose groups share a shift; [groups * per_group] values and their groups."""
    shift = np.repeat(between * rng.standard_normal(groups), per_group)
    return shift + within * rng.standard_normal(groups * per_group), np.repeat(np.arange(groups), per_group)


def covered(resampled_by_group, seeds):
    hits = []
    for seed in range(seeds):
        values, groups = clustered(np.random.default_rng(seed), 50, 6)
        units = groups if resampled_by_group else np.arange(len(values))
        interval = grouped_bootstrap(lambda i, v=values: v[i].mean(), units, draws=150, seed=seed)
        hits.append(interval.low <= 0 <= interval.high)
    return np.mean(hits)


def test_the_interval_contains_the_truth_in_about_95_of_100_studies():
    assert 0.90 <= covered(resampled_by_group=True, seeds=200) <= 0.99


def test_ignoring_the_groups_would_not():
    assert covered(resampled_by_group=False, seeds=60) < 0.8


def test_the_interval_is_wider_the_fewer_people_gave_the_same_number_of_pictures():
    widths = []
    for people in (160, 40, 10):
        values, groups = clustered(np.random.default_rng(0), people, 160 // people, within=0.1)
        interval = grouped_bootstrap(lambda i, v=values: v[i].mean(), groups)
        widths.append(interval.high - interval.low)
    assert widths[1] > 1.5 * widths[0]
    assert widths[2] > 1.5 * widths[1]


def test_the_value_is_the_statistic_of_the_sample_itself():
    values = np.arange(10.0)
    interval = grouped_bootstrap(lambda i: values[i].mean(), list("aabbccddee"), draws=50)
    assert interval.value == 4.5
    assert interval.low < 4.5 < interval.high


def test_whole_groups_are_drawn():
    groups = np.array(["p", "q", "p", "r", "q", "p"])
    counts = {"p": 3, "q": 2, "r": 1}

    def check(drawn):
        for group, size in counts.items():
            members = drawn[groups[drawn] == group]
            assert len(members) % size == 0
            assert len(set(np.bincount(members, minlength=6)[groups == group])) == 1
        return 0.0

    grouped_bootstrap(check, groups, draws=50)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(1).standard_normal(30)
    first, again, other = (grouped_bootstrap(lambda i: values[i].mean(), range(30), 100, s) for s in (4, 4, 5))
    assert first == again
    assert first != other
    assert first.value == other.value


def test_draws_in_which_the_statistic_is_undefined_are_left_out():
    truth = np.array([1] + [0] * 9)

    def recall(drawn):
        return 1.0 if truth[drawn].any() else float("nan")

    assert grouped_bootstrap(recall, range(10), draws=100) == Interval(1.0, 1.0, 1.0)


def test_an_interval_is_written_rounded():
    assert Interval(0.123456, 0.1, 0.19996).json() == {"value": 0.1235, "low": 0.1, "high": 0.2}


@pytest.mark.parametrize("seed", range(5))
def test_balanced_accuracy_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    truth = np.array(["a", "b", "b", "c", "c", "c", "c", "c"])[rng.integers(0, 8, 60)]
    guess = np.where(rng.random(60) < 0.6, truth, rng.permutation(truth))
    assert balanced_accuracy(truth, guess) == pytest.approx(balanced_accuracy_score(truth, guess))


def test_balanced_accuracy_counts_a_rare_class_as_much_as_a_common_one():
    truth = np.array(["common"] * 98 + ["rare"] * 2)
    assert balanced_accuracy(truth, np.array(["common"] * 100)) == 0.5


def test_a_class_that_is_only_guessed_does_not_count():
    assert balanced_accuracy(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])) == 0.75


def two_classes(confidence):
    """Probabilities [N, 2] whose top class is class 0 with this confidence."""
    return np.stack([confidence, 1 - np.asarray(confidence)], axis=1)


def test_a_head_that_is_right_as_often_as_it_claims_has_no_calibration_error():
    levels = np.arange(11, 21) / 20
    confidence = np.repeat(levels, 20)
    truth = np.concatenate([np.arange(20) >= round(level * 20) for level in levels]).astype(int)
    assert calibration_error(two_classes(confidence), truth) == pytest.approx(0, abs=1e-12)


def test_the_calibration_error_of_a_hand_made_case():
    """Two bins of four: 0.6 claimed and 2 of 4 right, 0.9 claimed and 1 of 4 right: (0.1 + 0.65) / 2."""
    probabilities = two_classes(np.repeat([0.6, 0.9], 4))
    truth = np.array([0, 0, 1, 1, 0, 1, 1, 1])
    assert calibration_error(probabilities, truth, bins=2) == pytest.approx(0.375)


def test_a_head_that_is_always_sure_and_half_right_is_off_by_a_half():
    probabilities = two_classes(np.ones(100))
    truth = np.arange(100) % 2
    assert calibration_error(probabilities, truth, bins=5) == pytest.approx(0.5)


def test_the_calibration_error_judges_the_top_class_of_many():
    probabilities = np.array([[0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    assert calibration_error(probabilities, np.array([1, 2]), bins=2) == pytest.approx((0.3 + 0.2) / 2)


def test_a_calibrated_head_shows_the_error_that_is_expected_of_it():
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet([0.6, 0.6, 0.6], 300)
    shown = [
        calibration_error(probabilities, np.array([rng.choice(3, p=p) for p in probabilities])) for _ in range(100)
    ]
    assert expected_calibration_error(probabilities, np.arange(300)) == pytest.approx(np.mean(shown), abs=0.006)


def test_fewer_groups_leave_more_of_the_error_to_luck():
    probabilities = np.random.default_rng(6).dirichlet([1, 1, 1], 240)
    errors = [expected_calibration_error(probabilities, np.arange(240) // size) for size in (1, 4, 16)]
    assert errors[0] < errors[1] < errors[2]


def test_draws_of_groups_take_all_pictures_of_a_group_or_none():
    times = group_draws(["a", "a", "b", "c", "c", "c"], draws=50)
    assert times.shape == (50, 6)
    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 3] == times[:, 5]).all()
    assert (times[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_balanced_accuracy_in_draws_is_that_of_the_drawn_pictures():
    rng = np.random.default_rng(7)
    truth, guess = rng.integers(3, size=40), rng.integers(3, size=40)
    times = group_draws(np.arange(40) // 2, draws=20)
    for row, value in zip(times.astype(int), drawn_balanced_accuracy(times, truth, guess), strict=True):
        assert value == pytest.approx(balanced_accuracy(np.repeat(truth, row), np.repeat(guess, row)), abs=1e-6)


def test_the_interval_of_a_share_is_the_textbooks():
    """Wilson 1927, as worked out by Newcombe (Statistics in Medicine 1998, table I)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson(29, 29) == pytest.approx((0.8830, 1), abs=1e-4)


def test_a_reliability_diagram_goes_from_the_least_to_the_most_confident():
    low, high = reliability(np.array([0.9, 0.2, 0.8, 0.4]), np.array([True, False, False, True]), bins=2)
    assert (low.confidence, low.right, low.pictures) == (pytest.approx(0.3), 0.5, 2)
    assert (high.confidence, high.right, high.pictures) == (pytest.approx(0.85), 0.5, 2)
    assert low.low < low.right < low.high


def test_bins_without_pictures_are_left_out():
    assert len(reliability(np.array([0.5, 0.6]), np.array([True, True]), bins=10)) == 2


def test_the_interval_of_a_calibration_error_holds_the_error_itself():
    rng = np.random.default_rng(8)
    probabilities = rng.dirichlet([1, 1, 1], 200)
    truth = np.array([rng.choice(3, p=p) for p in probabilities])

    def error(i):
        return calibration_error(probabilities[i], truth[i])

    plain, moved = (grouped_bootstrap(error, np.arange(200), 300, biased=b) for b in (False, True))
    assert (plain.low + plain.high) / 2 > plain.value + 0.01, "draws repeat pictures, which looks like miscalibration"
    assert 0 <= moved.low <= moved.value <= moved.high
