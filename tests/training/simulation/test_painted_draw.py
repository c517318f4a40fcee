"""Findings as drawn: the same from the same seed, within their settings, possible."""

import numpy as np
import pytest

from ovf_imaging.training.simulation.painted import PaintSettings, draw_findings
from ovf_imaging.training.simulation.painted.draw import broken_body, draw_collapse
from ovf_imaging.training.simulation.painted.warps import Break
from tests.training.simulation.painted_phantom import BODY, LEVELS


def drawn(seed: int, settings: PaintSettings | None = None):
    return draw_findings(np.random.default_rng(seed), LEVELS, settings or PaintSettings())


def test_same_seed_same_findings():
    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_no_front_loses_more_than_65_percent():
    losses = []
    for seed in range(500):
        rng = np.random.default_rng(seed)
        moved = Break(BODY, draw_collapse(rng, PaintSettings())).forward(BODY)
        losses.append(1 - np.linalg.norm(moved[:3] - moved[3:], axis=1) / 28)
    assert 0.5 < np.max(losses) < 0.65
    assert np.min(losses) > -0.05


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
