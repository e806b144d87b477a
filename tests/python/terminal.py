"""A command on a terminal, as a person sees it."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from program import command, environment

SECONDS_MAX = 60
COLUMNS = 80


class Terminal:
    """A command on a terminal of 80 columns; what it prints is read as it comes."""

    def __init__(self, *arguments, home, variables=None):
        self._own, theirs = pty.openpty()
        subprocess.run(["stty", "rows", "40", "cols", str(COLUMNS)], stdin=theirs, check=True)
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment() | {"HOME": str(home), "TERM": "xterm"} | (variables or {}),
            start_new_session=True,
        )
        os.close(theirs)
        self._text = ""

    def type(self, text):
        os.write(self._own, text.encode())

    def interrupt(self):
        """Signals what Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def wait_for(self, pattern):
        """Reads until the pattern is there; returns everything up to its end."""
        deadline = time.monotonic() + SECONDS_MAX
        while (found := re.search(pattern, self._text)) is None:
            assert time.monotonic() < deadline, self._text
            if select.select([self._own], [], [], 0.1)[0]:
                self._text += self._read()
        seen, self._text = self._text[: found.end()], self._text[found.end() :]
        return seen

    def end(self):
        """Waits for the end; returns the exit code and what was not read yet."""
        code = self.process.wait(SECONDS_MAX)
        while more := self._read():
            self._text += more
        os.close(self._own)
        return code, self._text

    def _read(self):
        try:
            return os.read(self._own, 1 << 16).decode("utf-8", "replace")
        except OSError:  # the other side has ended
            return ""
