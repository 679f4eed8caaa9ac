"""`python -m igw_audit` is the command line."""

from igw_audit.cli import main

if __name__ == "__main__":
    # not in the processes that the demo starts, which import this module too
    main()
