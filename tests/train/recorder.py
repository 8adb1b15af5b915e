"""A watcher of training runs that keeps everything it is told."""

from grpokit.evaluate.progress import Advance, unwatched
from grpokit.train import Alarm, HeldOut, Step


class Recorder:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.notes: list[str] = []
        self.evaluations: list[HeldOut] = []
        self.alarms: list[Alarm] = []

    def step(self, step: Step) -> None:
        self.steps.append(step)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def evaluating(self, step: int, decoding: str, total: int) -> Advance:
        return unwatched

    def evaluated(self, report: HeldOut) -> None:
        self.evaluations.append(report)

    def alarm(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)
