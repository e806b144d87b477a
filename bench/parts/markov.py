"""Part `markov`: removal effects of a Markov chain of order 4, exact, beside a simulation of them.

The journeys are the demo data of ChannelAttribution, the package that people use for this. It
walks a million random paths; the program solves the chain. Before the times count, each channel's
conversions must be close to the simulation's, and ours must add up to all conversions.
"""

import csv
import gzip
import math

from bench import measure
from bench.measure import seconds
from bench.settings import ROOT, CheckFailed
from bench.table import against

JOURNEYS = ROOT / "fixtures" / "attribution" / "path_data.csv.gz"
OURS = "tributary"
PEER = "channelattribution"
ORDER = 4
N_SIMULATIONS = 1_000_000
RATIO_MAX = 0.05
# How far a channel's conversions may be from the simulation's, as a share of all: the noise of a
# million paths is about a third of it.
DISTANCE_MAX = 0.005


def run(settings):
    """Measures and returns the rows."""
    folder = settings.folder("markov")
    output = {side: folder / f"{side}.csv" for side in (OURS, PEER)}
    options = ["--model", "markov", "--order", ORDER, "--format", "csv", "-o", output[OURS]]
    own_seconds = []

    def ours():
        return measure.run(settings.command("attribute", JOURNEYS, *options))

    def peer():
        printed = folder / "seconds.txt"
        script = ["markov_channelattribution.py", JOURNEYS, ORDER, N_SIMULATIONS, output[PEER]]
        with printed.open("wb") as file:
            sample = measure.run(settings.peer(*script), stdout=file)
        own_seconds.append(float(printed.read_text("utf-8").split()[-1]))
        return sample

    samples = measure.alternate({OURS: ours, PEER: peer}, settings.runs)
    check(
        conversions(output[OURS], "channel", "conversions"),
        conversions(output[PEER], "channel_name", "total_conversions"),
    )
    name = f"markov of order {ORDER}, {PEER}'s {N_SIMULATIONS:,} simulations"
    times = seconds(samples[OURS])
    return [
        against(name, times, seconds(samples[PEER]), PEER, ratio_max=RATIO_MAX, picture="markov"),
        against(f"{name}, its imports left out", times, own_seconds, PEER),
    ]


def conversions(path, channel, column):
    """Each channel's conversions in a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row[channel]: float(row[column]) for row in csv.DictReader(file)}


def check(ours, theirs):
    """Fails unless both sides credit the channels alike, and ours all conversions."""
    with gzip.open(JOURNEYS, "rt", encoding="utf-8") as file:
        total = sum(float(row["total_conversions"]) for row in csv.DictReader(file))
    if not math.isclose(sum(ours.values()), total, rel_tol=1e-9):
        raise CheckFailed(f"{sum(ours.values())} conversions are credited, not {total}")
    for channel in ours.keys() | theirs.keys():
        one, other = ours.get(channel, 0), theirs.get(channel, 0)
        if abs(one - other) > DISTANCE_MAX * total:
            raise CheckFailed(f"{channel} has {one} conversions, the peer's {other}")
