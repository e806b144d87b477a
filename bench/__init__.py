"""Measures the program beside what a user would pick instead: `make bench`, `python -m bench`."""
