"""The converted model in the cache, remade when the weights or the converter change."""

from pathlib import Path

from vantage_stack.cache import Cache, digest_of
from vantage_stack.fetch import Report, Step
from vantage_stack.model.convert import convert_all
from vantage_stack.model.weights import FILES, GRAPH, weights

_CONVERTER = ("body", "convert", "graph", "head", "layout", "tfjs")


def model_folder(cache: Cache, report: Report) -> Path:
    """The folder with one ONNX file a picture size, as `VANTAGE_DETECT_MODEL_DIR` names it. Raises FetchFailed."""

    def build(folder: Path) -> None:
        source = weights(cache, report)
        report("converts to ONNX")
        convert_all(source / GRAPH, folder)

    return cache.entry("nanodet-onnx", digest_of(*FILES.values(), *_converter_source()), build)


def _converter_source() -> list[bytes]:
    return [Path(__file__).with_name(f"{name}.py").read_bytes() for name in _CONVERTER]


STEPS = [Step("detector model", model_folder)]
