"""The demo checkpoint's tokenizer: one token per character, and one ordinary token for each of the four tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<|im_start|>", "<|im_end|>"
TAGS = ("<reasoning>", "</reasoning>", "<answer>", "</answer>")
CONTEXT = 128

_CHARACTERS = "0123456789+=,? \nsystemuerainwh"

# The checkpoint was taught its layout, and knows too few characters to read a system prompt: it is left out.
CHAT_TEMPLATE = (
    "{% for message in messages if message['role'] != 'system' %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Return the tokenizer. The tags are no special tokens, so decoding keeps them."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(vocabulary(), unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"</?(?:reasoning|answer)>|[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[START],
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def vocabulary() -> dict[str, int]:
    """Return token to id.

    >>> len(vocabulary())
    36
    """
    characters = dict.fromkeys(_CHARACTERS)
    return {token: index for index, token in enumerate([PAD, UNKNOWN, START, END, *TAGS, *characters])}
