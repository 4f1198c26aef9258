"""Linear algebra for inheritance: low-rank products, ridge regression towards a prior, layer norms.

Every function is deterministic and works in float32. Sizes: t tokens, h hidden.
"""

import torch
from torch import Tensor

NEGLIGIBLE = 1e-6  # share of the mean square that float32 products may lose
JITTER = 1e-4  # share of the mean variance: keeps the covariance of a few tokens invertible


def principal_axes(moment: Tensor, mean: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Find a projection to `width` dimensions, and the mean of what it leaves out.

    Args:
        moment: mean of x xᵀ, (H, H).
        mean: mean of x, (H,).
        width: h. Below H: the first principal axes of the second moment (a residual stream is not
            centred). At H: the identity. Above H: a random isometry.
    Returns:
        P (H, h) and the offset c (H,): x ≈ P Pᵀ x + c.
    """
    full = len(mean)
    if width == full:
        return torch.eye(full), torch.zeros(full)
    if width > full:
        return _isometry(full, width), torch.zeros(full)
    axes: Tensor = torch.linalg.eigh(moment)[1][:, -width:].flip(1)
    return axes, mean - axes @ (axes.T @ mean)


def _isometry(rows: int, columns: int) -> Tensor:
    """Make a random P with P Pᵀ = 1, the same on every call, shape (rows, columns)."""
    generator = torch.Generator().manual_seed(0)
    basis: Tensor = torch.linalg.qr(torch.randn(columns, rows, generator=generator))[0]
    return basis.T


def augmented(x: Tensor) -> Tensor:
    """Append a column of ones, so that the bias becomes one more weight."""
    return torch.cat([x, torch.ones(len(x), 1)], dim=1)


def covariance_root(x: Tensor) -> Tensor:
    """Compute the lower triangular R with R Rᵀ ≈ the second moment of x (t, h), shape (h, h)."""
    moment = x.T @ x / len(x)
    ridge_height = JITTER * moment.diagonal().mean()
    root: Tensor = torch.linalg.cholesky(moment + ridge_height * torch.eye(len(moment)))
    return root


def low_rank(
    left: Tensor, right: Tensor, left_root: Tensor, right_root: Tensor, *, rank: int
) -> tuple[Tensor, Tensor]:
    """Find the best approximation of rank `rank` for given inputs: leftᵀ right ≈ Lᵀ M.

    Args:
        left: shape (r, a); right: shape (r, b).
        left_root: R of the inputs' covariance, (a, a); right_root: (b, b).
        rank: number of rows; those beyond the product's own rank are 0.
    Returns:
        L (rank, a) and M (rank, b), with the singular values split evenly.
    """
    q_left, t_left = torch.linalg.qr((left @ left_root).T)
    q_right, t_right = torch.linalg.qr((right @ right_root).T)
    u, sizes, vh = torch.linalg.svd(t_left @ t_right.T, full_matrices=False)
    n = min(rank, len(sizes))
    scale = sizes[:n].clamp(min=0).sqrt()
    lefts = torch.linalg.solve_triangular(left_root.T, q_left @ u[:, :n] * scale, upper=True).T
    rights = torch.linalg.solve_triangular(right_root.T, q_right @ vh[:n].T * scale, upper=True).T
    return _filled(lefts, rank), _filled(rights, rank)


def _filled(rows: Tensor, count: int) -> Tensor:
    return torch.cat([rows, torch.zeros(count - len(rows), rows.shape[1])])


def ridge(inputs: Tensor, outputs: Tensor, prior: Tensor, *, strength: float) -> Tensor:
    """Fit affine weights that map `inputs` to `outputs`, pulled towards `prior`.

    Args:
        inputs: shape (t, a); outputs: shape (t, b).
        prior: weight and bias side by side, shape (b, a + 1).
        strength: how hard to pull the weights, in units of the inputs' mean variance; the bias is
            not pulled.
    Returns:
        Shape (b, a + 1).
    """
    missing = outputs - augmented(inputs) @ prior.T
    if missing.square().mean() < NEGLIGIBLE * outputs.square().mean():
        return prior  # the prior already fits
    x = inputs - inputs.mean(0)
    covariance = x.T @ x / len(x)
    pull = strength * covariance.diagonal().mean() + 1e-6
    products = x.T @ (missing - missing.mean(0)) / len(x)
    change: Tensor = torch.linalg.solve(covariance + pull * torch.eye(len(x.T)), products).T
    bias = missing.mean(0) - change @ inputs.mean(0)
    return prior + torch.cat([change, bias[:, None]], dim=1)


def norm_parameters(states: Tensor, wanted: Tensor, *, eps: float) -> tuple[Tensor, Tensor]:
    """Fit a layer norm's weight and bias so that it maps `states` (t, h) close to `wanted`."""
    x = torch.nn.functional.layer_norm(states, states.shape[-1:], eps=eps)
    x_mean, y_mean = x.mean(0), wanted.mean(0)
    variance = ((x - x_mean) ** 2).mean(0).clamp(min=1e-6)
    weight = ((x - x_mean) * (wanted - y_mean)).mean(0) / variance
    return weight, y_mean - weight * x_mean
