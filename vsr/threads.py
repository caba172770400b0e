"""Thread counts, set in one place: torch and Faiss each bring an OpenMP runtime of their own."""

import faiss
import torch


def set_threads(threads: int | None) -> int:
    """Let torch and Faiss use ``threads`` threads each; None leaves both as they are.

    Returns:
        The number of threads that torch uses now.

    Raises:
        ValueError: ``threads`` < 1.
    """
    if threads is not None:
        if threads < 1:
            raise ValueError(f"threads must be >= 1 or null, got {threads}")
        torch.set_num_threads(threads)
        faiss.omp_set_num_threads(threads)
    return torch.get_num_threads()
