"""Time and memory of a training step in chunks, against the plain step and against a batch of one chunk.

    uv run python tests/benchmarks/large_batch.py [batch=4096] [chunk=256] [side=32] [steps=3]

Each row is a process of its own that takes AdamW steps with InfoNCE on random pictures; memory is its peak
resident set. What model, optimizer and libraries take without any batch is in every row ("before"). CPU
seconds are those of all threads: on a busy machine they say more than the clock.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

DEFAULTS = {"batch": 4096, "chunk": 256, "side": 32, "steps": 3, "model": "resnet18"}


def measure(batch: int, chunk: int | None, side: int, steps: int, model: str) -> dict[str, float]:
    import torch

    from vsr.losses.infonce import InfoNCE
    from vsr.models.embedding import EmbeddingModel
    from vsr.training.large_batch import LargeBatch

    torch.manual_seed(0)
    network, loss, large_batch = EmbeddingModel(model).train(), InfoNCE(), LargeBatch(chunk)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    images = torch.randint(256, (batch, 3, side, side), dtype=torch.uint8)
    labels = torch.arange(batch) // 4
    before = peak_mib()
    clock, cpu = [], []
    for _ in range(steps + 1):
        began, cpu_began = time.perf_counter(), time.process_time()
        value = loss(large_batch.embed(network, images), labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        clock.append(time.perf_counter() - began)
        cpu.append(time.process_time() - cpu_began)
    medians = {"clock": statistics.median(clock[1:]), "cpu": statistics.median(cpu[1:])}
    return {"before": before, "peak": peak_mib(), **medians}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_process(**options) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr[-500:])
        return dict.fromkeys(("before", "peak", "clock", "cpu"), float("nan"))  # out of memory
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    given = dict(word.split("=") for word in sys.argv[1:])
    options = {key: type(default)(given.get(key, default)) for key, default in DEFAULTS.items()}
    batch, chunk = options.pop("batch"), options.pop("chunk")
    rows = [
        (f"plain, batch {chunk}", in_process(batch=chunk, chunk=None, **options)),
        (f"plain, batch {batch}", in_process(batch=batch, chunk=None, **options)),
        (f"chunks of {chunk}, batch {batch}", in_process(batch=batch, chunk=chunk, **options)),
    ]
    plain = rows[1][1]
    print(f"{options['model']}, {options['side']} px, median of {options['steps']} steps")
    print(f"{'step':32} {'s/step':>8} {'CPU s':>8} {'× plain':>8} {'before MiB':>11} {'peak MiB':>9}")
    for name, got in rows:
        ratio = got["cpu"] / plain["cpu"]
        numbers = (
            f"{got['clock']:8.2f} {got['cpu']:8.2f} {ratio:8.2f} {got['before']:11.0f} {got['peak']:9.0f}"
        )
        print(f"{name:32} {numbers}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(**json.loads(sys.argv[2]))))
    else:
        main()
