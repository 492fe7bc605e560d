"""Report: plain tables with a target and its verdict beside each figure, and all that was missed or left out at the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Target:
    """A budget of the design: a figure that may be at most, or must be at least, `limit`."""

    limit: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {figure(self.limit)}"

    def met_by(self, value: float) -> bool:
        """Return whether `value` keeps the budget."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass
class Report:
    """Prints as it goes and remembers what to repeat at the end."""

    judged: int = 0
    missed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    section: str = ""

    def heading(self, title: str) -> None:
        """Begin a section."""
        self.section = title.split(":")[0]
        self.say(f"\n== {title} ==")

    def say(self, line: str) -> None:
        """Print a line at once."""
        print(line, flush=True)

    def skip(self, what: str, why: str) -> None:
        """Say that something is not measured, and why."""
        self.left_out.append(f"{self.section}: {what}: {why}")
        self.say(f"not measured: {what}: {why}")

    def judge(self, what: str, value: float, target: Target | None) -> tuple[str, str]:
        """Return the target and "met" or "missed" as two cells, and count it."""
        if target is None:
            return "", ""
        self.judged += 1
        if target.met_by(value):
            return str(target), "met"
        self.missed.append(f"{self.section}: {what}: {figure(value)}, target {target}")
        return str(target), "missed"

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows below their columns; words stand left, figures right."""
        cells = [[cell if isinstance(cell, str) else figure(cell) for cell in row] for row in rows]
        widths = [max(len(line[n]) for line in [list(columns), *cells]) for n in range(len(columns))]
        wordy = [not any(_is_figure(row[n]) for row in cells) for n in range(len(columns))]
        for line in [list(columns), *cells]:
            parts = [
                cell.ljust(width) if words else cell.rjust(width)
                for cell, width, words in zip(line, widths, wordy, strict=True)
            ]
            self.say("  ".join(parts).rstrip())

    def summary(self) -> None:
        """Print what was missed and what was left out."""
        self.say(f"\n== {self.judged - len(self.missed)} of {self.judged} targets met ==")
        for line in self.missed:
            self.say(f"missed: {line}")
        for line in self.left_out:
            self.say(f"not measured: {line}")


def figure(value: object) -> str:
    """Return a number with three or four digits that matter, and anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


def middle(values: Iterable[float]) -> float:
    """Return the median, which one disturbed repeat cannot move far."""
    return median(values)


def _is_figure(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("x", "").strip("-").isdigit()
