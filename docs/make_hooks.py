"""Writes docs/hooks.md, the reference of the hooks, from their specifications; a test holds the two together.

python docs/make_hooks.py
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterable
from pathlib import Path

from dsx import types
from dsx.plugins import HOOKS, hookspecs

KINDS = {
    "register_parameter_sets": ("ParameterSet", "RecordType", "Parameter", "Choice"),
    "register_loaders": ("Loader", "Document", "Page"),
    "find_loader": (),
    "register_engines": ("Engine", "EngineSettings", "LocalEngine", "Question", "Places", "Completion"),
    "register_prompt_sets": ("PromptSet", "WorkedExample"),
    "register_models": ("NamedModel",),
    "register_repairs": ("Repair",),
    "register_normalisers": ("Normaliser",),
    "register_exporters": ("Exporter", "ExportOptions"),
    "register_commands": (),
}
HEAD = """# Hooks

<!-- made by docs/make_hooks.py from dsx/plugins/hookspecs.py and dsx/types; do not edit -->

A plugin is a module with any of these functions, each marked `@dsx.hookimpl`, that its package names in the
entry-point group `dsx`:

    [project.entry-points.dsx]
    mice = "dsx_mice"

`dsx plugins new mice --kind loader` makes such a package, `dsx plugins check mice` tests one. Names are given as a
dict, so that a recipe can name them; a name that two plugins give is nobody's, and the error names both (of a command
that is dsx's own, dsx's stays). What a plugin raises in one of these functions stops only what needs it; `dsx plugins
list` and `dsx doctor` say it, or, of `find_loader`, the log and `dsx plugins check`. dsx imports every plugin at each
start, so heavy imports belong inside functions; what plugins print while they are loaded goes to stderr.
`DSX_PLUGINS=none` leaves all but the built-ins out, `DSX_PLUGINS=a,b` takes only those; empty or not set, it takes all.
"""


def text() -> str:
    return HEAD + "".join(hook(name) for name in HOOKS)


def hook(name: str) -> str:
    function = getattr(hookspecs, name)
    signature = str(inspect.signature(function)).replace("'", "")
    first = " (the first answer that is not None counts)" if function.dsx_spec["firstresult"] else ""
    code = f"```python\n@hookimpl\ndef {name}{signature}: ...\n```"
    said = f"\n## {name}\n\n{code}\n\n{inspect.getdoc(function)}{first}\n"
    return said + "".join(kind(each) for each in KINDS[name])


def kind(name: str) -> str:
    """A type's documentation and fields."""
    given = getattr(types, name)
    if hasattr(given, "__dataclass_fields__"):
        members = {each.name: each.type for each in given.__dataclass_fields__.values()}
    else:
        members = {
            member: value.__name__ if isinstance(value, type) else str(value).replace("typing.", "")
            for member, value in typing.get_type_hints(given).items()
        }
    summary, meanings = described(inspect.getdoc(given) or "", members)
    lines = [f"\n**{name}**: {summary}\n"]
    lines += [f"\n- `{member}: {written}`{meanings.get(member, '')}" for member, written in members.items()]
    if not hasattr(given, "__dataclass_fields__"):
        for member in ("count_tokens", "answer", "describe", "close"):
            method = getattr(given, member)
            signature = str(inspect.signature(method)).replace("'", "").replace("self, ", "").replace("self", "")
            lines.append(f"\n- `{member}{signature}`: {inspect.getdoc(method)}")
    return "".join(lines) + "\n"


def described(docstring: str, members: Iterable[str]) -> tuple[str, dict[str, str]]:
    """What a docstring says of the whole, and of each member: "name: …" or "name, name: …", after a full stop."""
    docstring = re.sub(r"[.:]?\n {2,}(\w+(?:, \w+)*) {2,}(?=\S)", r"; `\1`: ", docstring)  # a table of its values
    one = "|".join(members)
    summary, *parts = re.split(rf"(?:^|(?<=\. ))((?:{one})(?:, (?:{one}))*): ", docstring, flags=re.MULTILINE)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    meanings = {name: f": {' '.join(said.split())}" for names, said in pairs for name in names.split(", ")}
    return " ".join(summary.split()), meanings


if __name__ == "__main__":
    Path(__file__).with_name("hooks.md").write_text(text(), "utf-8")
