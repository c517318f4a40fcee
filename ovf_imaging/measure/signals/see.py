"""Signs seen in the pixels of a study: clefts and oedema, body by body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ovf_imaging.knowledge.marrow import marrow
from ovf_imaging.knowledge.sign_weights import sign_weights
from ovf_imaging.knowledge.signs import sign_rules
from ovf_imaging.measure.signals.normal import CONTRASTS, canal_end, fluid_ratio, healthy, neighbours, references
from ovf_imaging.measure.signals.oedema import oedema_region
from ovf_imaging.measure.signals.regions import Region, standing_out
from ovf_imaging.measure.signals.scores import Score, fluid_score, gas_score, lucency, lucency_score
from ovf_imaging.measure.signals.views import BodyView, Grid, body_views, marked
from ovf_imaging.types import Image, Reading, Sign, SignKind, View
from ovf_imaging.types import Sequence as Contrast

FLUID, GAS = "fluid", "gas"
_MARROW = np.s_[:, 20:45, 21:56]  # of a grid: well inside the body
_CANAL = np.s_[:, :, 65:87]  # of a grid: 0.06 to 0.5 depths behind the posterior wall


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyRegions:
    """What stands out of one body, by the model that judges it; a model is absent where its series are."""

    view: BodyView
    regions: Mapping[str, tuple[Region, ...]]


def see_signs(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Return the readings with cleft and oedema signs on each body that has none of that kind yet.

    A body gets a cleft sign for fluid and one for gas (`Sign.detail`). A probability of None: the series that would
    tell are absent, or no healthy body is there to compare with. Masks are given from the probability on at which
    the sign is not absent (knowledge/signs.toml).
    """
    return tuple(_seen(reading, readings) for reading in readings)


def study_views(reading: Reading, readings: Sequence[Reading]) -> list[BodyView]:
    """Return the views of a reading's bodies in all images of its study and plane; a film stands alone."""
    if _is_film(reading.image):
        return body_views(reading, {Contrast.NONE: (reading.image,)})
    if reading.image.sequence not in CONTRASTS:
        return []
    return body_views(reading, _study_images(reading, readings))


def body_regions(views: Sequence[BodyView]) -> list[BodyRegions]:
    """Return what stands out of each body of one image."""
    if any(Contrast.NONE in view.signals for view in views):
        near = neighbours([v.vertebra.level for v in views], healthy([v.vertebra for v in views]))
        dark = [lucency(view.signals[Contrast.NONE]) for view in views]
        scores = [lucency_score(own, [dark[k] for k in others]) for own, others in zip(dark, near, strict=True)]
        return [BodyRegions(view=v, regions={"gas_film": _regions(v, s)}) for v, s in zip(views, scores, strict=True)]
    return _mr_regions(views)


def _is_film(image: Image) -> bool:
    return image.view is View.LATERAL and image.sequence is Contrast.NONE


def _study_images(own: Reading, readings: Sequence[Reading]) -> dict[Contrast, list[Image]]:
    """Return the images of the same study and plane by contrast, the reading's own first."""
    together = [own, *(r for r in readings if r is not own and r.prior == own.prior)]
    alike = [r.image for r in together if r.image.view is own.image.view]
    return {c: images for c in CONTRASTS if (images := [i for i in alike if i.sequence is c])}


def _mr_regions(views: Sequence[BodyView]) -> list[BodyRegions]:
    ratios, usual, csf = _against_normal(views)
    found = []
    for view, own, healthy_ones in zip(views, ratios, usual, strict=True):
        regions: dict[str, tuple[Region, ...]] = {}
        if Contrast.FLUID in own:
            regions["fluid"] = _regions(view, fluid_score(own, csf))
            regions["oedema"] = (oedema_region(own, csf),)
        elif Contrast.T2 in own:
            regions["fluid_t2"] = _regions(view, fluid_score(own, csf))
        if Contrast.T2 in own or {Contrast.T1, Contrast.FLUID} <= set(own):
            regions["gas"] = _regions(view, gas_score(own, healthy_ones))
        found.append(BodyRegions(view=view, regions=regions))
    return found


