"""Checks what a machine can of all documents (`*.md`) of the repository.

- A relative link leads to a file, and its anchor to a heading of it.
- A file or folder/ in backticks that begins with a folder of the repository exists.
- A date is written `YYYY-MM-DD`, exists, and is not in the future; examples in code may be.
- A measured figure is in the file that it was taken from. It is marked in the line where it stands:

      Importing takes 7.55 s of 200,000 events. <!-- measured: bench/results.md: import of 200,000 -->

  Every number between the mark before it, or the start of the line, and the mark must stand in a
  line of that file which holds the text behind the second colon.

Prints each fault as `file:line: what`; exits with 1 if there is one. A folder as the argument is
checked instead of the repository.
"""

import os
import re
import sys
from datetime import date
from pathlib import Path

SKIPPED = {".git", "node_modules", "target", "dist"}
MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
)
DATES_OF_WORDS = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)? (?:{MONTHS})\b|\b(?:{MONTHS}) \d{{1,2}}\b(?!\d)"
    r"|(?<![\d.])\d{1,2}([./])\d{1,2}\1\d{4}(?![\d.])"
)
DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\w-])")
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|^\[[^\]]+\]: +(\S+)|(?:href|src)=\"([^\"]+)\"")
CODE = re.compile(r"(`+)(.+?)\1")
MARK = re.compile(r"<!-- measured: ([^:]+): (.+?) -->")
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
# A file with a suffix, or a folder with a slash behind it.
PATH = re.compile(r"(\.?\w[\w.-]*)(?:/[\w.-]+)*/(?:[\w-]+\.[\w.]+)?")


def documents(root):
    """The documents below a folder."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        yield from (Path(folder) / name for name in sorted(files) if name.endswith(".md"))


def prose(text):
    """The lines of a document with their numbers; `None` for those of blocks of code."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r" *(`{3,}|~{3,})", line)
        if fence:
            closes = found and found[1].startswith(fence) and line.strip() == found[1]
            fence = None if closes else fence
            yield number, None
        elif found:
            fence = found[1]
            yield number, None
        else:
            yield number, line


def anchors(text):
    """The anchors that GitHub gives the headings of a document."""
    seen = {}
    for _, line in prose(text):
        if found := re.match(r"#+ +(.+?)(?: +#+)? *$", line or ""):
            head = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[1])
            anchor = re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")
            times = seen[anchor] = seen.get(anchor, -1) + 1
            yield f"{anchor}-{times}" if times else anchor


def faults_of_links(document, root, line):
    """What is wrong with the links of a line."""
    for target in (next(filter(None, groups)) for groups in LINK.findall(CODE.sub("", line))):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document.resolve()
        if not file.exists():
            yield f"{target} leads nowhere"
        elif not file.is_relative_to(root):
            yield f"{target} leads out of the repository"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8")):
            yield f"{target}: there is no heading of that name"


def faults_of_paths(root, line):
    """What is wrong with the paths in backticks of a line."""
    for _, code in CODE.findall(line):
        found = PATH.fullmatch(code)
        if found and found[1] not in SKIPPED and (root / found[1]).is_dir():
            if not (root / code).exists():
                yield f"`{code}` does not exist"


def faults_of_dates(line, today):
    """What is wrong with the dates of a line."""
    words = CODE.sub("", line)
    for found in DATES_OF_WORDS.finditer(words):
        yield f"{found[0]}: dates are written YYYY-MM-DD"
    for found in DATE.finditer(words):
        try:
            is_future = date(*map(int, found.groups())) > today
        except ValueError:
            yield f"{found[0]} is no date"
        else:
            if is_future:
                yield f"{found[0]} is in the future"


def numbers(text):
    """The numbers of a text, without the commas of thousands."""
    return [found.replace(",", "").rstrip(".") for found in NUMBER.findall(text)]


def faults_of_figures(root, line):
    """What is wrong with the measured figures of a line."""
    before = 0
    for mark in MARK.finditer(line):
        told, before = line[before : mark.start()], mark.end()
        name, key = mark[1].strip(), mark[2].strip()
        file = root / name
        if not file.is_file():
            yield f"measured: there is no {name}"
            continue
        rows = [row for row in file.read_text("utf-8").splitlines() if key in row]
        known = set(numbers(" ".join(rows)))
        if not rows:
            yield f"measured: {name} has no line with `{key}`"
        elif not (figures := numbers(told)):
            yield f"measured: no figure stands before `{key}`"
        else:
            for figure in figures:
                if figure not in known:
                    yield f"measured: {figure} is not in {name} at `{key}`"


def faults_of(document, root, today):
    """The faults of a document with their lines."""
    for number, line in prose(document.read_text("utf-8")):
        if line is None:
            continue
        found = [*faults_of_links(document, root, line), *faults_of_paths(root, line)]
        found += [*faults_of_dates(line, today), *faults_of_figures(root, line)]
        yield from ((number, what) for what in found)


def main(root):
    """Prints the faults of all documents below a folder; returns the exit code."""
    n_faults = 0
    for document in documents(root):
        for number, what in faults_of(document, root, date.today()):
            n_faults += 1
            print(f"{document.relative_to(root)}:{number}: {what}")
    return 1 if n_faults else 0


if __name__ == "__main__":
    default = Path(__file__).parents[1]
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else default).resolve()))
