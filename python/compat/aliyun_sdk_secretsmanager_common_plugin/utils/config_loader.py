"""Naming the configuration file in code."""

from __future__ import annotations

from kmsramcred import _shared, set_config_file


class ConfigLoader:
    """The name of the configuration file, for the whole process. Set it before the first client is made."""

    @staticmethod
    def set_config_name(config_name: str | None) -> None:
        """A name in the working directory, or a path."""
        set_config_file(config_name or None)

    @staticmethod
    def get_config_name() -> str | None:
        """What was set; None where the documented look-up decides."""
        return _shared.config_file()
