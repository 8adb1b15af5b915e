"""A watcher of training runs that keeps everything it is told."""

from grpokit.evaluate.progress import unwatched


class Recorder:
    def __init__(self):
        self.steps = []
        self.notes = []
        self.evaluations = []
        self.alarms = []

    def step(self, step):
        self.steps.append(step)

    def note(self, text):
        self.notes.append(text)

    def evaluating(self, step, decoding, total):
        return unwatched

    def evaluated(self, found):
        self.evaluations.append(found)

    def alarm(self, alarm):
        self.alarms.append(alarm)
