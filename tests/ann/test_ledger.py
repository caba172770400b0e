import pytest

from vsr.ann.ledger import Ledger

ROW = {"key": "a", "kind": "build", "build_s": 1.5}


def test_what_was_added_is_read_back(tmp_path):
    Ledger(tmp_path / "m.jsonl").append(ROW)
    again = Ledger(tmp_path / "m.jsonl")
    again.append({**ROW, "key": "b"})
    assert Ledger(tmp_path / "m.jsonl").of("a", "build") == [ROW]
    assert len(Ledger(tmp_path / "m.jsonl").rows) == 2


@pytest.mark.parametrize("cut", [1, 10, 30])
def test_a_line_that_was_cut_off_is_dropped_and_written_over(tmp_path, cut):
    path = tmp_path / "m.jsonl"
    ledger = Ledger(path)
    ledger.append(ROW)
    ledger.append({**ROW, "key": "b"})
    path.write_bytes(path.read_bytes()[:-cut])
    ledger = Ledger(path)
    assert ledger.rows == [ROW]
    ledger.append({**ROW, "key": "c"})
    assert [row["key"] for row in Ledger(path).rows] == ["a", "c"]
