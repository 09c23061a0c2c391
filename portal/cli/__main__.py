"""`python -m portal.cli` is `patunay`."""

from portal.cli.entry import run

if __name__ == "__main__":
    run()
