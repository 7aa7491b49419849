"""Settings: one table, one loader, and all complaints at once."""

from changeover.settings.load import CONFIG_VARIABLE, load
from changeover.settings.table import Row, Settings, table

__all__ = ["CONFIG_VARIABLE", "Row", "Settings", "load", "table"]
