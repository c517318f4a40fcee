"""Surface meshes read from disk and filled into signed distances on a grid."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ovf_imaging.training.simulation.volume import Array, Grid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """A triangulated surface in millimetres, LPS."""

    vertices: Array  # (V, 3)
    triangles: NDArray[np.int64]  # (T, 3)


def read_obj(path: Path) -> Mesh:
    """Return the triangles of an OBJ file in metres whose x is forward, y left and z up."""
    words = [line.split() for line in path.read_text().splitlines()]
    vertices = np.array([[float(w) for w in ws[1:4]] for ws in words if ws[:1] == ["v"]])
    triangles = np.array([[int(w.split("/")[0]) - 1 for w in ws[1:4]] for ws in words if ws[:1] == ["f"]])
    forward, left, up = 1000 * vertices.T
    return Mesh(vertices=np.stack([left, -forward, up], axis=1), triangles=triangles)


def read_vtp(path: Path) -> Mesh:
    """Return the surface of a VTK XML file with ASCII arrays in metres whose x is forward, y up and z right."""
    piece = ET.parse(path).getroot().find(".//Piece")
    if piece is None:
        raise ValueError(f"no <Piece> in {path}; is it VTK PolyData?")
    arrays = {
        a.get("Name"): np.array((a.text or "").split(), dtype=np.int64) for a in piece.iterfind("Polys/DataArray")
    }
    points = np.array((piece.findtext("Points/DataArray") or "").split(), dtype=np.float64).reshape(-1, 3)
    forward, up, right = 1000 * points.T
    joined, where = np.unique(
        np.round(np.stack([-right, -forward, up], axis=1), 3).astype(np.float64), axis=0, return_inverse=True
    )
    polygons = np.split(where[arrays["connectivity"]], arrays["offsets"][:-1])
    fans = [[p[0], p[k], p[k + 1]] for p in polygons for k in range(1, len(p) - 1)]
    return Mesh(vertices=joined, triangles=np.array(fans, dtype=np.int64))


def read_shape_model(folder: Path) -> Mesh:
    """Return the mean of the lumbar shape model, two CSV files in millimetres whose x is forward, y left and z up."""
    forward, left, up = np.loadtxt(folder / "meanMesh_vertices.csv", delimiter=",").T
    triangles = np.loadtxt(folder / "meanMesh_faces.csv", delimiter=",").astype(np.int64)
    return Mesh(vertices=np.stack([left, -forward, up], axis=1), triangles=triangles - triangles.min())


def split(mesh: Mesh) -> list[Mesh]:
    """Return the connected parts of a mesh, the highest first."""
    edges = np.concatenate([mesh.triangles[:, :2], mesh.triangles[:, 1:]])
    size = len(mesh.vertices)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
    count, part = connected_components(graph, directed=False)
    pieces = []
    for label in range(count):
        kept = np.flatnonzero(part == label)
        number = np.full(size, -1)
        number[kept] = np.arange(len(kept))
        triangles = number[mesh.triangles[part[mesh.triangles[:, 0]] == label]]
        pieces.append(Mesh(vertices=mesh.vertices[kept], triangles=triangles))
    return sorted(pieces, key=lambda piece: -float(piece.vertices[:, 2].mean()))


def surface_points(mesh: Mesh, spacing_mm: float) -> Array:
    """Return points (N, 3) that cover the surface no further than `spacing_mm` from each other."""
    corners = mesh.vertices[mesh.triangles]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    parts = np.maximum(np.ceil(longest / spacing_mm).astype(int), 1)
    points = []
    for count in np.unique(parts):
        a, b = np.meshgrid(np.arange(count + 1), np.arange(count + 1))
        inside = a + b <= count
        weights = np.stack([a[inside], b[inside], count - a[inside] - b[inside]], axis=1) / count
        points.append(np.einsum("wk,tkc->twc", weights, corners[parts == count]).reshape(-1, 3))
    return np.concatenate(points)


def signed_distance(mesh: Mesh, step_mm: float, margin_mm: float) -> tuple[Grid, NDArray[np.float32]]:
    """Return a grid around a closed mesh and the distance to its surface there in millimetres, negative inside."""
    low = mesh.vertices.min(axis=0) - margin_mm
    size = np.ceil((mesh.vertices.max(axis=0) + margin_mm - low) / step_mm).astype(int) + 1
    grid = Grid(origin_mm=low, step_mm=np.full(3, step_mm), shape=(int(size[0]), int(size[1]), int(size[2])))
    surface = np.zeros(grid.shape, dtype=bool)
    places = np.round((surface_points(mesh, 0.6 * step_mm) - low) / step_mm).astype(int)
    surface[tuple(places.T)] = True
    distance = distance_transform_edt(~surface, sampling=step_mm)
    signed = np.where(binary_fill_holes(surface), -distance, distance)
    return grid, gaussian_filter(signed.astype(np.float32), 0.8)
