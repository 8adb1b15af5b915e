"""The page of a chat, in Gradio: a talk with all models side by side, each answer with its rewards and reasons."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from html import escape
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import GrpokitError
from ...evaluate.types import Sampling
from . import shown, tally
from .chat import NEITHER, TIE, Answer, Chat, ChatError, Question, Turn
from .votes import Exchange, Votes

if TYPE_CHECKING:
    import gradio

REFRESH_S = 0.08
"""Time between two pictures of the growing answers: more would only queue up in the browser."""

STYLE = Path(__file__).parents[1] / "templates" / "chat.css"


class Controls(NamedTuple):
    """The components that say what is asked and how, in the order in which events pass their values."""

    system: gradio.Textbox
    prompt: gradio.Textbox
    reference: gradio.Textbox
    temperature: gradio.Slider
    top_p: gradio.Slider
    max_new_tokens: gradio.Number
    seed: gradio.Number


class Talk(NamedTuple):
    """The turns so far, and which model stands at each place of the page: shuffled where the names are hidden."""

    turns: tuple[Turn, ...]
    order: tuple[int, ...]

    @classmethod
    def begin(cls, count: int, *, blind: bool) -> Talk:
        """Return a talk of no turn."""
        order = list(range(count))
        if blind:
            random.SystemRandom().shuffle(order)  # no seed of this program's decides which answer is whose
        return cls((), tuple(order))


class Answers(NamedTuple):
    """The components of all places, in the order of the page: earlier turns, text, maths, rewards."""

    earlier: list[gradio.HTML]
    boxes: list[gradio.Textbox]
    maths: list[gradio.Markdown]
    notes: list[gradio.HTML]


def check_gradio() -> None:
    """Raise :class:`ChatError` where Gradio is not installed, before anything is loaded."""
    if find_spec("gradio") is None:
        raise ChatError("the page needs Gradio, which is not installed: pip install 'grpokit[app]'.")


def build_page(chat: Chat, votes: Votes | None = None, *, blind: bool = False) -> gradio.Blocks:
    """Return the page; without ``votes`` it has no vote. What a model wrote is shown as text, never as markup.

    With ``blind`` the names are hidden, and the places shuffled, until a vote is given; a vote ends the talk.
    """
    check_gradio()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    import gradio as gr

    page: gradio.Blocks
    title = f"{len(chat.names)} models, names hidden" if blind else " · ".join(chat.names)
    with gr.Blocks(title=title, analytics_enabled=False) as page:
        gr.HTML(f"<h1>{escape(title)}</h1><p>Answers side by side, scored by {escape(', '.join(chat.mix.names))}.</p>")
        with gr.Tab("Talk"):
            _talk(gr, chat, votes, blind=blind)
        if votes is not None:
            with gr.Tab("Votes") as tab:
                standing = gr.HTML("", elem_id="tally")
            tab.select(lambda: tally.shown(votes.path), None, standing, api_name=False, show_progress="hidden")
    return page


def _talk(gr: Any, chat: Chat, votes: Votes | None, *, blind: bool) -> None:
    """Lay out the talk and say what its buttons do."""
    controls, ask, stop, anew = _question(gr, chat)
    answers = _answers(gr, places(chat, blind=blind))
    last, talk = gr.State(None), gr.State(Talk.begin(len(chat.names), blind=blind))
    buttons, thanks = _vote(gr, places(chat, blind=blind), votes)
    outputs = [*answers.earlier, *answers.boxes, *answers.maths, *answers.notes, last, talk, *buttons, thanks]
    asked = gr.on(
        [ask.click, controls.prompt.submit],
        _asker(gr, chat, len(buttons)),
        [talk, *controls],
        outputs,
        api_name="ask",
        show_progress="hidden",
    )
    stopped = stop.click(None, cancels=[asked])
    stopped.then(_stopper(answers.notes), answers.notes, answers.notes, api_name=False, show_progress="hidden")
    quiet = {"api_name": False, "show_progress": "hidden"}
    anew.click(_beginner(gr, chat, len(buttons), blind=blind), None, outputs, cancels=[asked], **quiet)
    for button, place in zip(buttons, [*range(len(chat.names)), TIE, NEITHER], strict=False):
        voter = _voter(gr, chat, votes, place, len(buttons), blind=blind)
        button.click(voter, [last, talk], [talk, *buttons, thanks], api_name=False)


def places(chat: Chat, *, blind: bool) -> list[str]:
    """Return what stands above each answer: the models' names, or letters."""
    return [chr(ord("A") + place) for place in range(len(chat.names))] if blind else chat.names


