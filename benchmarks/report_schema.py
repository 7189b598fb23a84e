"""The published JSON schema of `fer-edge benchmark`'s report.json, made from its dataclasses.

    python -m benchmarks.report_schema > docs/reference/benchmark-report.schema.json

A test checks that the published file equals this output, and that a real report conforms to it.
"""

import dataclasses
import inspect
import json
import re
import types
import typing
from typing import Any

from fer_edge.runtime.measurement.report.report import FORMAT_VERSION, Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def report_schema() -> dict[str, Any]:
    """Return the schema; each dataclass is a separate definition."""
    definitions: dict[str, Any] = {}
    root = _reference(Report, definitions)
    definitions["Report"]["properties"]["format_version"]["const"] = FORMAT_VERSION
    return {
        "$schema": DIALECT,
        "title": "fer-edge benchmark report",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}  # placeholder for classes that contain themselves
        definitions[cls.__name__] = _object(cls, definitions)
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    said, hints = _attributes(cls), typing.get_type_hints(cls)
    properties = {}
    for field in dataclasses.fields(cls):
        properties[field.name] = _value(hints[field.name], definitions)
        if field.name in said:
            properties[field.name]["description"] = said[field.name]
    return {
        "type": "object",
        "description": (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " "),
        "properties": properties,
        "required": [field.name for field in dataclasses.fields(cls)],
        "additionalProperties": False,
    }


def _value(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, items = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_value(item, definitions) for item in items]}
    if origin is typing.Literal:
        return {"enum": list(items)}
    if origin is tuple and items[-1] is Ellipsis:
        return {"type": "array", "items": _value(items[0], definitions)}
    if origin is tuple:
        prefix = [_value(item, definitions) for item in items]
        return {"type": "array", "prefixItems": prefix, "items": False, "minItems": len(items)}
    if dataclasses.is_dataclass(hint):
        return _reference(typing.cast(type, hint), definitions)
    return {"type": _PLAIN[hint]}


def _attributes(cls: type) -> dict[str, str]:
    """Parse the "Attributes:" section of a Google-style docstring."""
    block = (inspect.getdoc(cls) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", block, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text).strip() for name, text in found}


if __name__ == "__main__":
    print(json.dumps(report_schema(), indent=1, ensure_ascii=False))
