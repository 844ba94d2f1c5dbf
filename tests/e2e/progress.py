"""What a run says while it goes: a line for each thing shown, with its time."""

import time


class Report:
    """Says what was shown and how long it took; knows what is being done, in case it fails."""

    def __init__(self, name="e2e"):
        self._name = name
        self._began = self._last = time.monotonic()
        self.doing = "starting"

    def __call__(self, text):
        now = time.monotonic()
        print(f"{self._name} {now - self._began:6.1f} s  (+{now - self._last:5.1f} s)  {text}", flush=True)
        self._last = now

    def show(self, scenario, name=None):
        """Runs a scenario, a function named for what it shows."""
        self.doing = (name or scenario.__name__).replace("_", " ")
        self(f"{self.doing}: {scenario()}")
