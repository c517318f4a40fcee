from pathlib import Path

import pytest

from ovf_imaging.training.simulation.anatomy import Templates, load_templates


@pytest.fixture(scope="session")
def templates(shared_data: Path, request: pytest.FixtureRequest) -> Templates:
    """Return the bones of the mesh folder, filled once and kept in pytest's cache."""
    return load_templates(shared_data / "meshes", Path(request.config.cache.mkdir("anatomy")))
