#!/usr/bin/env bash
# gpu_wheels.sh [FOLDER]: what bench/gpu.py needs on a machine that has Python and PyTorch for its GPU and no network.
#
# Without FOLDER the packages are listed, in the versions that the tests run with; with it their wheels are fetched into
# it, for Linux on x86-64 and the Python that the variable PYTHON_VERSION names (3.12). There:
#   python3 -m pip install --no-index --no-deps FOLDER/*.whl && python3 bench/gpu.py
set -euo pipefail
cd "$(dirname "$0")/.."
names=(transformers tokenizers huggingface_hub accelerate peft trl bitsandbytes datasets pyarrow dill multiprocess
    math-verify latex2sympy2_extended antlr4-python3-runtime rapidfuzz orjson httpx2 httpcore2 pydantic pydantic_core
    annotated-types typing-inspection python-dotenv threadpoolctl)

listed=$(for name in "${names[@]}"; do grep -ix "$name==.*" constraints.txt || { echo "no version of $name" >&2; exit 1; }; done)
if [ $# -eq 0 ]; then
    echo "$listed"
    exit
fi
platforms=()
for version in 2_39 2_35 2_34 2_31 2_28 2_27 2_24 2_17; do platforms+=(--platform "manylinux_${version}_x86_64"); done
# shellcheck disable=SC2086  # one word per package
python3 -m pip download --quiet --no-deps --only-binary=:all: --implementation cp \
    --python-version "${PYTHON_VERSION:-3.12}" "${platforms[@]}" --platform manylinux2014_x86_64 --dest "$1" $listed
du -sh "$1"
