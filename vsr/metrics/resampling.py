"""How sure a mean over queries is, and whether two systems differ: bootstrap, sign flips, Holm's correction.

Values are (Q, M): a row a query, a column a metric, NaN where the query is left out of that metric. Queries
are drawn, so the answers are about queries that were not asked, not about another training of the model.
"""

import torch
from torch import Tensor

EXACT_UP_TO = 16  # differing queries up to which all 2^n sign flips are counted instead of drawn
_ELEMENTS = 1 << 22  # of a block of draws: 32 MiB
_NORMAL = torch.distributions.Normal(torch.tensor(0.0).double(), torch.tensor(1.0).double())


def bootstrap_means(values: Tensor, resamples: int = 1000, seed: int = 0) -> Tensor:
    """Means (resamples, M) float64 over queries drawn with replacement, as many as there are.

    A query left out of a metric is not drawn for it. Metrics known for the same queries share their draws.
    How often each query was drawn, times the values, is one matrix product a block: no query is copied.

    Raises:
        ValueError: ``values`` is not (Q, M), or ``resamples`` < 1.
    """
    _check(values, resamples, "resamples")
    values, known = values.double(), ~values.isnan()
    means = values.new_full((resamples, values.shape[1]), torch.nan)
    alike: dict[bytes, list[int]] = {}  # metrics by the queries that they are known for
    for column, pattern in enumerate(known.T):
        alike.setdefault(pattern.numpy().tobytes(), []).append(column)
    for columns in alike.values():
        chosen = values[known[:, columns[0]]][:, columns]
        if len(chosen):
            means[:, columns] = _drawn_sums(chosen, resamples, seed) / len(chosen)
    return means


