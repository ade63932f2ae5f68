"""What a run holds: do all values validate, does every quote stand in its document, was anything cut, how long.

python benchmarks/check_run.py RUN PAPERS [PAPERS …]
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from pathlib import Path

from dsx.load import DocumentReader, document_id
from dsx.plugins import load_plugins
from dsx.run.papers import collect
from dsx.schema import nullable, read, to_object, validates
from dsx.schema.values import validator
from dsx.store import read_run


def main() -> int:
    """Prints counts; exits 1 where a promise is broken."""
    run = read_run(Path(sys.argv[1]))
    parameters = read(run.manifest["schema"], run.manifest["schema_name"])
    by_name = {parameter.name: parameter for parameter in parameters.root.all_parameters()}
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders)
    files = {document_id(path): path for path in collect([Path(name) for name in sys.argv[2:]])}
    counts: Counter[str] = Counter()
    for result in run.results():
        path = files[result.document]
        text = reader.read(path).text
        counts["papers"] += 1
        counts["objects that do not validate"] += not validator(nullable(parameters.schema)).is_valid(
            to_object(result, parameters)
        )
        for record in result.records:
            counts["records"] += bool(record.path)
            for key, value in record.values.items():
                counts["parameters"] += 1
                counts[f"status {value.status}"] += 1
                counts["cut"] += any(flag.kind == "truncated" for flag in value.flags)
                if value.value is not None:
                    counts["values that do not validate"] += not validates(by_name[key], value.value)
                    counts["values without a quote that stands in the document"] += value.evidence is None or any(
                        text[quote.start : quote.end] != quote.quote for quote in value.quotes
                    )
    asked = [event for event in run.logs() if event.get("event") == "question"]
    seconds = [event["seconds"] for event in run.logs() if event.get("event") == "paper"]
    passes, tokens = (
        sum(e["forward_passes"] for e in asked),
        sum(e["tokens_sampled"] + e["tokens_forced"] for e in asked),
    )
    model, grammar = sum(e["ms_model"] for e in asked), sum(e["ms_grammar"] for e in asked)
    for name, count in sorted(counts.items()):
        print(f"{count:6}  {name}")
    print(f"{len(asked):6}  questions, {tokens} answer tokens, {sum(e['tokens_forced'] for e in asked)} of them forced")
    print(f"{passes / max(tokens, 1):6.3f}  forward passes an answer token")
    print(f"{grammar / max(model + grammar, 1e-9):6.3f}  share of decode time in grammar and choice")
    print(f"{statistics.median(seconds):6.1f}  seconds a paper, median; {', '.join(f'{s:.0f}' for s in seconds)}")
    return int(any(count and "not validate" in name for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(main())
