"""The configuration contract: what the app does when a Clerk variable is missing, wrong or too much, and what its health tells."""

from harness.contracts.configuration.contract import Configuration
from harness.contracts.configuration.declaration import CONFIGURATION_FILE, ConfigurationFile, load_configuration

__all__ = ["CONFIGURATION_FILE", "Configuration", "ConfigurationFile", "load_configuration"]
