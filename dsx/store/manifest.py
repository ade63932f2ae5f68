"""What stands in `run.json`: what of it decides answers, and how a run gets another parameter set."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping

from dsx.types import Json

DECISIVE = ("dsx", "schema", "recipe", "prompt_sha256", "code_sha256", "engine", "plugins")
"""What must be the same for a run to go on; of the engine only the model itself (another node may have another GPU)."""
WHOLE = {"schema": "schema", "prompt_sha256": "text of the prompt set", "code_sha256": "code of dsx"}
"""What a difference in them is called; the values themselves say nothing to a person."""
PLUGINS = "set of plugins"
"""How a difference in the plugins begins; what to do about it is another thing."""
WHERE = ("base_url", "key_env", "cache_gigabytes")
"""Options that say where it is answered, and in how much memory, not what: after a requeue a server may be on another
node, and where memory ran out a run goes on with less."""
DECISIVE_OF_ENGINE = ("engine", "model", "fingerprint")
EARLIER = "earlier_schemas"
"""SHA-256 → {"name", "schema"} of the parameter sets that the run had before: a paper may still have answers to one."""


def compare(stored: Mapping[str, Json], current: Mapping[str, Json], *, schema: bool = True) -> list[str]:
    """What differs between two manifests, of what decides answers; only keys that `current` has are compared.

    schema: False: two runs that differ in the parameter set alone are equal.
    """
    differences = []
    for key in DECISIVE:
        if key not in current or (key == "schema" and not schema):
            continue
        old, new = stored.get(key), current[key]
        if key == "engine":
            old = {name: old.get(name) if isinstance(old, Mapping) else None for name in DECISIVE_OF_ENGINE}
            new = {name: new.get(name) for name in DECISIVE_OF_ENGINE}
        if key == "recipe":
            old, new = _without_spelling(old), _without_spelling(new)
        if old == new:
            continue
        if key != "schema" and isinstance(old, Mapping) and isinstance(new, Mapping):
            names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
            if key == "plugins":
                differences.append(f"{PLUGINS} ({', '.join(_change(name, old, new) for name in names)})")
                continue
            if key == "code_sha256":
                differences.append(f"code of dsx ({', '.join(names)})")
                continue
            differences += [f"{key} {name} ({_short(old.get(name))}, now {_short(new.get(name))})" for name in names]
        else:
            differences.append(WHOLE[key] if key in WHOLE else f"{key} ({_short(old)}, now {_short(new)})")
    return differences


def updated(stored: Mapping[str, Json], current: Mapping[str, Json]) -> dict[str, Json]:
    """The stored manifest with the parameter set of `current`; the one that it had is an earlier one from now on."""
    schema_keys = {key: current[key] for key in ("schema", "schema_name", "schema_sha256", "recipe")}
    earlier = {
        **stored.get(EARLIER, {}),
        schema_sha256(stored["schema"]): {"name": stored["schema_name"], "schema": stored["schema"]},
    }
    earlier.pop(current["schema_sha256"], None)
    return {**stored, **schema_keys, EARLIER: earlier}


def damage(manifest: Json) -> str:
    """What keeps a manifest from being a run's, in a few words; "" where nothing does."""
    if not isinstance(manifest, dict):
        return "it holds no JSON object"
    kinds = {"schema": dict, "schema_name": str}
    missing = [key for key, kind in kinds.items() if not isinstance(manifest.get(key), kind)]
    if missing:
        return f"it has no {' and no '.join(missing)}"
    if manifest.get("schema_sha256") not in (None, schema_sha256(manifest["schema"])):
        return "its schema was changed after it was written"
    return ""


def schema_sha256(schema: Mapping[str, Json]) -> str:
    """By which a schema that was changed in a manifest is told."""
    return hashlib.sha256(json.dumps(dict(schema), sort_keys=True).encode()).hexdigest()


def _without_spelling(recipe: Json) -> Json:
    """What decides answers: not where a server is, nor how the schema or a model's folder is spelt."""
    if not isinstance(recipe, Mapping):
        return recipe
    options, model = recipe.get("options"), recipe.get("model")
    changed: dict[str, Json] = {}
    if isinstance(options, Mapping):
        changed["options"] = {key: value for key, value in options.items() if key not in WHERE}
    if isinstance(model, str) and os.path.isdir(model):
        changed["model"] = os.path.realpath(model)
    return {key: value for key, value in {**recipe, **changed}.items() if key != "schema_name"}


def _change(package: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> str:
    """What became of a plugin's package, for a person."""
    if package not in new:
        return f"{package} {old[package]} is missing"
    if package not in old:
        return f"{package} {new[package]} is new"
    return f"{package} {old[package]} is now {new[package]}"


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "…"
