"""``python -m acquirer``."""

from acquirer.cli import main

if __name__ == "__main__":
    main()
