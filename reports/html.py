"""The comparison as one HTML file that needs no network and no server: it opens from disk, mailed or archived."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from ..evaluate.paired.arms import Arm, runs_of
from ..evaluate.paired.comparison import Comparison
from ..evaluate.paired.summary import TOTAL
from ..evaluate.runs.run import Run
from ..files import write_atomically
from . import training, verdicts, wording
from .advice import lost_answers, next_steps
from .briefs import best_brief, page_briefs, pair_briefs
from .embedded import embed
from .glossary import GLOSSARY
from .head import facts, interval_places
from .json_report import to_json
from .looks import look_rows, look_sentences
from .manifests import manifest_table
from .outcomes import Stack, stacks
from .ranking import ranked
from .subgroups import group_rows, group_sentence
from .units import unit_of, units

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="4" fill="#0068a8"/>
<path d="M3 11h10M8 3v5" stroke="#fff" stroke-width="1.6"/><circle cx="8" cy="11" r="2.4" fill="#fff"/></svg>"""
"""The page's own sign in the browser's tab."""

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("csv.js", "weights.js", "figures.js", "charts.js", "answers.js", "samples.js", "glossary.js", "page.js")
"""The page's own scripts, in the order in which they run."""


def write_html(comparison: Comparison, runs: Sequence[Run | Arm], path: Path) -> None:
    """Write the page of :func:`to_html`, whole or not at all."""
    write_atomically(path, to_html(comparison, runs))


def to_html(comparison: Comparison, runs: Sequence[Run | Arm]) -> str:
    """Return the page. ``runs`` are those that the comparison was made of, in its order.

    Every text of a model is shown as text: the template escapes, scripts set text and never markup, and the
    page's content security policy admits no script but its own and no connection at all. What has no UTF-8 (lone
    surrogates, in a name or an id) is replaced.
    """
    return _render(comparison, runs, report_scripts()).encode("utf-8", "replace").decode("utf-8")


def task_page(comparison: Comparison, runs: Sequence[Run | Arm], suite: str) -> str:
    """Return the page of a task in a ``suite``, without the :func:`report_scripts`, which the suite's page has."""
    return _render(comparison, runs, (), suite)


def report_scripts() -> tuple[str, ...]:
    """Return the page's scripts in the order in which they run."""
    return (_charting_library(), *(template_text(name) for name in SCRIPTS))


def _render(comparison: Comparison, runs: Sequence[Run | Arm], scripts: Sequence[str], suite: str = "") -> str:
    rows, manifests = embed(comparison, runs), manifest_table(runs_of(runs))
    labels = wording.short_names([*comparison.weights, TOTAL])
    return (
        environment()
        .get_template("report.html.jinja")
        .render(
            comparison=comparison,
            facts=facts(comparison, runs_of(runs)),
            parts=_parts(comparison),
            pairs=[_pair_view(comparison, index, rows.outcomes) for index in range(len(comparison.pairs))],
            view={"stacks": stacks(comparison.models[:1], comparison.primary, rows.outcomes)},
            manifests=manifests,
            briefs=page_briefs(comparison, manifests),
            sampled=all(run.manifest.sampling for run in runs_of(runs)),
            command=_command(comparison, runs),
            data=_script_json(_numbers(comparison) | {"primary": comparison.primary, "labels": labels}),
            labels=labels,
            mixed=_mixed(comparison),
            **_slider_ends(comparison),
            rows=rows,
            style=template_text("report.css"),
            scripts=scripts,
            policy=policy_of(report_scripts()),
            suite=suite,
            icon=base64.b64encode(ICON.encode()).decode(),
        )
    )


def _mixed(comparison: Comparison) -> bool:
    """Return whether the total is something beside a reward: a single reward's is that reward again."""
    return len(comparison.weights) > 1 or comparison.primary == TOTAL


def _parts(comparison: Comparison) -> dict[str, str]:
    """Return the parts of the page and what the links to them say, in their order."""
    pairs, several = comparison.pairs, len(comparison.models) > 2
    present = {
        "changed": ("Changes", bool(pairs)),
        "questions": ("Questions", bool(pairs)),
        "why": ("Why", bool(pairs)),
        "attempts": ("More attempts", any(pair.curves for pair in pairs)),
        "means": ("Means", not pairs),
        "trajectory": ("Trajectory", several),
        "weights": ("Weights", _mixed(comparison)),
        "samples": ("Samples", True),
        "made": ("How it was made", True),
    }
    return {part: label for part, (label, shown) in present.items() if shown}


