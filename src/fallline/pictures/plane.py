"""Planes through the space of all weights θ, and where points of that space lie beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..arrays import Floats
from ..errors import SpecError
from ..spec.initial import given_theta
from ..spec.network import Network
from .record import Record
from .words import percent

__all__ = ["Kind", "Plane", "pca_plane", "plane_of", "plane_through", "random_plane", "slice_plane"]

Kind = Literal["slice", "pca", "random", "three"]


@dataclass(frozen=True)
class Plane(Record):
    """All points θ = origin + x u + y v.

    Attributes
    ----------
    kind
        What it was made from: "slice" of two weights, "pca", "random" or "three" points.
    origin
        (P,) where x = y = 0.
    axes
        (2, P) u and v.
    centre
        (P,) the weights that it goes through.
    labels
        What x and y are.
    marks
        (m, 2) coordinates of the points that it was laid through; for three models theirs.
    """

    kind: Kind
    origin: Floats
    axes: Floats
    centre: Floats
    labels: tuple[str, str]
    marks: Floats

    def thetas(self, points: Floats) -> Floats:
        """Return θ (m, P) at coordinates (m, 2)."""
        found: Floats = self.origin + np.asarray(points) @ self.axes
        return found

    def coordinates(self, thetas: Floats) -> Floats:
        """Return the coordinates (m, 2) of the plane's points nearest to θ (m, P)."""
        found: Floats = (
            (thetas - self.origin) @ self.axes.T @ np.linalg.inv(self.axes @ self.axes.T)
        )
        return found

    def distances(self, thetas: Floats) -> Floats:
        """Return the Euclidean distances (m,) of points θ (m, P) from the plane."""
        found: Floats = np.linalg.norm(thetas - self.thetas(self.coordinates(thetas)), axis=1)
        return found

    def explained(self, path: Floats) -> float:
        """Return the share of a path's (t, P) squared distances from the centre that it shows.

        1 where the path lies in the plane, 0 where it is at right angles to it, or no path at all.
        """
        from_centre = ((path - self.centre) ** 2).sum()
        off = (self.distances(path) ** 2).sum()
        return float(1 - off / from_centre) if from_centre else 1.0


def plane_of(
    network: Network, theta: Any, along: Any, path: Floats | None = None, seed: int = 0
) -> Plane:
    """Return the plane that `along` asks for; see `fallline.surface`.

    Raises
    ------
    SpecError
        When it asks for none.
    """
    if isinstance(along, str):
        if along == "pca":
            return pca_plane(network, theta, path)
        if along == "random":
            return random_plane(network, theta, seed)
    elif isinstance(along, Sequence | np.ndarray):
        if len(along) == 2 and all(isinstance(name, str) for name in along):
            return slice_plane(network, theta, (along[0], along[1]))
        if len(along) == 3 and not any(isinstance(point, str) for point in along):
            return plane_through(network, along)
    raise SpecError(
        "along must be two names of weights or biases such as ('w[input.0->output.0]', "
        f"'b[output.0]'), three points θ, 'pca' or 'random', not {_short(along)}"
    )


def slice_plane(network: Network, theta: Any, names: tuple[str, str]) -> Plane:
    """Return the plane of two weights or biases; all others are as in θ.

    Its coordinates are the values of the two.

    Raises
    ------
    SpecError
        When a name is wrong, or of an absent connection, or both are the same.

    Examples
    --------
    >>> plane = slice_plane(Network.parse("1 -> 1"), [2.0, 1.0], ("b[output.0]",
    ...     "w[input.0->output.0]"))
    >>> plane.thetas(np.array([[5.0, 7.0]]))
    array([[7., 5.]])
    """
    centre = given_theta(network, theta, np.float64)
    places = [network.index(name) for name in names]
    if places[0] == places[1]:
        raise SpecError(f"a slice is along two different weights, but both are {names[0]}")
    for name, place in zip(names, places, strict=True):
        if network.masked[place]:
            raise SpecError(f"{name} is an absent connection, so there is no slice along it")
    origin, axes = centre.copy(), np.zeros((2, network.size))
    origin[places] = 0.0
    axes[[0, 1], places] = 1.0
    return Plane("slice", origin, axes, centre, names, centre[places][None])


