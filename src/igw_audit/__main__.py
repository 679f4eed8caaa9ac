"""`python -m igw_audit` is the command line."""

from igw_audit.cli import main

main()
