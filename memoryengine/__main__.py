"""`python -m memoryengine` is the command `memoryengine`."""

from .cli import main

if __name__ == "__main__":
    main()
