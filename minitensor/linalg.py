"""Linear algebra by name: `mt.linalg`. All of it works on the last two axes of batches."""

from __future__ import annotations

from typing import Any

from minitensor.ops.creation import eye as eye
from minitensor.ops.decomposition import cholesky as cholesky
from minitensor.ops.decomposition import det as det
from minitensor.ops.decomposition import eigh as eigh
from minitensor.ops.decomposition import eigvalsh as eigvalsh
from minitensor.ops.decomposition import inv as inv
from minitensor.ops.decomposition import qr as qr
from minitensor.ops.decomposition import slogdet as slogdet
from minitensor.ops.decomposition import solve as solve
from minitensor.ops.decomposition import svd as svd
from minitensor.ops.decomposition import triangular_solve as triangular_solve
from minitensor.ops.diagonal import band_part as band_part
from minitensor.ops.diagonal import diag as diag
from minitensor.ops.diagonal import diag_part as diag_part
from minitensor.ops.diagonal import set_diag as set_diag
from minitensor.ops.diagonal import tensor_diag as tensor_diag
from minitensor.ops.diagonal import tensor_diag_part as tensor_diag_part
from minitensor.ops.einsum import einsum as einsum
from minitensor.ops.einsum import tensordot as tensordot
from minitensor.ops.linalg import cross as cross
from minitensor.ops.linalg import matmul as matmul
from minitensor.ops.linalg import matrix_transpose as matrix_transpose
from minitensor.ops.linalg import matvec as matvec
from minitensor.ops.linalg import trace as trace
from minitensor.ops.norms import clip_by_norm as clip_by_norm
from minitensor.ops.norms import global_norm as global_norm
from minitensor.ops.norms import l2_normalize as l2_normalize
from minitensor.ops.norms import logdet as logdet
from minitensor.ops.norms import lstsq as lstsq
from minitensor.ops.norms import norm as norm
from minitensor.ops.norms import normalize as normalize
from minitensor.ops.norms import pinv as pinv

__all__ = [
    "adjoint",
    "band_part",
    "cholesky",
    "clip_by_norm",
    "cross",
    "det",
    "diag",
    "diag_part",
    "eigh",
    "eigvalsh",
    "einsum",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "logdet",
    "lstsq",
    "matmul",
    "matrix_transpose",
    "matvec",
    "norm",
    "normalize",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "svd",
    "tensor_diag",
    "tensor_diag_part",
    "tensordot",
    "trace",
    "triangular_solve",
]


def adjoint(matrix: Any, name: str | None = None) -> Any:
    """Rows and columns exchanged, and complex elements conjugated.

    Shape: (…, n, m) → (…, m, n).
    """
    return matrix_transpose(matrix, conjugate=True, name=name)
