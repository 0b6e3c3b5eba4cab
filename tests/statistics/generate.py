"""Writes tests/fixtures/statistics.json: what SciPy and statsmodels make of given samples.

    python3 tests/statistics/generate.py

The file was made with SciPy 1.17.1, statsmodels 0.15.0 and NumPy 2.4.6. The samples are drawn by Python's own
random, so that the same versions write the same bytes. tests/hypothesis_test.ts, effect_size_test.ts and
bootstrap_test.ts read it.

- "exact" p values of samples without ties are those of method="exact". SciPy has none with ties; there they are
  those of its test over all permutations, PermutationMethod(n_resamples=inf).
- The bootstrap interval depends on the resamples, so it is that of 100,000 of them, to be compared within Monte
  Carlo error. The acceleration is computed from its formula for means, the bias from all n^n resamples of few values.
- Newcombe's interval is the root of his equation (his part 2, method 5), found by brentq. statsmodels has Wilson's.
"""

import itertools
import json
import math
import pathlib
import random

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def normal():
    xs = [-37, -20, -8, -5, -3.5, -3, -2.5, -1, -1e-3, 0, 0.3, 1, 2.9, 3.1, 6]
    ps = [1e-300, 1e-20, 1e-10, 1e-3, 0.025, 0.05, 0.3, 0.5, 0.8, 0.975, 0.999]
    return {
        "cdf": [[x, stats.norm.cdf(x)] for x in xs],
        "quantile": [[p, stats.norm.ppf(p)] for p in ps],
    }


def differences(rng, n, digits):
    return [round(rng.gauss(0.4, 1), digits) for _ in range(n)]


def wilcoxon_cases(rng):
    everything = stats.PermutationMethod(n_resamples=np.inf)
    cases = []
    for n in (1, 2, 5, 6, 10, 25, 50):
        values = differences(rng, n, 12)
        cases.append((values, True, stats.wilcoxon(values, method="exact")))
    for n in (4, 7, 11, 13):
        for digits in (0, 1):
            values = differences(rng, n, digits) + [1.0, 1.0]
            kept = [x for x in values if x != 0]
            cases.append((values, True, stats.wilcoxon(kept, method=everything)))
    for n, digits in ((60, 12), (60, 1), (200, 0)):
        values = [x for x in differences(rng, n, digits)] + [0.0]
        cases.append((values, False, stats.wilcoxon(values, method="asymptotic", correction=False)))
    return [{"values": v, "exact": exact, "p": r.pvalue} for v, exact, r in cases]


def mann_whitney_cases(rng):
    everything = stats.PermutationMethod(n_resamples=np.inf)
    cases = []
    for m, n in ((1, 1), (2, 3), (3, 3), (5, 4), (10, 10), (3, 20), (25, 25)):
        a, b = differences(rng, m, 12), [x - 0.7 for x in differences(rng, n, 12)]
        cases.append((a, b, True, stats.mannwhitneyu(a, b, method="exact")))
    for m, n in ((3, 3), (4, 6), (6, 6), (2, 9)):
        for digits in (0, 1):
            a, b = differences(rng, m, digits), differences(rng, n, digits)
            b[0] = a[0]
            cases.append((a, b, True, stats.mannwhitneyu(a, b, method=everything)))
    for m, n, digits in ((30, 30, 12), (40, 15, 1), (100, 90, 0)):
        a, b = differences(rng, m, digits), differences(rng, n, digits)
        cases.append((a, b, False, stats.mannwhitneyu(a, b, method="asymptotic")))
    return [
        {"a": a, "b": b, "exact": exact, "p": r.pvalue, "u": r.statistic} for a, b, exact, r in cases
    ]


def holm_cases(rng):
    families = [[rng.random() ** 3 for _ in range(n)] for n in (1, 2, 5, 20)] + [[0.01, 0.01, 0.04, 0.03]]
    return [{"p": ps, "adjusted": multipletests(ps, method="holm")[1].tolist()} for ps in families]


def bootstrap_cases(rng):
    cases = []
    for n in (3, 5, 10, 30):
        for skew in (False, True):
            values = [math.exp(rng.gauss(0, 1)) if skew else rng.gauss(0, 1) for _ in range(n)]
            result = stats.bootstrap(
                [values], np.mean, n_resamples=100_000, method="BCa", rng=np.random.default_rng(1)
            )
            low, high = result.confidence_interval
            case = {"samples": [values], "low": low, "high": high, "acceleration": acceleration([values])}
            if n <= 5:
                means = np.array([np.mean(x) for x in itertools.product(values, repeat=n)])
                center = np.mean(values)
                equal = np.isclose(means, center, rtol=0, atol=1e-12)
                below = np.mean((means < center) & ~equal) + np.mean(equal) / 2
                case["bias"] = stats.norm.ppf(below)
            cases.append(case)
    for m, n in ((5, 8), (20, 20)):
        samples = [[rng.expovariate(1) for _ in range(m)], [rng.gauss(0, 1) for _ in range(n)]]
        result = stats.bootstrap(
            samples, mean_difference, n_resamples=100_000, method="BCa", rng=np.random.default_rng(1)
        )
        low, high = result.confidence_interval
        cases.append({"samples": samples, "low": low, "high": high, "acceleration": acceleration(samples)})
    return cases


def mean_difference(a, b, axis=-1):
    return np.mean(a, axis=axis) - np.mean(b, axis=axis)


def acceleration(samples):
    """Of the mean, or of a difference of two: an influence is a deviation from the mean, over n, with a sign."""
    influences = [
        (np.array(values) - np.mean(values)) / len(values) * (-1) ** i for i, values in enumerate(samples)
    ]
    cubes = sum(np.sum(u**3) for u in influences)
    squares = sum(np.sum(u**2) for u in influences)
    return cubes / (6 * squares**1.5)


def superiority():
    wilson = []
    for n in (1, 3, 6, 20):
        for successes in (0, 1, n // 2, n):
            low, high = proportion_confint(successes, n, method="wilson")
            wilson.append({"successes": successes, "n": n, "low": low, "high": high})
    newcombe = []
    for m, n in ((1, 1), (3, 3), (5, 8), (20, 20)):
        for theta in (0, 0.3, 0.5, 0.9, 1):
            low, high = newcombe_interval(theta, m, n)
            newcombe.append({"probability": theta, "m": m, "n": n, "low": low, "high": high})
    return {"wilson": wilson, "newcombe": newcombe}


def newcombe_interval(theta, m, n):
    z = stats.norm.ppf(0.975)
    star = (m + n) / 2 - 1

    def excess(t):
        variance = t * (1 - t) * (1 + star * (1 - t) / (2 - t) + star * t / (1 + t)) / (m * n)
        return (t - theta) ** 2 - z**2 * variance

    tiny = 1e-12
    low = optimize.brentq(excess, 0, theta if theta < 1 else 1 - tiny, xtol=1e-15) if theta > 0 else 0
    high = optimize.brentq(excess, theta if theta > 0 else tiny, 1, xtol=1e-15) if theta < 1 else 1
    return low, high


def main():
    rng = random.Random(5)
    sections = {
        "normal": normal(),
        "wilcoxon": wilcoxon_cases(rng),
        "mannWhitney": mann_whitney_cases(rng),
        "holm": holm_cases(rng),
        "bootstrap": bootstrap_cases(rng),
        "superiority": superiority(),
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(section, separators=(',', ':'), allow_nan=False)}"
        for name, section in sections.items()
    )
    path = pathlib.Path(__file__).parent.parent.joinpath("fixtures", "statistics.json")
    path.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
