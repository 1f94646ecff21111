"""One concrete tool of a session: its shown name, its parameters' shown names and order, its JSON schema in one of many shapes."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from . import lexicon
from .tool_catalog import FAMILIES, Parameter

# What a generic tool's parameter is called, and the Sampler method that draws its values.
GENERIC_PARAMETERS = [
    ("id", "code"), ("name", "full_name"), ("city", "city"), ("date", "date"), ("quantity", "integer"), ("amount", "number"),
    ("reason", "problem"), ("email", "email"), ("day", "weekday"), ("time", "clock"), ("path", "path"), ("topic", "topic"),
    ("code", "code"), ("title", "topic"), ("owner", "name"), ("limit", "integer"), ("price", "number"), ("label", "word"),
    ("target", "city"), ("comment", "message"), ("room", "integer"), ("product", "product"), ("phone", "phone"), ("count", "integer"),
    ("colour", "colour"), ("size", "integer"), ("reference", "code"), ("file", "file_name"), ("deadline", "date"), ("note", "words"),
    ("group", "topic_noun"), ("weight", "number"), ("level", "integer"), ("user", "first_name"), ("address", "email"), ("version", "integer"),
]
NUMERIC = ("integer", "number")


@dataclass
class Tool:
    family: str
    name: str
    shown: Dict[str, str]                      # parameter key -> shown parameter name, in schema order
    schema: dict                               # {"name", "description", "parameters"}
    action: Optional[Tuple[str, str]] = None   # generic tools: (verb, noun)
    generic: List[Tuple[str, str]] = field(default_factory=list)   # generic tools: (parameter, sampler method)

    def call(self, arguments):
        """(name, arguments) with shown names, in the order of the schema: the order that a grammar made from it enforces."""
        return self.name, {self.shown[key]: arguments[key] for key in self.shown if key in arguments}


def parameter_schema(s, parameter, described):
    kind = "integer" if parameter.type == "number" and parameter.optional else parameter.type
    schema = {"type": kind}
    if described:
        schema["description"] = s.pick(parameter.descriptions)
    if parameter.enum:
        schema["enum"] = list(parameter.enum)
    return dict(reversed(list(schema.items()))) if s.chance(0.1) else schema


def parameters_schema(s, properties, required):
    """The object schema as different libraries write it."""
    schema = {"type": "object", "properties": properties, "required": required}
    draw = s.rng.random()
    if draw < 0.25:
        schema["additionalProperties"] = False
    if draw < 0.08:
        schema = {"$schema": s.pick(["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"]), **schema}
    if 0.25 < draw < 0.35:
        schema = {key: schema[key] for key in sorted(schema)}
    return schema


def canonical_tool(key):
    """The family's tool under its first names, as the demo and the examples define it."""
    family = FAMILIES[key]
    shown = {p.key: p.aliases[0] for p in family.parameters if not p.optional}
    properties = {p.aliases[0]: {"type": p.type} for p in family.parameters if not p.optional}
    schema = {"name": family.names[0], "description": family.descriptions[0], "parameters": {"type": "object", "properties": properties, "required": list(properties)}}
    return Tool(key, family.names[0], shown, schema)


def family_tool(s, key, described):
    family = FAMILIES[key]
    name = family.names[0]
    if s.unseen_tools or s.chance(0.6):
        name = s.pick(family.names_held if s.unseen_tools else family.names)
    elif s.chance(0.15):
        name = s.pick(["{w}_{n}", "{n}_{w}"]).format(w=s.word(), n=name)      # nothing to remember: it must be copied
    parameters = [p for p in family.parameters if not p.optional or s.chance(0.15)]
    if s.chance(0.12):
        s.rng.shuffle(parameters)
    shown = {}
    for parameter in parameters:
        alias = parameter.aliases[0] if s.chance(0.65) else s.pick(parameter.aliases)
        shown[parameter.key] = parameter.aliases[0] if alias in shown.values() else alias
    if s.chance(0.1):
        parameters.sort(key=lambda p: shown[p.key])
    properties = {shown[p.key]: parameter_schema(s, p, described) for p in parameters}
    required = [shown[p.key] for p in parameters if not p.optional]
    schema = {"name": name, "description": s.pick(family.descriptions_held if s.unseen_tools else family.descriptions), "parameters": parameters_schema(s, properties, required)}
    return Tool(key, name, {p.key: shown[p.key] for p in parameters}, schema)


def draw_action(s):
    """A verb and a noun; for unseen tools at least one of them held out."""
    while True:
        verb, noun = s.pick(lexicon.GENERIC_VERBS), s.pick(lexicon.GENERIC_NOUNS)
        held = verb in lexicon.GENERIC_VERBS_HELD or noun in lexicon.GENERIC_NOUNS_HELD
        if held == s.unseen_tools:
            return verb, noun


def generic_tool(s, described):
    verb, noun = draw_action(s)
    chosen = s.rng.sample(GENERIC_PARAMETERS, s.pick([1, 1, 2, 2, 3]))
    parameters = [Parameter(name, [name], "number" if kind in NUMERIC else "string",
                            [f"The {name}", name, f"Its {name}", f"{name.capitalize()} of the {noun}"]) for name, kind in chosen]
    properties = {p.key: parameter_schema(s, p, described) for p in parameters}
    name = f"{verb}_{noun}" if s.chance(0.85) else s.pick([f"{noun}_{verb}", f"{verb}{noun.capitalize()}", f"{noun}.{verb}", f"{verb}-{noun}"])
    description = s.pick(["{v} a {n}", "{v} the {n}", "{v} one {n}", "{v}s a {n}.", "Use this to {l} a {n}."])
    schema = {
        "name": name.replace(".", "_"),
        "description": description.format(v=verb.capitalize(), n=noun, l=verb),
        "parameters": parameters_schema(s, properties, list(properties)),
    }
    return Tool("generic", schema["name"], {p.key: p.key for p in parameters}, schema, (verb, noun), chosen)