def look() -> dict[str, Any]:
    """Return what ``launch`` needs to look the same without a network: the theme asks no server for fonts."""
    import gradio as gr

    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    theme = gr.themes.Base(
        primary_hue="blue", neutral_hue="slate", radius_size="md", font=fonts, font_mono=["ui-monospace", "monospace"]
    ).set(  # the theme's own shades are too pale to read: below a contrast of 4.5
        body_text_color_subdued="*neutral_500",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
    )
    return {"theme": theme, "css": STYLE.read_text(encoding="utf-8"), "footer_links": [], "ssr_mode": False}


def _question(gr: Any, chat: Chat) -> tuple[Controls, Any, Any, Any]:
    first = chat.examples[0] if chat.examples else Question("", "")
    with gr.Row():
        prompt = gr.Textbox(label="Prompt", lines=3, max_lines=12, scale=3, min_width=280, elem_id="prompt")
        reference = gr.Textbox(
            label="Reference (optional)",
            info="The right answer, for rewards that compare.",
            scale=1,
            elem_id="reference",
        )
    with gr.Row(elem_id="actions"):
        ask = gr.Button("Ask", variant="primary", min_width=120, elem_id="ask")
        stop = gr.Button("Stop", min_width=120, elem_id="stop")
        anew = gr.Button("New talk", min_width=120, elem_id="anew")
    with gr.Accordion("Settings", open=False):
        system = gr.Textbox(first.system, label="System message", lines=2, max_lines=8, elem_id="system")
        with gr.Row():
            controls = Controls(system, prompt, reference, *_sampling_controls(gr, chat.sampling))
    if chat.examples:
        _examples(gr, chat, controls)
    return controls, ask, stop, anew


def _sampling_controls(gr: Any, sampling: Sampling) -> list[Any]:
    hint = "0 always takes the likeliest token."
    return [
        gr.Slider(0, max(2.0, sampling.temperature), sampling.temperature, step=0.05, label="Temperature", info=hint),
        gr.Slider(0.05, 1, sampling.top_p, step=0.05, label="Top-p"),
        gr.Number(sampling.max_new_tokens, label="Max new tokens", precision=0),
        gr.Number(sampling.seed, label="Seed", precision=0, info="The same seed gives the same answers."),
    ]


def _examples(gr: Any, chat: Chat, controls: Controls) -> None:
    chosen = gr.Dataset(
        label="Examples",
        components=[gr.Textbox(visible=False)],
        samples=[[example.prompt] for example in chat.examples],
        type="index",
        elem_id="examples",
    )
    filled = [controls.system, controls.prompt, controls.reference]
    chosen.click(lambda index: list(chat.examples[index]), chosen, filled, api_name=False, show_progress="hidden")


def _answers(gr: Any, names: Sequence[str]) -> Answers:
    answers = Answers([], [], [], [])
    formulas = [{"left": left, "right": right, "display": display} for left, right, display in shown.MATHS]
    with gr.Row(elem_id="answers"):
        for name in names:
            with gr.Column(min_width=280):
                answers.earlier.append(gr.HTML("", elem_classes=["earlier"]))
                box = gr.Textbox(label=name, lines=6, max_lines=24, interactive=False, elem_classes=["answer"])
                answers.boxes.append(box)
                rendered = gr.Markdown("", latex_delimiters=formulas, visible=False, elem_classes=["maths"])
                answers.maths.append(rendered)
                answers.notes.append(gr.HTML("", elem_classes=["rewards"]))
    return answers


def _vote(gr: Any, names: Sequence[str], votes: Votes | None) -> tuple[list[Any], Any]:
    """Return one button per choice, none without a file for votes, and the line that says thanks."""
    with gr.Row(elem_id="vote", visible=votes is not None):
        labels = [*(f"{name} is better" for name in names), "Equally good", "None is good"]
        buttons = [gr.Button(label, interactive=False, size="sm", min_width=140) for label in labels] if votes else []
    return buttons, gr.Markdown("", elem_id="thanks")


def _asker(gr: Any, chat: Chat, buttons: int) -> Any:
    def ask(talk: Talk, system: str, prompt: str, reference: str, *settings: float | None) -> Iterator[list[Any]]:
        question = Question(system, prompt, reference)
        try:
            sampling = _sampling(chat.sampling, settings)
            for answers in _paced(chat.ask(question, sampling, talk.turns)):
                done = all(answer.finish_reason for answer in answers)
                exchange = Exchange(question, answers, sampling, talk.turns) if done else None
                turn = Turn(prompt, tuple(answer.text for answer in answers))
                after = talk._replace(turns=(*talk.turns, turn)) if done else talk
                ready = [gr.Button(interactive=done) for _ in range(buttons)]
                yield [*_pictured(gr, answers, talk, done=done), exchange, after, *ready, ""]
        except GrpokitError as error:
            raise gr.Error(escape(str(error)), print_exception=False) from None

    return ask


