"""The command line: ``regretlab run | plot | report | index | check | merge | export | list | show``."""

from __future__ import annotations

import errno
import gc
import io
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from experiments.analysis.findings import Findings
    from experiments.analysis.results import Results
    from experiments.run.runner import Outcome
    from experiments.study.model import Study

Draw = Callable[[Path], None]
"""Draws and reports the results in a folder."""

COLLECT = 50_000
"""Objects that are made, and kept, between looks for garbage in cycles."""

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
FOLDERS = click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")


class _Group(click.Group):
    """All commands: asked to end, by Ctrl-C or by a signal, they clear away what they were at, and say what stands."""

    def invoke(self, ctx: click.Context) -> Any:
        from experiments.run.signals import Stopped, stopping

        try:
            with stopping(), _few_collections(), _exits_raised():
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
            by = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            said = getattr(stop, "__notes__", ["no file is half written"])
            click.echo(f"\nstopped by {by}; {'; '.join(said)}", err=True)
            ctx.exit(128 + number)
        except OSError as error:
            if error.errno != errno.ENOSPC or error.filename is not None:
                raise
            raise click.ClickException(f"what this command says cannot be written: {error.strerror}") from None
        except SystemExit as error:  # none of ours: commands end by ctx.exit
            last = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__][-1]
            what = f"{last.filename}:{last.lineno} ended this command by SystemExit({error.code!r})"
            raise click.ClickException(f"{what}; code that a study names must return, or raise another error") from None


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage less often: most that a command makes, modules above all, stays to its end."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _exits_raised() -> Iterator[None]:
    """Have ``os._exit`` raise ``SystemExit``: it would end this command without a word, with a status that may be 0.

    In copies of this process it does what it did. A thread has nobody to raise it to: it says so, and ends all.
    """
    by_force, process, thread = os._exit, os.getpid(), threading.get_ident()

    def leave(status: int) -> NoReturn:
        if os.getpid() != process:
            by_force(status)
        if threading.get_ident() == thread:
            raise SystemExit(status)
        os.write(2, b"Error: a thread of a study's code ended this command by os._exit\n")
        by_force(status or 1)

    os._exit = leave
    try:
        yield
    finally:
        os._exit = by_force


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="regretlab")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Run bandit and online-learning studies and hold their regret curves against the theorems."""
    _search_here_last(always=ctx.invoked_subcommand not in ("run", "show"))
    told = ctx.obj = set[str]()

    def show(message: Warning | str, *about: Any, **more: Any) -> None:
        """Tell each thing once in a command, whatever parts of it are warned of it."""
        if str(message) not in told:
            told.add(str(message))
            click.echo(f"warning: {message}", err=True)

    warnings.showwarning = show


def _search_here_last(always: bool) -> None:
    """Let `my_module:MyPolicy` name a file of this folder, but nothing here take the place of our packages.

    Args:
        always: else where a distribution is installed here, and where a study names a module of this folder
            (``load_study`` sees to that), so that one that names none imports nothing from here.
    """
    here = os.getcwd()
    ours = Path(here) == Path(__file__).parents[1]
    installed = any(any(Path(here).glob(f"*.{kind}-info")) for kind in ("dist", "egg"))
    wanted = always or ours or installed or here in os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*(entry for entry in sys.path if entry not in ("", here)), *([here] if wanted else [])]
    if ours:
        return
    for name in ("bandits", "environments", "experiments", "regretlab"):
        places = [place for place in (Path(f"{name}.py"), Path(name)) if place.is_file() or any(place.glob("*.py"))]
        if places:
            what = f"{places[0]} here is called like a package of regretlab, which is used in its place"
            click.echo(f"warning: {what}; give it another name if a study is to use it", err=True)


@main.command()
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for results; each study has a folder of its own name in it.",
)
@click.option("--jobs", "-j", type=int, default=-1, help="Processes at once; -1 for one a core.")
@click.option(
    "--cluster", metavar="ADDRESS", help="Run on a dask cluster: tcp://host:port, or local:N to try one here."
)
@click.option("--shard", metavar="I/N", default="1/1", help="Only the I-th of N parts, for array jobs; see merge.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change the study: --set experiments.bernoulli.horizon=1000. May be repeated.",
)
@click.option("--replace", is_flag=True, help="Take a folder that holds another study of the same name.")
@click.option("--dry-run", is_flag=True, help="Check the studies and say what would be run.")
@click.option("--plot/--no-plot", default=True, help="Draw the figures and the report at the end.")
def run(
    configs: tuple[str, ...],
    out: Path,
    jobs: int,
    cluster: str | None,
    shard: str,
    changes: tuple[str, ...],
    replace: bool,
    dry_run: bool,
    plot: bool,
) -> None:
    """Run studies: files, or names of shipped ones. What stands in the output folder already is not computed again."""
    if jobs == 0 or jobs < -1:
        raise click.BadParameter(f"must be -1 or at least 1, got {jobs}", param_hint="--jobs")
    part = _shard_of(shard)
    failed = False
    with _drawing(plot and part == (1, 1) and not dry_run, jobs != 1) as draw:
        studies = _checked(configs, changes, None if replace else out, dry_run)
        for study in studies if not dry_run else ():
            try:
                failed |= _run_one(study, out / study.name, jobs, cluster, part, draw, replace)
            except KeyboardInterrupt as stop:
                stop.add_note(f"finished jobs are in {out / study.name}, the same command goes on from there")
                raise
    click.get_current_context().exit(1 if failed else 0)


def _shard_of(text: str) -> tuple[int, int]:
    first, second = map(int, found.groups()) if (found := re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)) else (0, 0)
    if not 1 <= first <= second:
        raise click.BadParameter(f"must be I/N with 1 <= I <= N, got {text!r}", param_hint="--shard")
    return first, second


@main.command()
@FOLDERS
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the gathered results go.")
def merge(folders: tuple[Path, ...], out: Path) -> None:
    """Join the FOLDERs that the shards of one study left. Exit status 1 if jobs are still missing."""
    from experiments.run.merge import merge as join
    from experiments.run.store import DamagedError

    try:
        missing = join(folders, out, lambda text: click.echo(f"warning: {text}", err=True))
    except (ValueError, OSError, DamagedError) as error:
        raise click.ClickException(str(error)) from None
    for line in missing:
        click.echo(f"MISSING {line}", err=True)
    if not missing:
        _draw(out)
    click.get_current_context().exit(1 if missing else 0)


@main.command()
@FOLDER
@click.option("--format", "kind", type=click.Choice(["csv", "parquet", "netcdf", "latex"]), required=True)
@click.option("--out", type=click.Path(path_type=Path), help="Where the files go; default: export/ in the folder.")
def export(folder: Path, kind: str, out: Path | None) -> None:
    """Write the results in FOLDER for other programs, one file an experiment."""
    from experiments.report.export import export as write
    from experiments.run.files import within

    try:
        written = write(_load(folder), out or within(folder, "export"), kind)
        if not written:
            raise click.ClickException(f"{folder} holds no finished experiment to export")
        for path in written:
            click.echo(path)
    except (ImportError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@FOLDER
@click.option("--format", "formats", multiple=True, type=click.Choice(["png", "svg", "pdf"]), help="File format(s).")
@click.option("--regret", default="", help="A regret definition for all figures, in place of the study's choices.")
@click.option("--out", type=click.Path(path_type=Path), help="Where figures go; default: figures/ in the folder.")
def plot(folder: Path, formats: tuple[str, ...], regret: str, out: Path | None) -> None:
    """Draw the figures of the results in FOLDER again."""
    from experiments.report.figures import draw_study
    from experiments.report.style import FORMATS
    from experiments.run.files import within

    try:
        for path in draw_study(_findings(folder), out or within(folder, "figures"), formats or FORMATS, regret):
            click.echo(path)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@FOLDER
def report(folder: Path) -> None:
    """Write the HTML report of the results in FOLDER again."""
    from experiments.report.page import write_report

    try:
        click.echo(write_report(_findings(folder), folder / "report.html"))
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@FOLDERS
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object instead; see docs/check.md.")
def check(folders: tuple[Path, ...], as_json: bool) -> None:
    """Hold the results in each FOLDER against the theorems.

    Says for every bound whether the curve stays under it and grows as it says, for every pair of policies which is
    better, corrected for the number of pairs, and what is missing. Exit status 1 if a theorem whose assumptions hold
    is contradicted, if a result is missing, or if a folder cannot be read.
    """
    import json

    from experiments.analysis import findings

    studies, failed = [], False
    for folder in folders:
        try:
            found = _findings(folder, warn=False)
        except click.ClickException as error:
            failed = True
            studies.append({"folder": str(folder), "error": error.message, "failed": True})
            click.echo(f"Error: {error.message}", err=True)
            continue
        failed |= found.failed
        if as_json:
            studies.append(findings.as_json(found))
        else:
            click.echo("\n".join(findings.as_text(found)))
    if as_json:
        click.echo(json.dumps({"studies": studies, "failed": failed}, indent=1, ensure_ascii=False))
    click.get_current_context().exit(1 if failed else 0)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("results"))
def index(folder: Path) -> None:
    """Write a page FOLDER/index.html about all studies in FOLDER (results, if not given), with links to their reports.

    Exit status 1 if some of them cannot be read; the page names them.
    """
    from experiments.report.index import write_index

    try:
        path, unreadable = write_index(folder)
    except OSError as error:
        raise click.ClickException(str(error)) from None
    click.echo(path)
    for line in unreadable:
        click.echo(f"cannot be read: {line}", err=True)
    click.get_current_context().exit(1 if unreadable else 0)


@main.command(name="list")
@click.argument("kind", type=click.Choice(["all", "environments", "policies", "tools", "studies"]), default="all")
def list_(kind: str) -> None:
    """List what there is, by family: environments, policies, tools and shipped studies, each with a line about it."""
    from experiments.study.catalogue import listing

    for line in listing(kind):
        click.echo(line)


@main.command()
@click.argument("name")
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
def show(name: str, options: tuple[str, ...]) -> None:
    """Explain a policy, an environment, a tool (parameters, source, theorems), a family or a trace, or print a study.

    A family says which parts its parameters name, such as models; these are explained, too.
    Of a trace it says what is understood: format, columns, requests, pages. OPTION=VALUE says how to read it, such as
    format=csv column=id.
    """
    from bandits.arguments import did_you_mean
    from experiments.study.catalogue import description, explanation, names
    from experiments.study.config import find
    from experiments.study.mistakes import ConfigError
    from experiments.study.reading import text_of

    given = dict(map(_option, options))
    if ":" in name:
        _search_here_last(always=True)
    try:
        text = explanation(name)
        if text and given:
            raise click.ClickException(f"{name} is no trace, and takes no options, got {', '.join(options)}")
        text = text or description(name, **given)
    except (ImportError, ValueError, OSError, TypeError) as error:
        raise click.ClickException(str(error)) from None
    try:
        text = text or text_of(find(name))
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    except FileNotFoundError:
        hint = did_you_mean(name, names())
        what = f"no policy, environment, tool, family, part, study or file named {name!r}{hint}"
        raise click.ClickException(what) from None
    click.echo(text)


def _option(text: str) -> tuple[str, str | int | bool]:
    """Name and value of OPTION=VALUE: a whole number, true or false, else the text; backslash and t are a tab."""
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals) or name in ("trace", "name"):
        raise click.BadParameter(f"must be OPTION=VALUE, got {text!r}", param_hint="OPTION")
    if value in ("true", "false"):
        return name, value == "true"
    return name, int(value) if re.fullmatch("-?[0-9]{1,18}", value) else value.replace("\\t", "\t")


def _checked(configs: tuple[str, ...], changes: tuple[str, ...], out: Path | None, dry_run: bool) -> list[Study]:
    """The studies, if all can be run; ``out`` where their folders must hold no others. A dry run says what they are."""
    from environments.downloads import downloads

    with downloads(allowed=not dry_run) as lacking:
        studies = _load_studies(configs, changes)
        if out is not None:
            _check_same_studies(studies, out)
        if dry_run:
            for study in studies:
                _describe(study)
            for what in dict.fromkeys(lacking):
                click.echo(f"not at hand, so that what needs it was not checked: {what}")
    return studies


def _load_studies(configs: tuple[str, ...], changes: tuple[str, ...]) -> list[Study]:
    """All studies, or an error that shows the mistakes of all files."""
    from experiments.study.config import find, load_study
    from experiments.study.mistakes import ConfigError

    studies, mistakes = [], []
    for name in configs:
        try:
            studies.append(load_study(find(name), changes))
        except (ConfigError, OSError) as error:
            mistakes.append(str(error))
    names = [s.name for s in studies]
    mistakes += [f"two of the studies are named {n!r}" for n in sorted(set(names)) if names.count(n) > 1]
    if mistakes:
        raise click.ClickException("\n".join(mistakes))
    return studies


def _describe(study: Study) -> None:
    from experiments.run.jobs import jobs_of

    click.echo(f"{study.name}: {len(jobs_of(study))} jobs")
    for experiment in study.all_experiments():
        size = f"{experiment.horizon} rounds x {experiment.replicates} replicates"
        click.echo(f"  {experiment.name}: {experiment.environment.title}, {size}")
        if experiment.search:
            kept = experiment.replicates - experiment.search.tuning
            click.echo(f"    search: {experiment.search.tuning} replicates choose, {kept} are reported")
        for policy in experiment.policies:
            parameters = ", ".join(f"{k}={v!r}" for k, v in policy.parameters.items())
            click.echo(f"    {policy.title}: {policy.name}({parameters})")


def _check_same_studies(studies: list[Study], out: Path) -> None:
    """See that none of the studies would take the place of another one, before any of them is run."""
    from experiments.run.manifest import check_same_study

    for study in studies:
        try:
            check_same_study(out / study.name, study)
        except FileExistsError as error:
            raise click.ClickException(str(error)) from None


def _run_one(
    study: Study, folder: Path, jobs: int, cluster: str | None, shard: tuple[int, int], draw: Draw, replace: bool
) -> bool:
    """Run, draw and report one study; True if anything failed."""
    from experiments.run.progress import Progress
    from experiments.run.runner import run as run_study

    try:
        with Progress(study.name) as progress:
            note, expect = progress.note, progress.expect
            outcome = run_study(study, folder, jobs, progress.report, note, expect, cluster, shard, replace=replace)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    _summarise(outcome)
    if len(outcome.failed) < len(outcome.done):
        draw(folder)
    return bool(outcome.failed)


def _summarise(outcome: Outcome) -> None:
    for done in outcome.failed:
        click.echo(f"FAILED {done.job.title}\n{done.error}", err=True)
    from experiments.run.runner import distinct

    told: set[str] = click.get_current_context().obj
    for text in distinct(w for done in outcome.done for w in done.warnings):
        if text not in told:
            told.add(text)
            click.echo(f"warning: {text}", err=True)
    counts = {status: sum(d.status == status for d in outcome.done) for status in ("computed", "kept", "failed")}
    click.echo(", ".join(f"{n} {status}" for status, n in counts.items()) + f"; results in {outcome.folder}")
    for done in outcome.failed:
        click.echo(f"failed: {done.job.title}", err=True)


@contextmanager
def _drawing(wanted: bool, aside: bool) -> Iterator[Draw]:
    """What draws at the end of a run, if that is wanted; ``aside`` in a process that loads what it takes meanwhile."""
    if not (wanted and aside):
        yield _draw if wanted else lambda folder: None
        return
    import experiments.study.config  # noqa: F401 - which both need
    from experiments.run.beside import beside

    told: set[str] = click.get_current_context().obj
    with beside(_get_ready, _draw_there) as ask:

        def draw(folder: Path) -> None:
            loaded = "matplotlib" in sys.modules  # by the study: its modules may have set how figures look
            said = None if loaded else ask((folder, told, sys.path))
            if said is None:
                _draw(folder)
                return
            told.update(said[0])
            click.echo(said[1], nl=False, err=True)
            click.echo(said[2], nl=False)

        yield draw


def _get_ready() -> None:
    """Load what ``_draw`` needs: what makes the page loads figures and findings."""
    from experiments.report.page import page

    page("report.html")


def _draw_there(value: tuple[Path, set[str], list[str]]) -> tuple[set[str], str, str]:
    """Draw what is in a folder, where the command has told some warnings and finds modules in these places.

    Returns:
        All warnings that are told by now, and what is to be said on standard error and on standard output.
    """
    folder, known, sys.path[:] = value
    told: set[str] = click.get_current_context().obj
    told.update(known)
    with redirect_stderr(io.StringIO()) as errors, redirect_stdout(io.StringIO()) as output:
        _draw(folder)
    return told, errors.getvalue(), output.getvalue()


def _draw(folder: Path) -> None:
    """Draw and report the results in a folder."""
    from experiments.analysis.search import sentence
    from experiments.report.figures import draw_study
    from experiments.report.page import write_report
    from experiments.run.files import within

    found = _findings(folder)
    try:
        files = draw_study(found, within(folder, "figures"))
        click.echo(f"figures: {' '.join(str(f) for f in files if f.suffix == '.png')} (and .svg, .pdf)")
        click.echo(f"report:  {write_report(found, folder / 'report.html')}")
        for name, search in found.searches.items():
            for label, searched in search.policies.items():
                click.echo(f"search:  {name} · {label}: {sentence(searched)}")
    except (ValueError, OSError) as error:
        raise click.ClickException(f"the results are kept, but drawing failed: {error}") from None


def _findings(folder: Path, warn: bool = True) -> Findings:
    """What the results in a folder say; see ``_load``."""
    from experiments.analysis.findings import findings

    return findings(_load(folder, warn))


def _load(folder: Path, warn: bool = True) -> Results:
    """The results in a folder; a line on standard error, if wished, says that some are missing."""
    from experiments.analysis.results import load
    from experiments.run.store import DamagedError

    try:
        results = load(folder)
    except (OSError, DamagedError) as error:
        raise click.ClickException(str(error)) from None
    missing = sum(len(result.missing) for result in results.experiments.values())
    if missing and warn:
        what = "1 result is" if missing == 1 else f"{missing} results are"
        click.echo(f"warning: {what} missing, the rest is used; `regretlab check {folder}` lists them", err=True)
    return results


if __name__ == "__main__":
    main(prog_name="python -m experiments.cli")
