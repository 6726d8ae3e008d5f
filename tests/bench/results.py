"""What was measured: figures, each with samples by side, so that it is seen beside what it is compared to."""

import statistics
from collections import defaultdict


class Results:
    def __init__(self):
        self.samples = defaultdict(dict)

    def add(self, figure, side, value):
        self.samples[figure].setdefault(side, []).append(value)

    def add_cpu(self, work, side, us_an_event):
        """Microseconds of processor time an event, by process and in all."""
        for process, value in us_an_event.items():
            self.add(f"{work}_cpu_{process}", side, value)
        self.add(f"{work}_cpu_all", side, sum(us_an_event.values()))

    def has(self, figure, side):
        return side in self.samples.get(figure, {})

    def median(self, figure, side):
        return statistics.median(self.samples[figure][side])

    def ratio(self, figure, beside):
        """Of touchpointd's to another side's; None where there is nothing to divide by."""
        other = self.median(figure, beside) if self.has(figure, beside) else 0
        return self.median(figure, "touchpointd") / other if other else None

    def spread(self, figure, side):
        return min(self.samples[figure][side]), max(self.samples[figure][side])

    def take_best(self, shapes, side):
        """A side that was measured in several shapes stands, in each figure, for the best of them."""
        shapes = list(shapes)
        for figure, by_side in self.samples.items():
            best = max if figure.endswith("_rate") else min
            measured = [shape for shape in shapes if shape in by_side]
            if measured:
                by_side[side] = by_side[best(measured, key=lambda shape: self.median(figure, shape))]
