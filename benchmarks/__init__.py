"""Speed and memory of everything that takes time, measured by one command: `make bench`."""