def _against_normal(
    views: Sequence[BodyView],
) -> tuple[list[dict[Contrast, Grid]], list[dict[Contrast, Grid]], dict[Contrast, float]]:
    """Return the signals of each body against normal marrow, those of healthy bodies near it, and those of CSF."""
    whole = healthy([v.vertebra for v in views])
    ratios: list[dict[Contrast, Grid]] = [{} for _ in views]
    usual: list[dict[Contrast, Grid]] = [{} for _ in views]
    csf: dict[Contrast, float] = {}
    for contrast in CONTRASTS:
        shown = [n for n, view in enumerate(views) if contrast in view.signals]
        grids = [views[n].signals[contrast] for n in shown]
        near = neighbours([views[n].vertebra.level for n in shown], whole[shown])
        reference = references(np.array([np.median(grid[_MARROW]) for grid in grids]), near)
        canals = np.array([canal_end(contrast, grid[_CANAL].ravel()) for grid in grids])
        csf[contrast] = fluid_ratio(contrast, canals, reference) or marrow().csf[contrast].usual
        for n, grid, others, normal in zip(shown, grids, near, reference, strict=True):
            if np.isfinite(normal):
                ratios[n][contrast] = grid / np.float32(normal)
                middles = [grids[k][views[shown[k]].middle] for k in others]
                usual[n][contrast] = ndimage.gaussian_filter(np.median(middles, 0) / np.float32(normal), 1)[None]
    return ratios, usual, csf


def _regions(view: BodyView, score: Score) -> tuple[Region, ...]:
    return tuple(standing_out(score.total, score.details, view.step_mm))


def _seen(reading: Reading, readings: Sequence[Reading]) -> Reading:
    wanted = {v.level: _missing(v.signs) for v in reading.vertebrae}
    if not any(wanted.values()):
        return reading
    found = {b.view.vertebra.level: b for b in body_regions(study_views(reading, readings))}
    vertebrae = tuple(
        replace(v, signs=(*v.signs, *_signs(found.get(v.level), wanted[v.level], reading))) for v in reading.vertebrae
    )
    return replace(reading, vertebrae=vertebrae)


def _missing(signs: Iterable[Sign]) -> tuple[SignKind, ...]:
    held = {s.kind for s in signs}
    return tuple(kind for kind in (SignKind.CLEFT, SignKind.OEDEMA) if kind not in held)


def _signs(body: BodyRegions | None, kinds: Sequence[SignKind], reading: Reading) -> list[Sign]:
    signs = []
    for kind in kinds:
        if kind is SignKind.CLEFT:
            signs += [_sign(body, kind, FLUID, ("fluid", "fluid_t2"), reading)]
            signs += [_sign(body, kind, GAS, ("gas", "gas_film"), reading)]
        else:
            signs.append(_sign(body, kind, "", ("oedema",), reading))
    return signs


def _sign(body: BodyRegions | None, kind: SignKind, detail: str, models: Sequence[str], reading: Reading) -> Sign:
    """Return the sign of the likeliest region."""
    weights = sign_weights()
    judged = [
        (weights[model].probability(region.features), region)
        for model in models
        for region in (body.regions.get(model, ()) if body is not None else ())
    ]
    if body is None or not any(model in body.regions for model in models):
        return Sign(kind=kind, probability=None, detail=detail)
    if not judged:
        return Sign(kind=kind, probability=0.0, detail=detail)
    probability, region = max(judged, key=lambda pair: pair[0])
    shown = probability > sign_rules().cleft.no and region.mask.any()
    mask = marked(body.view, region.mask, reading.image.pixels.shape) if shown else None
    return Sign(kind=kind, probability=probability, detail=detail, mask=mask)
