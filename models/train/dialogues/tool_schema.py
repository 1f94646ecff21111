"""One concrete tool of a session: its shown name, its parameters' shown names and order, its JSON schema in one of several shapes."""

from dataclasses import dataclass
from typing import Dict

from .tool_catalog import FAMILIES


@dataclass
class Tool:
    family: str
    name: str
    shown: Dict[str, str]      # parameter key -> shown parameter name, in schema order
    schema: dict               # {"name", "description", "parameters"}

    def call(self, arguments):
        """(name, arguments) with shown names, in the order of the schema: the order that a grammar made from it enforces."""
        return self.name, {self.shown[key]: arguments[key] for key in self.shown}


def parameters_schema(s, properties):
    """The object schema as different libraries write it."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    if s.chance(0.25):
        schema["additionalProperties"] = False
    if s.chance(0.05):
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return schema


def canonical_tool(key):
    """The family's tool under its first names, as the demo and the examples define it."""
    family = FAMILIES[key]
    properties = {p.aliases[0]: {"type": p.type} for p in family.parameters}
    schema = {"name": family.names[0], "description": family.descriptions[0], "parameters": {"type": "object", "properties": properties, "required": list(properties)}}
    return Tool(key, family.names[0], {p.key: p.aliases[0] for p in family.parameters}, schema)


def family_tool(s, key, described):
    family = FAMILIES[key]
    name = family.names[0] if s.chance(0.5) else s.pick(family.names)
    style = 0 if s.chance(0.65) else 1      # all parameters under their first names, or all under their second
    shown = {p.key: p.aliases[min(style, len(p.aliases) - 1)] for p in family.parameters}
    properties = {shown[p.key]: {"type": p.type, **({"description": s.pick(p.descriptions)} if described else {})} for p in family.parameters}
    schema = {"name": name, "description": s.pick(family.descriptions), "parameters": parameters_schema(s, properties)}
    return Tool(key, name, shown, schema)
