"""`dsx slurm`: extraction as a Slurm job."""

from __future__ import annotations

import click

from dsx.cli.extract import pairs
from dsx.terminal import say


@click.group("slurm")
def command() -> None:
    """Extraction as a Slurm job."""


class _ArgumentsAfterDashes(click.Command):
    """Options of `dsx extract` that stand before -- are told from mistakes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from dsx.cli.extract import command as extract

        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as problem:
            name = problem.option_name
            if not any(name in parameter.opts for parameter in extract.params):
                raise
            raise click.UsageError(
                f"what dsx extract takes stands after --: dsx slurm submit … -- {name} …", ctx
            ) from None


def _switches_or_pairs(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    return {name.lstrip("-"): value for name, _, value in (text.partition("=") for text in texts)}


@command.command(
    "submit",
    cls=_ArgumentsAfterDashes,
    epilog="dsx slurm submit --array 0-3 -- --schema schemas/motor.json --model /models/M papers/",
)
@click.option("--print", "only_print", is_flag=True, help="Print the script instead of submitting it.")
@click.option("--gpus", type=click.IntRange(0), help="GPUs of a job [default: 2].")
@click.option("--time", "limit", help="Time limit of a job, as sbatch takes it [default: 12:00:00].")
@click.option("--array", help="Share the papers over tasks, e.g. 0-3.")
@click.option("--partition", help="As sbatch takes it.")
@click.option("--account", help="As sbatch takes it.")
@click.option(
    "--sbatch",
    "sbatch_options",
    multiple=True,
    callback=_switches_or_pairs,
    metavar="NAME[=VALUE]",
    help="Another option of sbatch.",
)
@click.option("--set", "settings", multiple=True, callback=pairs, metavar="KEY=VALUE", help="A setting of the script.")
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def submit(
    only_print: bool,
    gpus: int | None,
    limit: str | None,
    array: str | None,
    partition: str | None,
    account: str | None,
    sbatch_options: dict[str, str],
    settings: dict[str, str],
    arguments: tuple[str, ...],
) -> int:
    """Submit `dsx extract ARGUMENTS` (after --) by slurm/extract.sbatch."""
    import shlex
    import shutil
    import sys
    from pathlib import Path

    from dsx.cli.extract import parse
    from dsx.engines.local.model_files import RECOMMENDED
    from dsx.errors import UsageError
    from dsx.plugins import load_plugins
    from dsx.run import slurm
    from dsx.run.preflight import check_run, default_model, names_no_model

    typed, plugins = parse(list(arguments)), load_plugins()
    if names_no_model(typed.recipe, plugins):
        raise UsageError(
            f"no --model: the job would run the small embedded model; write: dsx slurm submit … -- "
            f"{shlex.join(arguments)} --model {RECOMMENDED}"
        )
    for finding in check_run(typed.papers, typed.recipe, typed.run, plugins, call=typed.call, gpus=0):
        if finding.ok is False and finding.what in ("schema", "papers", "run"):
            raise UsageError(finding.text)
    if default := default_model(typed.recipe, plugins):
        say(f"no --model given: the job runs {default}; for real work --model {RECOMMENDED}", err=True)
    gres = None if gpus is None else f"gpu:{gpus}"
    named = {"gres": gres, "time": limit, "array": array, "partition": partition, "account": account}
    options = {name: value for name, value in named.items() if value is not None} | sbatch_options
    executable = shutil.which("dsx", path=Path(sys.executable).parent) or shutil.which("dsx")
    defaults = {"DSX": executable} if executable else {}
    defaults |= {"RUN": str(typed.run)} if typed.run else {}
    text = slurm.script(arguments, {**defaults, **settings}, options)
    if only_print:
        click.echo(text, nl=False)
        return 0
    job = slurm.submit(text)
    click.echo(job)
    log = f"{options.get('job-name', 'dsx')}-{job}{'_*' if 'array' in options else ''}.log"
    say(f"submitted as job {job}; its log is {options.get('output', f'{log} here')}", err=True)
    return 0