def environment() -> Environment:
    """Return what renders templates: everything is escaped, and the words of all reports are at hand."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = (wording.number, wording.signed, wording.share, wording.interval, wording.probability, wording.questions)
    environment.filters.update({function.__name__: function for function in (*words, verdicts.confidence)})
    environment.filters["foldable"] = _foldable
    environment.globals.update(doubts=wording.doubts, mismatch=wording.mismatch, verdict_word=verdicts.verdict_word)
    environment.globals.update(best_brief=best_brief, ranked=ranked, stack_rows=_stack_rows, seed_rows=_seed_rows)
    environment.globals.update(evidence=verdicts.evidence)
    environment.globals.update(look_rows=look_rows, look_sentences=look_sentences)
    environment.globals.update(drifted=wording.drifted)
    environment.globals.update(group_rows=group_rows, group_sentence=group_sentence)
    environment.globals.update(narrowing=wording.narrowing, noise_floor=wording.noise_floor)
    environment.globals.update(lost_answers=lost_answers, next_steps=next_steps, interval_places=interval_places)
    environment.globals.update(alarm=wording.alarm, medians=wording.medians, repetition=wording.repetition)
    environment.globals.update(notes=wording.notes, glossary=GLOSSARY, term_id=_term_id)
    environment.globals.update(claim=training.claim, origins=training.origins, best_of=training.best_of)
    environment.globals.update(multiplicity=verdicts.multiplicity, over_models=verdicts.over_models)
    environment.globals.update(training=verdicts.training, unit_of=unit_of)
    return environment


def _term_id(name: str) -> str:
    """Return the id of a term's meaning on the page."""
    return "term-" + re.sub(r"\W+", "-", name)


def _foldable(name: str) -> Markup:
    """Let a reward's name be folded where its parameters begin, and between them."""
    from markupsafe import Markup, escape

    parts = re.split(r"(?<=[(,])|(?==)", name)
    return Markup("<wbr>").join(map(escape, parts))


def template_text(name: str) -> str:
    """Return a template as it is written: a style or a script."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _charting_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, as vl-convert carries them."""
    from vl_convert import javascript_bundle

    return str(javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def policy_of(scripts: Sequence[str]) -> str:
    """Return a content security policy that admits these scripts by their hashes and nothing from anywhere."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    own = f"script-src {allowed}; style-src 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _script_json(value: object) -> str:
    """Return JSON that can stand inside a script element: nothing in it ends the element or opens another."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _numbers(comparison: Comparison) -> dict[str, Any]:
    """Return what the page's scripts read: all but the lists of questions, which stand in the index of the samples."""
    numbers = to_json(comparison)
    for pair in numbers["pairs"]:
        del pair["changes"], pair["suspects"]
    return numbers


def _slider_ends(comparison: Comparison) -> dict[str, float]:
    """Return the ends of the weights' sliders: twice the largest weight, below zero where one is."""
    highest = 2 * max(1.0, *map(abs, comparison.weights.values()))
    return {"lowest": -highest if min(comparison.weights.values()) < 0 else 0.0, "highest": highest}


def _pair_view(comparison: Comparison, index: int, outcomes: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Return what the template shows of a pair, looked up once."""
    pair = comparison.pairs[index]
    base, tuned = comparison.model(pair.base), comparison.model(pair.tuned)
    rows = [(name, difference, base.rows()[name], tuned.rows()[name]) for name, difference in pair.rows().items()]
    rows = rows if _mixed(comparison) else rows[:-1]
    behaviour = wording.behaviour_rows(pair, base, tuned)
    unit, bars = units(pair), stacks((base, tuned), pair.primary, outcomes)
    seeds = training.seed_changes(pair, comparison, unit[pair.primary])
    briefs = pair_briefs(pair, unit, behaviour, seeds)
    view = {"pair": pair, "base": base, "tuned": tuned, "rows": rows, "behaviour": behaviour, "briefs": briefs}
    return {**view, "units": unit, "seeds": _dots(seeds), "bar": interval_places(pair.gain), "stacks": bars}


def _seed_rows(seeds: Sequence[tuple[training.SeedChange, float | None]]) -> list[list[str | float | None]]:
    """Return the seeds as a table for a CSV file."""
    return [["model", "seed", "change"], *([one.model, one.seed, one.change] for one, _ in seeds)]


def _stack_rows(bars: Mapping[str, Sequence[Stack]]) -> list[list[str | int]]:
    """Return the completions by metric, model and outcome as a table for a CSV file."""
    rows: list[list[str | int]] = [["metric", "model", "outcome", "completions"]]
    for name, stacked in bars.items():
        rows += [[name, bar.model, part.label, part.completions] for bar in stacked for part in bar.slices]
    return rows


def _dots(seeds: Sequence[training.SeedChange]) -> list[tuple[training.SeedChange, float | None]]:
    """Return each seed with the place of its dot, in percent of the width; no change is in the middle."""
    furthest = max((abs(one.change) for one in seeds if one.change is not None), default=0.0) or 1.0
    return [(one, None if one.change is None else 50 + 46 * one.change / furthest) for one in seeds]


def _command(comparison: Comparison, runs: Sequence[Run | Arm]) -> str:
    """Return what makes the report again; of logs what made their runs, whose directories may be gone with it."""
    first = runs[0]
    if isinstance(first, Run) and first.manifest.engine.get("kind") == "log":
        return first.manifest.command
    sides = [f"{run.name}={','.join(run.labels)}" if isinstance(run, Arm) else run.path.name for run in runs]
    tool = "grpo-eval compare" if any(isinstance(run, Arm) for run in runs) else "grpo-report"
    options = " ".join(f"--margin {quote(margin)}" for margin in comparison.margins.options)
    return f"{tool} {' '.join(map(quote, sides))} {options} --html report.html"
