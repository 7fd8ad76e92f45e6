"""``python -m digest`` is ``digest``."""

from digest.cli import main

if __name__ == "__main__":  # processes that this one starts import it, too
    main()
