import time

import numpy as np
import pytest

from vsr.ann.timing import latency, throughput

QUERIES = np.zeros((64, 4), np.float32)


def test_queries_a_second_are_those_of_the_clock():
    found = throughput(lambda some: time.sleep(0.0005 * len(some)), QUERIES, 0.05, 3)
    assert found["qps"] <= 2000  # a sleep is never shorter
    assert found["qps_min"] <= found["qps"] <= found["qps_max"]
    assert found["busy"] < 0.9


def test_waiting_costs_no_processor_time():
    found = throughput(lambda some: time.sleep(0.0005 * len(some)), QUERIES, 0.05, 2)
    assert found["cpu_qps"] > 2 * found["qps"]


def test_a_slow_search_is_timed_on_some_of_the_queries():
    calls = []
    throughput(
        lambda some: (calls.append(len(some)), time.sleep(0.002 * len(some))), np.zeros((999, 2)), 0.02, 2
    )
    assert max(calls) < 300


def test_a_fast_search_is_timed_several_times_over():
    assert throughput(lambda some: None, QUERIES, 0.01, 1)["timed"] > len(QUERIES)


def test_latency_is_of_one_query_at_a_time():
    shapes = set()
    found = latency(lambda some: (shapes.add(some.shape), time.sleep(0.001)), QUERIES, 0.05)
    assert shapes == {(1, 4)}
    assert 1 <= found["p50"] <= found["p95"] <= found["p99"]


@pytest.mark.parametrize("n", [1, 2])
def test_one_query_is_enough(n):
    assert latency(lambda some: None, QUERIES[:n], 0.001)["timed"] >= 1
    assert throughput(lambda some: None, QUERIES[:n], 0.001, 1)["timed"] >= 1
