"""The page of a chat, in Gradio: prompt in, all answers side by side, each with its rewards and their reasons."""

from __future__ import annotations

import os
import re
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
from ..wording import number
from .chat import Answer, Chat, ChatError, Question
from .votes import NEITHER, TIE, Exchange, Votes

if TYPE_CHECKING:
    import gradio

REFRESH_S = 0.08
"""Time between two pictures of the growing answers: more would only queue up in the browser."""

GROWING = "growing…"
ENDINGS = {"eos": "ended", "stop": "ended at a stop string", "length": "cut at the token limit"}
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


def check_gradio() -> None:
    """Raise :class:`ChatError` where Gradio is not installed, before anything is loaded."""
    if find_spec("gradio") is None:
        raise ChatError("the page needs Gradio, which is not installed: pip install 'grpokit[app]'.")


def build_page(chat: Chat, votes: Votes | None = None) -> gradio.Blocks:
    """Return the page; without ``votes`` it has no vote. What a model wrote is shown as text, never as markup."""
    check_gradio()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported
    import gradio as gr

    page: gradio.Blocks
    with gr.Blocks(title=" · ".join(chat.names), analytics_enabled=False) as page:
        rewards = ", ".join(chat.mix.names)
        gr.HTML(f"<h1>{escape(' · '.join(chat.names))}</h1><p>Answers side by side, scored by {escape(rewards)}.</p>")
        controls, ask, stop = _question(gr, chat)
        boxes, notes = _answers(gr, chat)
        last = gr.State(None)
        buttons, thanks = _vote(gr, chat, votes)
        outputs = [*boxes, *notes, last, *buttons, thanks]
        asked = gr.on(
            [ask.click, controls.prompt.submit],
            _asker(gr, chat, len(buttons)),
            list(controls),
            outputs,
            api_name="ask",
            show_progress="hidden",
        )
        stopped = stop.click(None, cancels=[asked])
        stopped.then(_stopper(notes), notes, notes, api_name=False, show_progress="hidden")
        for button, choice in zip(buttons, [*chat.names, TIE, NEITHER], strict=False):
            button.click(_voter(gr, chat, votes, choice, len(buttons)), last, [*buttons, thanks], api_name=False)
    return page


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


def _question(gr: Any, chat: Chat) -> tuple[Controls, Any, Any]:
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
    with gr.Accordion("Settings", open=False):
        system = gr.Textbox(first.system, label="System message", lines=2, max_lines=8, elem_id="system")
        with gr.Row():
            controls = Controls(system, prompt, reference, *_sampling_controls(gr, chat.sampling))
    if chat.examples:
        _examples(gr, chat, controls)
    return controls, ask, stop


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


def _answers(gr: Any, chat: Chat) -> tuple[list[Any], list[Any]]:
    boxes, notes = [], []
    with gr.Row(elem_id="answers"):
        for name in chat.names:
            with gr.Column(min_width=280):
                boxes.append(gr.Textbox(label=name, lines=6, max_lines=24, interactive=False, elem_classes=["answer"]))
                notes.append(gr.HTML("", elem_classes=["rewards"]))
    return boxes, notes


def _vote(gr: Any, chat: Chat, votes: Votes | None) -> tuple[list[Any], Any]:
    """Return one button per choice, none without a file for votes, and the line that says thanks."""
    with gr.Row(elem_id="vote", visible=votes is not None):
        labels = [*(f"{name} is better" for name in chat.names), "Equally good", "None is good"]
        buttons = [gr.Button(label, interactive=False, size="sm", min_width=140) for label in labels] if votes else []
    return buttons, gr.Markdown("", elem_id="thanks")


def _asker(gr: Any, chat: Chat, buttons: int) -> Any:
    def ask(system: str, prompt: str, reference: str, *settings: float | None) -> Iterator[list[Any]]:
        question = Question(system, prompt, reference)
        try:
            sampling = _sampling(chat.sampling, settings)
            for answers in _paced(chat.ask(question, sampling)):
                done = all(answer.finish_reason for answer in answers)
                exchange = Exchange(question, answers, sampling) if done else None
                shown = [gr.Button(interactive=done) for _ in range(buttons)]
                yield [*(answer.text for answer in answers), *map(_note, answers), exchange, *shown, ""]
        except GrpokitError as error:
            raise gr.Error(escape(str(error)), print_exception=False) from None

    return ask


def _stopper(notes: list[Any]) -> Any:
    """Return what says below every answer that was still growing that it was stopped."""

    def stop(*shown: str) -> dict[Any, str]:
        return {note: text.replace(GROWING, "stopped") for note, text in zip(notes, shown, strict=True)}

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


def _voter(gr: Any, chat: Chat, votes: Votes | None, choice: str, buttons: int) -> Any:
    def vote(exchange: Exchange | None) -> list[Any]:
        if votes is None or exchange is None:
            raise gr.Error("There is no whole answer to vote on yet.", print_exception=False)
        try:
            votes.add(chat, exchange, choice)
        except GrpokitError as error:
            raise gr.Error(escape(str(error)), print_exception=False) from None
        return [*(gr.Button(interactive=False) for _ in range(buttons)), "Your vote is kept."]

    return vote


def _note(answer: Answer) -> str:
    """Return the rewards of a whole answer as a table, every text in it escaped."""
    tokens = "1 token" if answer.tokens == 1 else f"{answer.tokens} tokens"
    if answer.finish_reason is None:
        return f"<p>{tokens}, {GROWING}</p>"
    rows = "".join(
        f"<tr><th scope=row>{_name(name)}</th><td>{number(judged.value)}</td><td>{escape(judged.reason)}</td></tr>"
        for name, judged in answer.rewards.items()
    )
    total = f"<tr><th scope=row>total</th><td>{number(answer.total)}</td><td></td></tr>"
    return f"<p>{tokens}, {ENDINGS[answer.finish_reason]}</p><table><tbody>{rows}{total}</tbody></table>"


def _name(reward: str) -> str:
    """Return a reward's name as HTML that may be broken between its parameters, and only then within a word.

    >>> _name("xml_format(tag=a)")
    'xml_<wbr>format(<wbr>tag=<wbr>a)'
    """
    return re.sub("([(,=_])", r"\1<wbr>", escape(reward))


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


def launch(chat: Chat, votes: Votes | None, address: Address) -> gradio.Blocks:
    """Serve the page from a thread; its ``share_url`` is None where Gradio gave no public link.

    Raises :class:`ChatError` when the address was taken in the meantime.
    """
    page = build_page(chat, votes)
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
