"""What the reader is asked: short, for it was trained on these words and needs no examples."""

from __future__ import annotations

from dataclasses import replace

from dsx.plugin_api import default_prompts

SYSTEM = "Fill in the table from the paper. Answer null where the paper does not report it."
PARAMETERS = """\
{% for parameter in parameters -%}
{%- set items = parameter.schema.get("items", parameter.schema) -%}
{%- set kind = "choice" if items.get("enum") else items.get("type", "value") -%}
{%- if record %}{{ record }}: {% endif -%}
{{ parameter.name }} ({{ "list of " if parameter.schema.get("type") == "array" }}{{ kind -}}
{%- if parameter.unit %}, {{ parameter.unit }}{% endif %})
{{ parameter.description }}
{%- if parameter.synonyms %} Also: {{ parameter.synonyms | join(", ") }}.{% endif %}
{%- for choice in parameter.choices %}
- {{ choice.value | tojson }}{% if choice.description %}: {{ choice.description }}{% endif %}
{%- endfor %}
{%- endfor %}"""
RECORDS = """\
{% if record %}{{ record }}: {% endif %}list of {{ name }}{% if after %} after {{ after }}{% endif %}
{{ description }}"""
READER = replace(
    default_prompts(),
    system=SYSTEM,
    parameters=PARAMETERS,
    records=RECORDS,
    example_paper="",
    examples=(),
    description="for dsx-reader, which was trained on it",
)
