"""What holds of any reader when a picture that its lists name is not there."""

from collections.abc import Callable

import pandas as pd
import pytest

from vsr.data.catalogue.catalogue import Catalogue
from vsr.errors import DataError


def check_left_out(read: Callable[..., Catalogue]) -> Catalogue:
    """Remove a picture of what ``read(on_missing=…)`` gives: it stops, or gives all the other rows."""
    whole = read()
    gone = whole.table["image"].iloc[-1]
    (whole.root / gone).unlink()
    with pytest.raises(DataError, match=rf"names '{gone}'.* or leave out .* data\.on_missing=skip") as error:
        read()
    assert "\n" not in str(error.value)
    part = read(on_missing="skip")
    rows = whole.table["image"] != gone
    pd.testing.assert_frame_equal(part.table, whole.table[rows].reset_index(drop=True))
    assert part.protocol == f"{whole.protocol}/1-missing"
    assert part.missing_images == [gone]
    assert len(part.missing) == (~rows).sum()
    return part
