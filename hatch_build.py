"""Put models/ and app/, which stand at the top level of the checkout, into the wheel as ovf_imaging/_shipped/."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFolders(BuildHookInterface[Any]):
    """Adds the folders to real wheels; an editable install finds them where they stand."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each folder to its place in the wheel."""
        if version == "standard":
            for folder in ("models", "app"):
                build_data["force_include"][folder] = f"ovf_imaging/_shipped/{folder}"
