"""Content files: TOML read into checked records, every defect of a file at once."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from app.defects import Defect


class Record(BaseModel):
    """An entry of a content file: typed, frozen, and refusing fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


R = TypeVar("R", bound=Record)


def read_toml(path: Path, defects: list[Defect], root: Path) -> dict[str, Any]:
    """Return the tables of the TOML file at `path`; on any fault note a defect and return {}.

    `root` is the folder that file names in defects are relative to.
    """
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        defects.append(Defect(name, "file", "is missing", "restore the file"))
    except UnicodeDecodeError as fault:
        defects.append(Defect(name, f"byte {fault.start}", "is not UTF-8", "save the file as UTF-8"))
    except tomllib.TOMLDecodeError as fault:
        defects.append(Defect(name, "syntax", str(fault), "correct the TOML at that line"))
    except OSError as fault:
        defects.append(
            Defect(name, "file", f"cannot be read ({fault.strerror})", "check the file and its rights")
        )
    return {}


def read_records(
    tables: dict[str, Any], key: str, record: type[R], file: str, defects: list[Defect], name: str = "id"
) -> list[R]:
    """Return the entries under `key` as `record`s; note a defect for each wrong field and leave the entry out.

    `name` is the field by which a defect calls the entry.
    """
    entries = tables.get(key, [])
    if not isinstance(entries, list):
        defects.append(Defect(file, key, "is not a list of entries", f"begin each entry with [[{key}]]"))
        return []
    records = []
    for position, entry in enumerate(entries, 1):
        label = (
            f"{key} {entry.get(name, f'number {position}')!s}"
            if isinstance(entry, dict)
            else f"{key} {position}"
        )
        try:
            records.append(record.model_validate(entry))
        except ValidationError as fault:
            for error in fault.errors(include_url=False):
                defects.append(Defect(file, label, *_plain(error)))
    return records


def refuse_unknown_keys(tables: dict[str, Any], known: set[str], file: str, defects: list[Defect]) -> None:
    """Note a defect for each top-level key of a file that the hub does not know, such as a misspelt one."""
    for key in sorted(tables.keys() - known):
        defects.append(
            Defect(file, key, "is not a known kind of entry", f"use one of: {', '.join(sorted(known))}")
        )


def _plain(error: Any) -> tuple[str, str]:
    field = ".".join(str(part) for part in error["loc"]) or "entry"
    if error["type"] == "missing":
        return f"{field} is missing", f"add {field} = ..."
    if error["type"] == "extra_forbidden":
        return f"{field} is not a known field", "remove it or correct its spelling"
    message = error["msg"].removeprefix("Value error, ")
    wrong, _, mend = message.partition("; ")
    return f"{field}: {wrong}", mend or f"correct {field}"