def _pictured(gr: Any, answers: Sequence[Answer], talk: Talk, *, done: bool) -> list[Any]:
    """Return what all places show, in the order of :class:`Answers`; formulas are rendered once all is whole."""
    placed = [answers[model] for model in talk.order]
    formulas = [shown.maths(answer.text) if done else "" for answer in placed]
    return [
        *(shown.earlier(talk.turns, model) for model in talk.order),
        *(answer.text for answer in placed),
        *(gr.Markdown(formula, visible=bool(formula)) for formula in formulas),
        *map(shown.note, placed),
    ]


def _beginner(gr: Any, chat: Chat, buttons: int, *, blind: bool) -> Any:
    """Return what clears the answers for a new talk."""

    def begin() -> list[Any]:
        models = range(len(chat.names))
        empty = ["" for _ in models]
        formulas = [gr.Markdown("", visible=False) for _ in models]
        idle = [gr.Button(interactive=False) for _ in range(buttons)]
        talk = Talk.begin(len(models), blind=blind)
        return [*empty, *empty, *formulas, *empty, None, talk, *idle, ""]

    return begin


def _stopper(notes: list[Any]) -> Any:
    """Return what says below every answer that was still growing that it was stopped."""

    def stop(*texts: str) -> dict[Any, str]:
        return {note: text.replace(shown.GROWING, "stopped") for note, text in zip(notes, texts, strict=True)}

    return stop


def _sampling(start: Sampling, settings: Sequence[float | None]) -> Sampling:
    """Return the settings of the page's controls, in their order; a number box that was cleared holds None."""
    if None in settings:
        raise ChatError("a number in the settings is empty; fill it in.")
    temperature, top_p, max_new_tokens, seed = (value for value in settings if value is not None)
    return replace(
        start, temperature=float(temperature), top_p=float(top_p), max_new_tokens=int(max_new_tokens), seed=int(seed)
    )


def _paced(growing: Iterator[list[Answer]]) -> Iterator[list[Answer]]:
    """Yield at most one picture per :data:`REFRESH_S`, and the last one always."""
    shown = 0.0
    for answers in growing:
        now = time.monotonic()
        if now - shown >= REFRESH_S or all(answer.finish_reason for answer in answers):
            shown = now
            yield answers


def _voter(gr: Any, chat: Chat, votes: Votes | None, chosen: int | str, buttons: int, *, blind: bool) -> Any:
    """Return what keeps a vote for a place of the page, or for none of them."""

    def vote(exchange: Exchange | None, talk: Talk) -> list[Any]:
        if votes is None or exchange is None:
            raise gr.Error("There is no whole answer to vote on yet.", print_exception=False)
        try:
            choice = chosen if isinstance(chosen, str) else chat.names[talk.order[chosen]]
            votes.add(chat, exchange, choice, blind=blind)
        except GrpokitError as error:
            raise gr.Error(escape(str(error)), print_exception=False) from None
        idle = [gr.Button(interactive=False) for _ in range(buttons)]
        if not blind:
            return [talk, *idle, "Your vote is kept."]
        whose = (
            f"{place} was {chat.names[model]}"
            for place, model in zip(places(chat, blind=True), talk.order, strict=True)
        )
        return [Talk.begin(len(chat.names), blind=True), *idle, f"Your vote is kept: {escape(', '.join(whose))}."]

    return vote


class Address(NamedTuple):
    """Where the page is served; ``share`` asks Gradio for a public link."""

    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False


def check_address(address: Address) -> None:
    """Raise :class:`ChatError` when the address cannot be had, before anything is loaded."""
    try:
        socket.create_server((address.host, address.port)).close()
    except (OSError, OverflowError) as error:  # the latter for a number that is no port
        raise ChatError(_refused(address, error)) from None


def launch(chat: Chat, votes: Votes | None, address: Address, *, blind: bool = False) -> gradio.Blocks:
    """Serve the page from a thread; its ``share_url`` is None where Gradio gave no public link.

    Raises :class:`ChatError` when the address was taken in the meantime.
    """
    page = build_page(chat, votes, blind=blind)
    try:
        with redirect_stdout(StringIO()):  # where Gradio explains at length that there is no link
            page.launch(
                server_name=address.host,
                server_port=address.port,
                share=address.share,
                prevent_thread_lock=True,
                quiet=True,
                **look(),
            )
    except OSError as error:
        raise ChatError(_refused(address, error)) from None
    return page


def _refused(address: Address, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or "the port is in use or is none"
    return f"cannot serve at {address.host}:{address.port} ({reason}); give another --port or --host."
