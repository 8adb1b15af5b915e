"""``grpo-eval chat``: open the chat, and serve its page or write it as a folder for a Space."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ...evaluate.engines import Loading
from ...evaluate.engines.spec import parse_models
from ...evaluate.tasks.card import Task
from ...evaluate.template_arguments import parse_template
from ...evaluate.types import Sampling
from ...reports.chat.chat import Chat, Question, open_chat, questions
from ...reports.chat.page import Address, check_address, check_gradio, launch
from ...reports.chat.space import check_mix, check_space_loading, check_target, export_space
from ...reports.chat.votes import Votes
from ...rewards import RewardMix
from ..options import check_loading, chosen_spec
from ..task_options import TaskOptions

EXAMPLE_PROMPTS = 6
"""Questions of the task that the page offers unless --limit says otherwise."""


@dataclass(frozen=True)
class SamplingStart:
    """The sampling that the page begins with; what is None is as the task's card says."""

    temperature: float | None
    top_p: float | None
    max_new_tokens: int | None
    seed: int | None


@dataclass(frozen=True)
class ChatOptions:
    """A chat as the command line asks for it."""

    models: list[str]
    rewards: str | None
    allow_code: bool
    loading: Loading
    asked: TaskOptions
    sampling: SamplingStart

    def open(self, check: Callable[[RewardMix], None] | None = None) -> Chat:
        """Load the models; ``check`` may refuse the mix before."""
        specs = self.asked.models(parse_models(self.models))
        check_loading(specs, self.loading)
        given = {name: value for name, value in asdict(self.sampling).items() if value is not None}
        if self.asked.task is None and self.asked.data is None:
            mix = self._mix("correctness", check)
            template = parse_template(self.asked.template).get(None, {})
            return open_chat(specs, mix, Sampling(**given, template=template), loading=self.loading)
        task = self.asked.load(self.rewards)
        examples = self._examples(task)
        mix = self._mix(task.rewards, check)
        return open_chat(specs, mix, task.sampling(**given, samples=1), examples, self.loading, task.reference)

    def _examples(self, task: Task) -> list[Question]:
        """Return questions to begin with; a person asks without the examples and the prefill of a task."""
        alone = task.model_copy(update={"shots": None, "prefill": None})
        if self.asked.limit is None:
            return questions(alone.prompts(self.asked.split, data=self.asked.data), EXAMPLE_PROMPTS)
        return questions(self.asked.questions(alone, self.sampling.seed or 0).prompts, self.asked.limit.number)

    def _mix(self, default: str, check: Callable[[RewardMix], None] | None) -> RewardMix:
        spec = chosen_spec(self.rewards, default, str(self.asked.task), allow_code=self.allow_code)
        mix = RewardMix.parse(spec)
        if check is not None:
            check(mix)
        return mix


def export(chat: ChatOptions, folder: Path) -> None:
    """Write the chat as a folder for Hugging Face Spaces; serve nothing."""
    check_gradio()
    check_target(folder)
    check_space_loading(chat.loading)
    export_space(chat.open(check_mix), folder)
    print(f"space: {folder}")


def serve(chat: ChatOptions, votes: Path, address: Address, *, blind: bool) -> None:
    """Serve the page until it is interrupted."""
    check_gradio()
    check_address(address)
    store = Votes(votes)
    page = launch(chat.open(), store, address, blind=blind)
    if address.share and page.share_url is None:
        print("note: Gradio's servers gave no public link, so the page is served here alone.", file=sys.stderr)
    print(f"chat: {page.share_url or page.local_url}  (Ctrl-C ends it; votes go to {votes})", flush=True)
    page.block_thread()
