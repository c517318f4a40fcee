"""Findings as drawn: the same from the same seed, within their settings, possible."""

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.training.paint import Warp
from ovf_imaging.training.simulation.painted import PaintSettings, draw_findings
from ovf_imaging.training.simulation.painted.draw import broken_body, draw_collapse
from ovf_imaging.training.simulation.painted.warps import seen_aside
from tests.training.simulation.painted_phantom import BODY, LEVELS


def drawn(seed: int, settings: PaintSettings | None = None):
    return draw_findings(np.random.default_rng(seed), LEVELS, settings or PaintSettings())


def test_same_seed_same_findings():
    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def losses(settings: PaintSettings, seeds: int) -> np.ndarray:
    """Return (seeds, 3): what the block's heights lose."""
    rows = []
    for seed in range(seeds):
        collapse = draw_collapse(np.random.default_rng(seed), settings)
        moved = Warp(BODY, seen_aside(collapse, 0.0)).forward(BODY)
        rows.append(1 - np.linalg.norm(moved[:3] - moved[3:], axis=1) / 28)
    return np.array(rows)


def test_no_front_loses_more_than_65_percent_but_in_a_plana():
    lost = losses(PaintSettings(plana=0.0), 500)
    assert 0.5 < lost.max() < 0.65
    assert lost.min() > -0.05


def test_a_plana_is_low_everywhere():
    """Loss 0.6 to 0.75: 0.92 of it by the drop, the least anywhere 0.92 × 0.6 = 0.552; OF 4."""
    lost = losses(PaintSettings(plana=1.0, slipped=0.0), 50)
    assert lost.min() >= 0.55
    assert lost.max() < 0.78
    collapse = draw_collapse(np.random.default_rng(0), PaintSettings(plana=1.0, slipped=0.0))
    assert (collapse.kind, collapse.of_class) == ("plana", 4)


def test_a_pincer_breaks_both_endplates_in_the_middle():
    settings = PaintSettings(wedge=0.0, biconcave=0.0, pincer=1.0, plana=0.0, worst_loss=(0.4, 0.6), slipped=0.0)
    front, middle, back = losses(settings, 50).T
    assert (middle > front + 0.2).all()
    assert (middle > back + 0.2).all()
    collapse = draw_collapse(np.random.default_rng(0), settings)
    assert (collapse.kind, collapse.endplates, collapse.of_class) == ("pincer", ("superior", "inferior"), 4)


def test_of_5_slides_what_lies_above_forward():
    """The body above slides by the drawn part of the 35 px of depth, to the front; the body itself does not."""
    collapse = draw_collapse(np.random.default_rng(0), PaintSettings(slipped=1.0, worst_loss=(0.5, 0.6), plana=0.0))
    assert collapse.of_class == 5
    above = BODY - np.array([36.0, 0])
    slid, still = (
        Warp(BODY, replace(seen_aside(collapse, 0.0), slip=slip), above) for slip in (collapse.fracture.slip, 0.0)
    )
    way = slid.forward(above) - still.forward(above)
    assert way == pytest.approx(np.tile([0, -35 * collapse.fracture.slip], (6, 1)), abs=1e-9)
    assert slid.forward(BODY) == pytest.approx(still.forward(BODY))


def test_films_show_neither_oedema_nor_fluid():
    bodies = [broken_body(np.random.default_rng(seed), PaintSettings(cleft=1.0), film=True) for seed in range(60)]
    assert not any(b.oedematous for b in bodies)
    assert {b.cleft.kind for b in bodies if b.cleft is not None} == {"gas"}


def test_a_chance_of_none_draws_none():
    settings = PaintSettings(cleft=0.0, trap=0.0, cement=0.0)
    findings = [f for seed in range(40) for f in drawn(seed, settings).values()]
    assert findings
    assert all(f.cleft is None and f.traps == () for f in findings)


def test_oedema_alone_is_drawn_where_nothing_breaks():
    findings = drawn(1, PaintSettings(fractured=0.0, occult=1.0))
    assert set(findings) == set(LEVELS)
    assert all(f.oedematous and f.collapse is None for f in findings.values())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cleft", 1.2, r"cleft wanted within 0–1, low end first, got 1\.2"),
        ("worst_loss", (0.1, 0.9), r"worst_loss wanted within 0–0\.65, low end first, got \(0\.1, 0\.9\)"),
        ("retropulsion", (0.1, 0.05), r"retropulsion wanted within 0–0\.2, low end first"),
    ],
)
def test_a_wrong_setting_is_named(key: str, value: object, message: str):
    with pytest.raises(ValueError, match=message):
        PaintSettings(**{key: value})  # type: ignore[arg-type]