def pca_plane(network: Network, theta: Any, path: Floats | None) -> Plane:
    """Return the plane through θ along the two directions in which a path moves most.

    They are the first two right singular vectors of θ_t − θ, all t of the path (t, P): its
    principal components about θ. Coordinates are distances from θ.

    Raises
    ------
    SpecError
        Without a path, or where it does not leave a straight line.
    """
    centre = given_theta(network, theta, np.float64)
    if path is None:
        raise SpecError("along='pca' takes the directions of a path; give path=")
    moves = path - centre
    _, sizes, directions = np.linalg.svd(moves, full_matrices=False)
    if len(sizes) < 2 or sizes[1] <= 1e-12 * sizes[0]:
        raise SpecError(
            "the path does not leave a straight line through θ, so it has no second direction; "
            "give a longer path, or along=two weights"
        )
    axes = directions[:2]
    # A singular vector's sign is chance: let the path come from the side of larger values.
    axes = axes * np.where(axes @ moves[0] < 0, -1.0, 1.0)[:, None]
    shares = sizes[:2] ** 2 / (sizes**2).sum()
    first, second = (
        f"principal direction {i + 1} ({percent(float(shares[i]))} of the path)" for i in range(2)
    )
    return Plane("pca", centre, axes, centre, (first, second), np.zeros((1, 2)))


def random_plane(network: Network, theta: Any, seed: int = 0) -> Plane:
    """Return the plane through θ along two random directions, scaled as θ is, unit by unit.

    Each direction is drawn from a normal distribution; then the part of each unit, the weights into
    it and its bias, is given the norm that this part has in θ. So a distance of 1 is one weight
    vector long in every unit, and units of different scale can be compared. Frozen and absent
    entries stay as they are. The idea is the filter normalisation of Li, Xu, Taylor, Studer and
    Goldstein, "Visualizing the Loss Landscape of Neural Nets" (NeurIPS 2018), section 4, where a
    filter of a dense layer is the weights into a unit.

    Raises
    ------
    SpecError
        When nothing is free to move, or all of θ is 0.
    """
    centre = given_theta(network, theta, np.float64)
    drawn = np.random.default_rng(seed).standard_normal((2, network.size))
    free = np.ones(network.size, bool) if network.trainable is None else network.trainable
    axes = np.array([_scaled(network, direction * free, centre * free) for direction in drawn])
    if np.linalg.matrix_rank(axes) < 2:
        raise SpecError(
            "random directions are as long as the weights, unit by unit, and too few weights are "
            "trainable and other than 0 to span a plane; give along=two weights"
        )
    labels = ("random direction 1", "random direction 2")
    names = tuple(f"{label} (in lengths of each unit's weights)" for label in labels)
    return Plane("random", centre, axes, centre, (names[0], names[1]), np.zeros((1, 2)))


def plane_through(network: Network, points: Any) -> Plane:
    """Return the plane through three points θ, such as three trained models of one network.

    Coordinates are distances: x from the first towards the second, y at right angles to it towards
    the third.

    Raises
    ------
    SpecError
        When they lie on a line.

    Examples
    --------
    >>> plane = plane_through(Network.parse("1 -> 1"), [[0.0, 0.0], [3.0, 0.0], [1.0, 4.0]])
    >>> plane.marks
    array([[0., 0.],
           [3., 0.],
           [1., 4.]])
    """
    three = np.array([given_theta(network, point, np.float64) for point in points])
    u, w = three[1] - three[0], three[2] - three[0]
    length = np.linalg.norm(u)
    u = u / (length or 1.0)
    v = w - (w @ u) * u
    height = np.linalg.norm(v)
    if not length or height <= 1e-12 * np.linalg.norm(w):
        raise SpecError("the three points lie on one line, so no single plane goes through them")
    plane = Plane(
        "three",
        three[0],
        np.array([u, v / height]),
        three[0],
        ("distance from the first towards the second", "distance towards the third"),
        np.zeros((0, 2)),
    )
    marks = plane.coordinates(three)
    return Plane(plane.kind, plane.origin, plane.axes, plane.centre, plane.labels, marks)


def _scaled(network: Network, direction: Floats, theta: Floats) -> Floats:
    """Return a direction with the norm of θ in each unit's weights and bias."""
    found = direction.copy()
    sizes = network.views(theta)
    for name, view in network.views(found).items():
        own, wanted = (_unit_norms(*blocks) for blocks in (view, sizes[name]))
        factor = np.divide(wanted, own, out=np.zeros_like(own), where=own > 0)
        view.weights[:] *= factor
        if view.biases is not None:
            view.biases[:] *= factor
    return found


def _unit_norms(weights: Floats, biases: Floats | None) -> Floats:
    squares = (weights**2).sum(axis=0)
    norms: Floats = np.sqrt(squares if biases is None else squares + biases**2)
    return norms


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."
