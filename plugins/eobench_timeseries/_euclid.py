"""The exact nearest neighbour under Euclidean distance, by blocks of matrix products."""

from __future__ import annotations

import torch

CANDIDATES = 8
"""Nearest by the fast formula, looked at again without rounding."""
BLOCK_BYTES = 128_000_000
_REFERENCES = 16_384


def nearest_euclidean(queries: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """Return (n,) int64, the index of the nearest reference to each query; of equally near ones the first.

    Blocks of |r|^2 - 2 q.r in single precision give the `CANDIDATES` nearest of each query, whose distances are
    then computed in double precision: rounding decides nothing unless more than that many lie within it.

    Args:
        queries: (n, D) float32.
        references: (m, D) float32 on the same device, m of at least 1.
    """
    wide = min(_REFERENCES, len(references))
    rows = max(1, min(BLOCK_BYTES // (4 * wide), BLOCK_BYTES // (16 * CANDIDATES * max(1, queries.shape[1]))))
    centre = references.mean(dim=0)  # distances stay, products lose fewer digits
    centred = references - centre
    squares = centred.square().sum(dim=1)
    found = [
        _exact(part, references, _candidates(part - centre, centred, squares, wide))
        for part in torch.split(queries, rows)
    ]
    return torch.cat(found) if found else torch.zeros(0, dtype=torch.int64, device=queries.device)


def _candidates(queries: torch.Tensor, references: torch.Tensor, squares: torch.Tensor, wide: int) -> torch.Tensor:
    """(B, up to CANDIDATES) indices of the nearest references, to rounding."""
    best = queries.new_empty((len(queries), 0))
    index = torch.empty((len(queries), 0), dtype=torch.int64, device=queries.device)
    for start in range(0, len(references), wide):
        block = references[start : start + wide]
        distance = torch.addmm(squares[start : start + wide], queries, block.T, alpha=-2)
        near, place = distance.topk(min(CANDIDATES, len(block)), dim=1, largest=False)
        best, index = torch.cat([best, near], dim=1), torch.cat([index, place + start], dim=1)
        best, kept = best.topk(min(CANDIDATES, best.shape[1]), dim=1, largest=False)
        index = index.gather(1, kept)
    return index


def _exact(queries: torch.Tensor, references: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    difference = references[candidates].double() - queries[:, None].double()
    distance = difference.square().sum(dim=2)
    ties = distance == distance.min(dim=1, keepdim=True).values
    return torch.where(ties, candidates, len(references)).min(dim=1).values
