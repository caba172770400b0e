"""Numbers as text in reports: three decimals, commas between thousands, a dash for a missing value."""

import math
from numbers import Real
from typing import Any, TypeGuard

ABSENT = "–"


def is_number(value: Any) -> TypeGuard[float]:
    """Whether ``value`` is a finite number; a bool is not."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def three(value: Any) -> str:
    """A number with three decimals; a dash for None, NaN, infinity and anything that is not a number."""
    return f"{value:.3f}" if is_number(value) else ABSENT


def measured(value: Any) -> str:
    """A metric of any magnitude: three decimals below 10, four significant digits from there."""
    return significant(value, 4) if is_number(value) and abs(value) >= 10 else three(value)


def signed(value: Any) -> str:
    """A difference with three decimals and a sign; minus is the typographic one, zero is ``±0.000``."""
    if not is_number(value):
        return ABSENT
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        return f"±{text}"
    return f"{'+' if value > 0 else '−'}{text}"


def interval(ends: Any) -> str:
    """Lower and upper end, three decimals each: ``[0.210, 0.266]``; a dash if they are missing."""
    low, high = ends if ends is not None else (None, None)
    return f"[{three(low)}, {three(high)}]" if is_number(low) and is_number(high) else ABSENT


def signed_interval(ends: Any) -> str:
    """The interval of a difference, its ends with signs."""
    low, high = ends if ends is not None else (None, None)
    return f"[{signed(low)}, {signed(high)}]" if is_number(low) and is_number(high) else ABSENT


def p_value(value: Any) -> str:
    """A p-value with three decimals; ``<0.001`` below that."""
    return "<0.001" if is_number(value) and value < 0.0005 else three(value)


def difference(value: Any, reference: Any) -> float | None:
    """``value - reference``, or None if either is missing."""
    return value - reference if is_number(value) and is_number(reference) else None


def count(value: Any) -> str:
    """A whole number with commas between thousands; anything else as it is."""
    return f"{value:,}" if is_number(value) else str(value)


def small(value: Any) -> str:
    """A learning rate: ``1e-3``, ``2.5e-4``, ``0`` for zero."""
    if not is_number(value):
        return ABSENT
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def duration(seconds: Any) -> str:
    """Seconds in at most two units: ``42 s``, ``1 min 33 s``, ``2 h 05 min``."""
    if not is_number(seconds):
        return ABSENT
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if not minutes:
        return f"{rest} s"
    return f"{hours} h {minutes_left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def significant(value: Any, digits: int = 3) -> str:
    """A number with ``digits`` significant digits: ``12,300``, ``4.07``, ``0.0123``; a dash for no number."""
    if not is_number(value):
        return ABSENT
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, decimals):,.{max(0, decimals)}f}"
