"""The comparisons: each module has `run(settings)`, which gives the rows of the table."""
