"""YAML that people edit by hand, read value by value: every complaint names the line and the field."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import yaml

from emotion.errors import InvalidRules

MAX_CHARACTERS: Final = 200_000
TAGS: Final = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "null": "nothing",
    "bool": "truth value",
}


@dataclass(frozen=True)
class Place:
    """A value of the document, and where it stands: source is the file's name, field its path inside."""

    node: yaml.Node
    source: str
    field: str

    def fields(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Place]:
        """Return the values by name. Raises InvalidRules for missing, unknown and repeated names."""
        found = dict(self.pairs())
        for name, place in found.items():
            if name not in required and name not in optional:
                place.refuse(f"expected one of {_listed([*required, *optional])} here, got {name!r}")
        for name in required:
            if name not in found:
                self.refuse(f"expected {name!r}, which is missing")
        return found

    def pairs(self) -> Iterator[tuple[str, Place]]:
        """Yield names and values of a mapping. Raises InvalidRules for another kind or a repeated name."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"expected named fields, got {self._kind()}")
        seen: set[str] = set()
        for key, value in self.node.value:
            name = Place(key, self.source, self.field).text()
            place = Place(value, self.source, f"{self.field}.{name}" if self.field else name)
            if name in seen:
                place.refuse("expected each name once, got it twice")
            seen.add(name)
            yield name, place

    def items(self) -> list[Place]:
        """Return the values of a list with at least one. Raises InvalidRules for anything else."""
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            self.refuse(f"expected a list with at least one entry, got {self._kind()}")
        return [
            Place(node, self.source, f"{self.field}[{number}]") for number, node in enumerate(self.node.value)
        ]

    def text(self) -> str:
        """Return a text that is not blank. Raises InvalidRules for anything else."""
        if self._tag() != "str" or not self.node.value.strip():
            self.refuse(f"expected a text, got {self._kind()}")
        return str(self.node.value).strip()

    def choice(self, options: Collection[str]) -> str:
        """Return a text that is one of the options. Raises InvalidRules for anything else."""
        chosen = self.text()
        if chosen not in options:
            self.refuse(f"expected one of {_listed(options)}, got {chosen!r}")
        return chosen

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high. Raises InvalidRules for anything else."""
        value = self._number(("int",), f"a whole number from {low} to {high}")
        if not low <= value <= high:
            self.refuse(f"expected a whole number from {low} to {high}, got {self.node.value}")
        return int(value)

    def number(self, low: float, high: float) -> float:
        """Return a number from low to high. Raises InvalidRules for anything else."""
        value = self._number(("int", "float"), f"a number from {low} to {high}")
        if not low <= value <= high:
            self.refuse(f"expected a number from {low} to {high}, got {self.node.value}")
        return value

    def refuse(self, reason: str) -> NoReturn:
        """Raise InvalidRules with the place of this value in front of the reason."""
        where = f"{self.source}, line {self.node.start_mark.line + 1}"
        raise InvalidRules(f"{where}, {self.field}: {reason}." if self.field else f"{where}: {reason}.")

    def _number(self, tags: tuple[str, ...], expected: str) -> float:
        if self._tag() not in tags:
            self.refuse(f"expected {expected}, got {self._kind()}")
        try:
            return float(self.node.value)
        except ValueError:
            self.refuse(f"expected {expected}, got {self.node.value!r}")

    def _tag(self) -> str:
        return str(self.node.tag).rpartition(":")[2] if isinstance(self.node, yaml.ScalarNode) else ""

    def _kind(self) -> str:
        if isinstance(self.node, yaml.ScalarNode):
            name = TAGS.get(self._tag(), "value")
            return f"the {name} {self.node.value!r}" if self.node.value else "nothing"
        if isinstance(self.node, yaml.MappingNode):
            return "named fields"
        return "a list" if self.node.value else "an empty list"


def read_document(text: str, source: str) -> Place:
    """Return the top of a YAML document. Raises InvalidRules where it is none, too long or too deep."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidRules(f"{source}: expected at most {MAX_CHARACTERS} characters, got {len(text)}.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidRules(f"{source}, line {line}: not YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise InvalidRules(f"{source}: not YAML: {error}.") from error
    except RecursionError as error:
        raise InvalidRules(f"{source}: nested too deeply to be a table of rules.") from error
    if node is None:
        raise InvalidRules(f"{source}: expected a table of rules, got an empty file.")
    return Place(node, source, "")


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
