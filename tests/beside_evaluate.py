"""Run in an environment with the installed wheel and Hugging Face's ``evaluate``: neither may shadow the other."""

import grpokit.evaluate

import evaluate

assert hasattr(evaluate, "EvaluationModule"), f"`import evaluate` gives {evaluate.__file__}"
assert "grpokit" in grpokit.evaluate.__file__, grpokit.evaluate.__file__
assert grpokit.evaluate.load_task("arithmetic").name == "arithmetic", "the wheel lacks its task cards"

from grpokit.evaluate.demo import checkpoint_path  # noqa: E402  # after the checks that tell more

assert (checkpoint_path() / "model.safetensors").is_file(), "the wheel lacks the demo checkpoint"
print("the wheel and Hugging Face's evaluate live side by side")
