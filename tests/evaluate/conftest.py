"""One engine and one finished run for the tests of a folder's file."""

import pytest
from grpokit.evaluate import Run
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.tests.evaluate.demo_evaluation import evaluation


@pytest.fixture(scope="module")
def engine() -> TransformersEngine:
    return next(load_engines([ModelSpec.parse("demo")], batch_size=4))


@pytest.fixture(scope="module")
def whole(engine: TransformersEngine, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing interrupted."""
    return evaluation().run(engine, tmp_path_factory.mktemp("whole") / "run")
