"""The command line: parse, call the workflow, show. Heavy libraries load inside the commands."""

import os

# pydantic would look through every installed package for plug-ins, and none of them is ours
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from igw_audit.cli.app import main

__all__ = ["main"]
