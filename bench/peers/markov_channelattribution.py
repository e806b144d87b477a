"""Attributes journeys by simulation with ChannelAttribution.

Run as `markov_channelattribution.py JOURNEYS ORDER SIMULATIONS OUTPUT`. One repetition, so that
as many paths are simulated as asked for and no more, on all cores. It writes each channel's
conversions, and on standard output the seconds without Python's start and imports.
"""

import os
import sys
import time

import pandas
from ChannelAttribution import markov_model


def main(journeys, order, n_simulations, output):
    """Simulates and writes the result."""
    begin = time.perf_counter()
    found = markov_model(
        pandas.read_csv(journeys),
        "path",
        "total_conversions",
        var_value="total_conversion_value",
        var_null="total_null",
        order=int(order),
        nsim_start=int(n_simulations),
        nfold=1,
        ncore=len(os.sched_getaffinity(0)),
        seed=1,
        verbose=False,
        flg_pro=False,
    )
    found.to_csv(output, index=False)
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