def bootstrap_intervals(
    values: Tensor, level: float = 0.95, resamples: int = 1000, seed: int = 0, means: Tensor | None = None
) -> Tensor:
    """Confidence intervals (M, 2) of the column means: bias-corrected and accelerated (BCa).

    Efron 1987, "Better Bootstrap Confidence Intervals", JASA 82(397). Values per query are skewed and
    bounded, where plain percentiles lie to one side. For a mean the acceleration is the skewness / (6 √Q).

    Args:
        values: (Q, M).
        level: coverage wanted, between 0 and 1.
        resamples: how often the queries are drawn; 1,000 place the ends of a 95 % interval.
        seed: of the draws.
        means: (resamples, M) from `bootstrap_means`, drawn here when None.

    Returns:
        Lower and upper ends; NaN where fewer than two queries are known. Queries that all have the same value
        have an interval of no width: nothing in them says how others would do.

    Raises:
        ValueError: as `bootstrap_means`, or ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    means = bootstrap_means(values, resamples, seed) if means is None else means
    values, known = values.double(), ~values.isnan()
    counts = known.sum(dim=0)
    observed = values.nan_to_num().sum(dim=0) / counts
    off = torch.where(known, values - observed, 0.0)
    acceleration = (off**3).sum(dim=0) / (6 * (off**2).sum(dim=0) ** 1.5)
    acceleration = torch.where(off.abs().sum(dim=0) > 1e-12 * counts, acceleration, 0.0)
    below = ((means < observed).double() + (means <= observed).double()).mean(dim=0) / 2
    bias = _NORMAL.icdf(below.clamp(0.5 / len(means), 1 - 0.5 / len(means)))
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + _NORMAL.icdf(bias.new_tensor(tail))
        share = _NORMAL.cdf(bias + z / (1 - acceleration * z).clamp(min=1e-3))
        ends.append(torch.stack([m.quantile(s) for m, s in zip(means.T, share, strict=True)]))
    return torch.where(counts[:, None] < 2, torch.nan, torch.stack(ends, dim=1))


def sign_flip_test(differences: Tensor, flips: int = 10_000, seed: int = 0) -> Tensor:
    """Two-sided p-values (M,) of the paired randomization test of "the mean difference is zero".

    Were two systems alike, each query's difference could as well have had the other sign (Smucker, Allan and
    Carterette 2007, CIKM). The p-value is the share of sign flips whose mean is as far from zero as the one
    observed: of all 2^n where at most `EXACT_UP_TO` queries differ, else of ``flips`` drawn ones and the
    observed one, so that it is never 0 (Phipson and Smyth 2010, arXiv 1603.05766).

    Args:
        differences: (Q, M), paired by query.
        flips: how many to draw; the smallest p-value is 1 / (flips + 1).
        seed: of the draws.

    Returns:
        1 where no query differs, NaN where no query is known.

    Raises:
        ValueError: ``differences`` is not (Q, M), or ``flips`` < 1.
    """
    _check(differences, flips, "flips")
    known = ~differences.isnan()
    differences = differences.double().nan_to_num()
    p = differences.new_empty(differences.shape[1])
    drawn = []
    for column, values in enumerate(differences.T):
        values = values[values != 0]
        if len(values) > EXACT_UP_TO:
            drawn.append(column)
        elif len(values):
            p[column] = _reaching(_all_flips(values), values).double().mean()
        else:
            p[column] = 1.0 if known[:, column].any() else torch.nan
    if drawn:
        p[drawn] = _drawn_p(differences[:, drawn], flips, seed)
    return p


def holm(p: Tensor) -> Tensor:
    """p-values (M,) corrected for testing M at once; NaN is no test and stays.

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure": holds however the tests depend on
    each other, as metrics of one ranking do.
    """
    tested = (~p.isnan()).nonzero().squeeze(1)
    order = tested[p[tested].argsort(stable=True)]
    factors = torch.arange(len(order), 0, -1, dtype=p.dtype)
    corrected = p.clone()
    if len(order):
        corrected[order] = (p[order] * factors).clamp(max=1).cummax(dim=0).values
    return corrected


def _check(values: Tensor, draws: int, name: str) -> None:
    if values.ndim != 2:
        raise ValueError(f"values must be (Q, M), got {tuple(values.shape)}")
    if draws < 1:
        raise ValueError(f"{name} must be >= 1, got {draws}")


def _drawn_sums(values: Tensor, resamples: int, seed: int) -> Tensor:
    """Sums (resamples, m) of ``values`` (n, m) over n rows drawn with replacement."""
    n, generator = len(values), torch.Generator().manual_seed(seed)
    block = max(1, _ELEMENTS // n)
    sums = []
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = torch.randint(n, (rows, n), generator=generator)
        drawn += torch.arange(rows)[:, None] * n
        sums.append(drawn.flatten().bincount(minlength=rows * n).view(rows, n).double() @ values)
    return torch.cat(sums)


def _drawn_p(differences: Tensor, flips: int, seed: int) -> Tensor:
    """p-values (m,) by drawn flips, shared by all columns."""
    differences = differences[(differences != 0).any(dim=1)]
    n, generator = len(differences), torch.Generator().manual_seed(seed)
    block = max(1, _ELEMENTS // n)
    total = differences.sum(dim=0)
    reached = torch.ones_like(total)  # the observed signs are one of the flips
    for start in range(0, flips, block):
        kept = _random_bits(min(block, flips - start), n, generator).double() @ differences
        reached += _reaching(2 * kept - total, differences).sum(dim=0)
    return reached / (flips + 1)


def _random_bits(rows: int, n: int, generator: torch.Generator) -> Tensor:
    """Fair bits (rows, n) uint8, eight of each byte drawn."""
    drawn = torch.randint(256, (rows, -(-n // 8), 1), generator=generator, dtype=torch.uint8)
    return (drawn.bitwise_right_shift(torch.arange(8, dtype=torch.uint8)) & 1).flatten(1)[:, :n]


def _all_flips(values: Tensor) -> Tensor:
    """Sums (2^n,) of ``values`` (n,) under every choice of signs."""
    sums = values.new_zeros(1)
    for value in values:
        sums = torch.cat([sums + value, sums - value])
    return sums


def _reaching(sums: Tensor, differences: Tensor) -> Tensor:
    """Which ``sums`` (…, m) are as far from zero as that of ``differences`` (n, m), rounding aside."""
    slack = 1e-12 * differences.abs().sum(dim=0)
    return sums.abs() >= differences.sum(dim=0).abs() - slack
