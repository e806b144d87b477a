"""The closing table: a row a fault, for a terminal or as Markdown."""

COLUMNS = ["fault", "what", "rounds", "acknowledged", "lost", "duplicated", "seconds", "result"]


def rows(scenarios, runs):
    """The table's rows, as text."""
    for scenario in scenarios:
        own = [run for run in runs if run.fault == scenario.fault]
        numbers = [sum(getattr(run, name) for run in own) for name in COLUMNS[2:7]]
        yield [scenario.fault, scenario.title, *(f"{n:.0f}" for n in numbers), result(own)]


def result(runs):
    """One word for a scenario's runs, and why it was left out if it was."""
    if any(not run.is_good for run in runs):
        return "FAIL"
    skipped = next((run.skipped for run in runs if run.skipped), None)
    if skipped and not any(run.rounds for run in runs):
        return f"SKIP ({skipped})"
    return "PASS" if runs else "not run"


def as_text(scenarios, runs):
    """The table in aligned columns."""
    lines = [COLUMNS, *rows(scenarios, runs)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(scenarios, runs, seconds, seed):
    """The table as Markdown, with the command that repeats it."""
    lines = [COLUMNS, ["---"] * 2 + ["---:"] * 5 + ["---"], *rows(scenarios, runs)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    command = f"make torture TORTURE_SECONDS={seconds} TORTURE_SEED={seed}"
    return f"{table}\n\n`{command}`\n\n{closing_line(runs)}\n"


def closing_line(runs):
    """The last line of a run, for other programs to find."""
    totals = [sum(getattr(run, name) for run in runs) for name in COLUMNS[2:6]]
    return "torture: {} rounds, {} acknowledged, {} lost, {} duplicated".format(*totals)
