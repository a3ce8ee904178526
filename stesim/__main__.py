"""`python -m stesim` is `stesim`."""

from stesim.cli import main

if __name__ == "__main__":
    main(prog_name="stesim")
