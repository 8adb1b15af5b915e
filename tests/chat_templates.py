"""Chat templates of the kinds that checkpoints bring, cut to what matters: roles, and the token that ends a turn."""

import json
import shutil
from pathlib import Path

from grpokit.evaluate.engines.loading import load_tokenizer

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' "
    "+ message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)

# It refuses the system role, and roles that do not alternate.
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' "
    "+ message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)

# It knows users and assistants, and leaves out whoever else speaks.
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)


def unlist(folder: Path, place: Path, end: str) -> Path:
    """Copy a checkpoint to ``place`` and let ``end``, and not its end of turn, be the one end token that it lists."""
    copy = shutil.copytree(folder, place)
    number = load_tokenizer(folder).convert_tokens_to_ids(end)
    for name, key, value in [
        ("tokenizer_config.json", "eos_token", end),
        ("config.json", "eos_token_id", number),
        ("generation_config.json", "eos_token_id", number),
    ]:
        settings = json.loads((copy / name).read_text())
        (copy / name).write_text(json.dumps({**settings, key: value}))
    assert load_tokenizer(copy).eos_token == end  # or the tests below could not fail
    return copy
