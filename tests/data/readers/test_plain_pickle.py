"""Pickles of data are read, and nothing that one asks for is run."""

import functools
import os
import pickle
import sys

import numpy as np
import pytest

from vsr.data.readers.plain_pickle import read_plain_pickle
from vsr.errors import DataError

DATA = {
    "names": ["a", "ü", ("b", None)],
    "numbers": [1, 2.5, True, 2**70],
    "bytes": [b"\x00\xff", b""],
    "ints": np.arange(6).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    "empty": np.zeros(0),
    "flags": np.array([True, False]),
    "scalar": np.float32(0.5),
    "objects": np.array(["x", [1]], dtype=object),
}


@pytest.fixture
def pickled(tmp_path):
    """Call with bytes, or with an object and a protocol; returns the path of the file."""

    def write(what, protocol=4):
        path = tmp_path / "data.pkl"
        path.write_bytes(what if isinstance(what, bytes) else pickle.dumps(what, protocol))
        return path

    return write


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("core", [b"numpy._core", b"numpy.core"])
def test_plain_data_comes_back_whatever_the_protocol(pickled, protocol, core):
    raw = pickle.dumps(DATA, protocol)
    if protocol < 4:  # from protocol 4 on, names carry their length
        raw = raw.replace(b"numpy._core", core)
    found = read_plain_pickle(pickled(raw))
    assert found["names"] == ["a", "ü", ["b", None]]
    assert found["numbers"] == DATA["numbers"]
    assert found["bytes"] == DATA["bytes"]
    assert found["objects"] == ["x", [1]]
    assert found["scalar"] == 0.5
    for name in ("ints", "columns", "empty", "flags"):
        np.testing.assert_array_equal(found[name], DATA[name])
        assert found[name].dtype == DATA[name].dtype


def test_text_of_python_2_is_read(pickled):
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\ndtype\n"
    )
    array += b"(S'i2'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x01\\x00\\xff\\x00'\ntb."
    found = read_plain_pickle(pickled(array))
    np.testing.assert_array_equal(found, np.array([1, 255], np.int16))


class Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {marker}",), "system"),
        (eval, ("open('{marker}', 'w')",), "eval"),
        (os.mkdir, ("{marker}",), "mkdir"),
        (functools.partial, (os.mkdir, "{marker}"), "partial"),
        (np.load, ("{marker}",), "load"),
        (getattr, (np, "load"), "getattr"),
    ],
)
def test_a_pickle_that_calls_something_is_refused_in_one_line(
    pickled, tmp_path, protocol, function, arguments, name
):
    marker = tmp_path / "marker"
    arguments = [one.format(marker=marker) if isinstance(one, str) else one for one in arguments]
    arguments = ["numpy" if one is np else one for one in arguments]
    path = pickled({"imlist": [Calls(function, *arguments)]}, protocol)
    with pytest.raises(DataError, match=rf"asks to load \S+{name}, which was refused") as error:
        read_plain_pickle(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not marker.exists()


def test_what_is_read_cannot_change_the_reader(pickled):
    poison = b"cnumpy\nndarray\n(N}S'find_class'\nI1\nstb."  # sets attributes on what the name gave
    with pytest.raises(DataError, match="is not a pickle of plain data"):
        read_plain_pickle(pickled(poison))
    np.testing.assert_array_equal(read_plain_pickle(pickled(DATA))["ints"], DATA["ints"])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Ran out of input"),
        (b"no pickle", "invalid load key"),
        (pickle.dumps(DATA)[:-40], "truncated"),
        (pickle.dumps(np.zeros(2, dtype="U3")), "an array of type 'U3'"),
        (pickle.dumps({1, 2}), "it holds a set"),
        (pickle.dumps(np.zeros(2, dtype=[("a", "i4")])), "an array of type 'V4'"),
        (b"]q\x00h\x00a.", "recursion"),
        (b"Pstored\n.", "persistent"),
    ],
)
def test_damage_is_one_line_that_names_the_file(pickled, raw, reason):
    path = pickled(raw)
    with pytest.raises(DataError, match=reason) as error:
        read_plain_pickle(path)
    assert str(error.value).startswith(f"{path} is not a pickle of plain data: ")
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.pkl cannot be read: No such file"):
        read_plain_pickle(tmp_path / "none.pkl")


def test_reading_imports_nothing(pickled):
    path = pickled(b"cantigravity\nfly\n.")
    with pytest.raises(DataError, match=r"antigravity\.fly"):
        read_plain_pickle(path)
    assert "antigravity" not in sys.modules
