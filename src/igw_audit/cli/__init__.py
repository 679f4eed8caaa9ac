"""The command line: parse, call the workflow, show. Heavy libraries load inside the commands."""

from igw_audit.cli.app import main

__all__ = ["main"]
