"""Results as objects of Python: numbers, tables, figures, verdicts."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import did_you_mean, one_of, real
from bandits.contract import Array, Bound
from experiments.analysis import results as stored
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.findings import Findings, as_text, views
from experiments.analysis.findings import findings as find
from experiments.analysis.sentences import sentence, study_sentence, sweep_sentence
from experiments.analysis.statistics import Interval, mean_band
from experiments.analysis.sweeps import SweepResult
from experiments.analysis.verdicts import Verdict, bounds_for
from experiments.study.config import as_yaml
from experiments.study.model import Figure
from experiments.study.validation import mistakes_in, path_text

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes

Quantity = Literal["regret", "cost", "reward"]
Scale = Literal["auto", "linear", "loglog", "semilogx", "semilogy"]
Bounds = Literal["auto", "curves", "strip", "both", "none"]
Labels = Literal["lines", "legend", "none"]

MOST = 12
"""Figures of a study that a notebook shows, at most."""


class Check(Sequence[Verdict]):
    """What the data say of the theorems: a verdict on every upper bound of every curve, and who beats whom.

    It prints as ``regretlab check`` does, and counts as a sequence of verdicts.

    Attributes:
        found: all that was found.
    """

    def __init__(self, found: Findings) -> None:
        self.found = found

    @property
    def failed(self) -> bool:
        """Whether a theorem is contradicted whose assumptions hold, or a result is missing."""
        return self.found.failed

    @property
    def _verdicts(self) -> tuple[Verdict, ...]:
        return (*self.found.verdicts, *self.found.sweeps)

    @overload
    def __getitem__(self, place: int) -> Verdict: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Verdict]: ...

    def __getitem__(self, place: int | slice) -> Verdict | Sequence[Verdict]:
        return self._verdicts[place]

    def __len__(self) -> int:
        return len(self._verdicts)

    def __repr__(self) -> str:
        return "\n".join(as_text(self.found))


class Result:
    """What came out of one experiment: an environment and the policies that played it.

    A regret definition is given by its name, one of ``regrets``; empty, it is the environment's default, the first.

    Attributes:
        name: the experiment's name.
        title: its title, or its name.
        policies: labels of the policies.
        times: [n_times] rounds at which curves are recorded, the last one the horizon.
        regrets: names of the regret definitions.
        curves: the experiment's curves as they are stored.
    """

    def __init__(self, results: Results, name: str) -> None:
        self._results = results
        self.curves: ExperimentResult = results.stored.experiments[name]
        self.name, self.title = name, self.curves.experiment.title or name
        self.policies: tuple[str, ...] = tuple(self.curves.series)
        self.times: NDArray[np.int64] = self.curves.times
        self.regrets: tuple[str, ...] = tuple(definition.name for definition in self.curves.regrets)

    def regret(self, policy: str, regret: str = "") -> Array:
        """Cumulative regret [n_replicates, n_times] of a policy at ``times``.

        Raises:
            ValueError: no such policy or regret definition; the message gives the nearest.
        """
        self._check_known(policy)
        return self.curves.regret(policy, regret)

    def _check_known(self, policy: str) -> None:
        if policy not in self.policies:
            hint = f"{did_you_mean(policy, self.policies)}; there are {', '.join(self.policies)}"
            raise ValueError(f"{self.name} has no policy {policy!r}{hint}")

    def value(self, policy: str, at: float | None = None, regret: str = "") -> float:
        """Mean regret over the replicates at a time: exact at ``times``, on a straight line between them.

        Args:
            policy: its label.
            at: a time in 1..horizon; the horizon where None.
            regret: name of a regret definition.

        Raises:
            ValueError: no such policy, time or regret definition.
        """
        return float(self._at(policy, at, regret).mean())

    def interval(self, policy: str, at: float | None = None, regret: str = "") -> Interval:
        """The mean as in ``value``, with its bootstrap interval of the study's confidence; NaN with one replicate.

        The interval is typical: it knows nothing of rare failures that no replicate shows. See ``guaranteed``. Of a
        probability it is that of Clopper and Pearson, which does.
        """
        samples = self._at(policy, at, regret)[:, None]
        band = mean_band(samples, self._confidence, self.curves.tells_of_events(policy, regret))
        return Interval(float(band.mean[0]), float(band.low[0]), float(band.high[0]))

    def guaranteed(self, policy: str, regret: str = "") -> Interval:
        """Mean regret at the horizon with its guaranteed interval of the study's confidence.

        The interval needs nothing but the limits of any play's regret; an end is infinite where these are not known.

        Raises:
            ValueError: no such policy or regret definition.
        """
        self._check_known(policy)
        return self.curves.guaranteed(policy, self._confidence, regret)

    def _at(self, policy: str, at: float | None, regret: str) -> Array:
        """The regret [n_replicates] at a time."""
        samples = self.regret(policy, regret)
        first, last = int(self.times[0]), int(self.times[-1])
        time = last if at is None else real("at", at, first, last, closed="both")
        after = int(np.searchsorted(self.times, time))
        if self.times[after] == time:
            return samples[:, after]
        share = (time - self.times[after - 1]) / (self.times[after] - self.times[after - 1])
        return np.asarray(samples[:, after - 1] + share * (samples[:, after] - samples[:, after - 1]))

    def bounds(self, policy: str, regret: str = "") -> list[Bound]:
        """The policy's theorems that speak of this regret, as means over the replicates."""
        self._check_known(policy)
        return bounds_for(self.curves, policy, regret)

    def frame(self, regret: str = "") -> pandas.DataFrame:
        """A row for each policy, replicate and time: see ``experiments.report.export.frame``. Needs pandas."""
        from experiments.report.export import frame

        return frame(self.curves, regret)

    def xarray(self) -> xarray.Dataset:
        """All curves with their dimensions: see ``experiments.report.export.dataset``. Needs xarray."""
        from experiments.report.export import dataset

        return dataset(self.curves)

    def table(self, regret: str = "") -> list[dict[str, Any]]:
        """A row for each policy, lowest final regret first: see ``experiments.report.tables.table``."""
        from experiments.report.tables import table

        return table(self.curves, self._confidence, regret)

    def latex(self, regret: str = "") -> str:
        """The table of final regrets for LaTeX: see ``experiments.report.tables.latex``."""
        from experiments.report.tables import latex

        return latex(self.curves, self._confidence, regret)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        regret: str = "",
        quantity: Quantity = "regret",
        policies: Sequence[str] = (),
        only: Sequence[str] = (),
        comparators: Sequence[str] = (),
        scale: Scale = "auto",
        title: str = "",
        bounds: Bounds = "auto",
        labels: Labels = "lines",
        order: Sequence[str] = (),
        names: Mapping[str, str] | None = None,
        colours: Sequence[Any] | Mapping[str, Any] = (),
        width: float | str | None = None,
        height: float | str | None = None,
        font: float | str | Mapping[str, Any] | None = None,
        grid: bool | None = None,
        style: str = "",
    ) -> Axes:
        """Draw the curves with their bands and bounds, and beside or below them the theorem strip.

        What the settings of matplotlib (``rcParams``) say stands; what they leave as matplotlib has it is ours. The
        keys of a figure in a study file have the same names and values.

        Args:
            ax: where to draw, in the style that is set, its figure's layout left alone; None for a figure of its own.
            regret: name of a regret definition.
            quantity: "cost" or "reward", cumulative, with comparators, in place of regret; one is minus the other.
            policies: labels of those to draw; all where empty.
            only: another word for ``policies``.
            comparators: with "cost" or "reward", those to draw; all where empty.
            scale: of the axes; "auto": log-log where everything is positive and the ends differ much.
            title: above the axes; the experiment's where empty.
            bounds: "curves", in the "strip", "both", "none"; "auto": in the strip, and as curves where they do not
                squash those of the policies. On axes of yours there is no strip.
            labels: names at the ends of the "lines", in a "legend", or "none".
            order: labels of policies, those to be named first; the others follow, lowest first.
            names: policy label to what is shown in its place.
            colours: a list of colours that matplotlib understands, or a mapping from labels to colours.
            width: of a figure of its own: millimetres, or text with a unit such as "3.35 in".
            height: likewise.
            font: of a figure of its own: a size in points, a family, or ``{"family": ..., "size": ...}``.
            grid: whether a figure of its own has lines behind the curves.
            style: of a figure of its own: the name or the file of a style of matplotlib.

        Returns:
            The axes; ``ax.figure.savefig`` writes them to a file.

        Raises:
            ValueError: no such regret definition, policy, comparator or style, or another value that cannot be.
        """
        from matplotlib.axes import Axes

        from experiments.report.curves import draw_experiment
        from experiments.report.figures import compose, places_of_views
        from experiments.report.style import lend_glyphs
        from experiments.report.style import style as in_style

        one_of("quantity", quantity, get_args(Quantity))
        if len(policies) and len(only):
            raise ValueError("only is another word for policies: give one of them")
        given = {"policies": policies, "only": only, "comparators": comparators, "order": order}
        for key, labelled in given.items():
            if isinstance(labelled, str):
                raise ValueError(f"{key} must be a list of labels, got the text {labelled!r}: write [{labelled!r}]")
        look = _look(
            name=self.name,
            experiment=self.name,
            regret=regret,
            quantity=quantity,
            scale=scale,
            title=title,
            bounds=bounds,
            labels=labels,
            names={} if names is None else dict(names) if isinstance(names, Mapping) else names,
            colours=dict(colours) if isinstance(colours, Mapping) else colours,
            width=width,
            height=height,
            font={} if font is None else font,
            grid=grid,
            style=style,
            policies=list(policies or only),
            comparators=list(comparators),
            order=list(order),
        )
        for label in (*look.policies, *(label for each in look.labels_named().values() for label in each)):
            self._check_known(label)
        places = places_of_views(views(self._results.stored))
        if ax is not None:
            if not isinstance(ax, Axes) or ax.name != "rectilinear":
                what = f"got {type(ax).__name__}: give one of them, no polar or 3d ones"
                raise ValueError(f"ax must be one pair of axes of matplotlib, {what}")
            for key in ("width", "height", "font", "grid", "style"):
                if getattr(look, key) != Figure.model_fields[key].default:
                    raise ValueError(f"{key} is of a figure of its own: with ax, set it on your figure and its axes")
            draw_experiment(ax, self.curves, self._confidence, figure=look, places=places)
            text = ax.get_title(loc="left")
            ax.set_title("", loc="left")
            ax.set_title(text)  # where a title of the user's goes
            lend_glyphs(ax)
            return ax
        import matplotlib
        from matplotlib import pyplot

        pyplot.switch_backend(matplotlib.get_backend())  # whose settings, in a notebook, are not to be undone with ours
        with in_style(look):
            figure = pyplot.figure(layout="constrained")
            try:
                (made,) = compose(figure, [(look, self.curves)], self._confidence, places)
            except BaseException:
                pyplot.close(figure)
                raise
        return made

    def check(self) -> Check:
        """Hold every curve against its theorems, and the policies against one another."""
        return Check(_of_experiment(self._results.check().found, self.name))

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write an HTML page, all in one file, about the study that the experiment is of."""
        return self._results.report(path)

    def study(self) -> str:
        """The study as the text of a study file: ``run`` makes the same numbers of it, and ``regretlab run``.

        The command finds classes of modules alone, not those of a script, a notebook or a function.
        """
        return self._results.study()

    @property
    def _confidence(self) -> float:
        return self._results.stored.study.confidence

    def __repr__(self) -> str:
        if not self.curves.ready:
            return f"{self.title}: no result yet; {len(self.curves.missing)} missing"
        missing = f" Missing: {len(self.curves.missing)} results." if self.curves.missing else ""
        return f"{self.title}. {sentence(self.curves, self._results.check().found)}{missing}"

    def _repr_html_(self) -> str:
        if not self.curves.ready:
            return f"<p>{html.escape(repr(self))}</p>"
        from experiments.report.figures import svg_of

        return f"<p>{html.escape(repr(self))}</p>{self._html_table()}{svg_of(self.curves, self._confidence)}"

    def _html_table(self) -> str:
        """Final regrets with their intervals, and what the theorems allow."""
        definition, rows = self.curves.definition(), []
        for row in self.table():
            bounds = [
                float(bound.curve(self.times[-1:].astype(float))[0])
                for bound in self.bounds(row["policy"])
                if bound.holds
            ]
            cells = (
                row["policy"],
                f"{row['regret']:.4g}",
                "" if row["low"] is None else f"{row['low']:.4g} to {row['high']:.4g}",
                f"{sure.low:.4g} to {sure.high:.4g}" if (sure := self.guaranteed(row["policy"])).finite else "",
                f"{min(bounds):.4g}" if bounds else "",
            )
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
        typical, certain = (f"{what} {100 * self._confidence:g} % interval" for what in ("typical", "guaranteed"))
        head = "".join(
            f"<th>{html.escape(text)}</th>"
            for text in ("policy", f"{definition.label} ({definition.unit})", typical, certain, "bound")
        )
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


class Results(Mapping[str, Result]):
    """What came out of a study: experiment name to its ``Result``.

    Attributes:
        stored: the results as they are stored.
    """

    def __init__(self, results: stored.Results) -> None:
        self.stored = results
        self._made = {name: Result(self, name) for name in results.experiments}

    def __getitem__(self, name: str) -> Result:
        if name not in self._made:
            hint = f"{did_you_mean(name, self._made)}; there are {', '.join(self._made)}"
            raise KeyError(f"{self.stored.study.name} has no experiment {name!r}{hint}")
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    @cached_property
    def findings(self) -> Findings:
        """All that can be said of the study, each thing worked out once."""
        return find(self.stored)

    def check(self) -> Check:
        """Hold every curve against its theorems, and the policies of each experiment against one another."""
        return Check(self.findings)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write an HTML page, all in one file: figures, tables, verdicts.

        Raises:
            OSError: it cannot be written.
        """
        from experiments.report.page import write_report

        return write_report(self.findings, Path(path))

    def plot(self, folder: str | os.PathLike[str], formats: Sequence[str] = ("png",), regret: str = "") -> list[Path]:
        """Draw the study's figures into files.

        Args:
            folder: where they go; made if need be.
            formats: of "png", "svg", "pdf".
            regret: name of a regret definition, in place of the figures' own.

        Returns:
            The files, the overview of all figures first.

        Raises:
            ValueError: an experiment lacks the regret definition, or there is nothing to draw.
            OSError: a file cannot be written.
        """
        from experiments.report.figures import draw_study

        return draw_study(self.findings, Path(folder), formats, regret)

    def frame(self, regret: str = "") -> pandas.DataFrame:
        """As ``Result.frame``, of all experiments, with a column for their names."""
        from experiments.report.export import frame

        return frame(self.stored, regret)

    def table(self, regret: str = "") -> list[dict[str, Any]]:
        """A row for each experiment and policy: see ``experiments.report.tables.joint_table``."""
        from experiments.report.tables import joint_table

        return joint_table(self.stored, regret)

    def latex(self, regret: str = "") -> str:
        """One table of all experiments for LaTeX: see ``experiments.report.tables.joint_latex``."""
        from experiments.report.tables import joint_latex

        return joint_latex(self.stored, regret)

    def study(self) -> str:
        """The study as the text of a study file; see ``Result.study``."""
        return as_yaml(self.stored.study)

    def __repr__(self) -> str:
        study = self.stored.study
        missing = f" Missing: {len(self.findings.missing)} results." if self.findings.missing else ""
        return f"{study.title or study.name}. {study_sentence(self.findings)}{missing}"

    def _repr_html_(self) -> str:
        from experiments.report.figures import places_in, svg_of

        places = places_in(self.findings)
        parts = [f"<p>{html.escape(repr(self))}</p>"]
        for figure, shown in self.findings.views[:MOST]:
            if isinstance(shown, SweepResult):
                text = sweep_sentence(shown, self.findings)
            else:
                text = sentence(shown, self.findings, figure)
            parts.append(f"{svg_of(shown, self.stored.study.confidence, figure, places)}<p>{html.escape(text)}</p>")
        if (left := len(self.findings.views) - MOST) > 0:
            parts.append(f"<p>{left} more figures: plot(folder) draws all.</p>")
        return "".join(parts)


def _look(**given: Any) -> Figure:
    """A figure of these keys.

    Raises:
        ValueError: one of them cannot be.
    """
    for where, text in mistakes_in(Figure, given):
        raise ValueError(f"{path_text(where)} {text}")
    return Figure(**given)


def load(folder: str | os.PathLike[str]) -> Results:
    """Read what ``run``, ``compare`` or ``regretlab run`` left in a folder.

    Raises:
        FileNotFoundError: no results in ``folder``.
        DamagedError: they cannot be read; a ``ValueError``.
    """
    return Results(stored.load(Path(folder)))


def check(results: str | os.PathLike[str] | Result | Results) -> Check:
    """Hold results, or those in a folder, against the theorems: as ``regretlab check``."""
    return (results if isinstance(results, Result | Results) else load(results)).check()


def _of_experiment(found: Findings, name: str) -> Findings:
    """What was found of one experiment."""
    return replace(
        found,
        verdicts=tuple(v for v in found.verdicts if v.experiment == name),
        sweeps=(),
        comparisons={n: pairs for n, pairs in found.comparisons.items() if n == name},
        unbounded=tuple(pair for pair in found.unbounded if pair[0] == name),
        missing=tuple(line for line in found.missing if line.startswith(f"{name}: ")),
    )
