"""The bench's entry: `python -m tests.bench.run [--quick] [--only SECTION ...] [--no-lighthouse]`."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.bench import calls, exporting, growth, lighthouse, line, making, serving, weight
from tests.bench.report import Report
from tests.bench.setting import Setting

SECTIONS: dict[str, Callable[[Setting], None]] = {
    "export": exporting.measure,
    "bytes": weight.measure,
    "serving": serving.measure,
    "calls": calls.measure,
    "making": making.measure,
    "growth": growth.measure,
    "line": line.measure,
    "lighthouse": lighthouse.measure,
}


def main() -> int:
    """Measure and print; return 0 when everything could be measured, whether or not its targets were met."""
    wanted = _arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    begun, failed = time.monotonic(), False
    report = Report()
    report.say("Ratios are measured side by side in this run and hold better than the figures beside them.")
    _warn_of_other_work(report)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        setting = Setting(folder, report, wanted.quick)
        for name in wanted.only or SECTIONS:
            if name == "lighthouse" and not wanted.lighthouse:
                continue
            failed |= not _section(name, setting)
    except KeyboardInterrupt:
        report.say("\nstopped")
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.summary()
    report.say(f"took {time.monotonic() - begun:.0f} s")
    return int(failed)


def _warn_of_other_work(report: Report) -> None:
    busy = os.getloadavg()[0]
    if busy > 0.5:
        report.say(
            f"Other work keeps the cores busy (load average {busy:.1f}): run again on a quiet machine."
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.run", description="Measure the hub beside its peers.")
    parser.add_argument("--quick", action="store_true", help="one short repeat, three languages")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--lighthouse", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


def _section(name: str, setting: Setting) -> bool:
    """Run one section; say what broke in it and go on."""
    try:
        SECTIONS[name](setting)
    except Exception as fault:
        setting.report.skip(name, f"broke: {type(fault).__name__}: {str(fault)[:500]}")
        traceback.print_exc(limit=-4, file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
