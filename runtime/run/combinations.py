"""Values and options of a run that cannot work together, found before anything is opened."""

import os
from collections.abc import Mapping
from pathlib import Path

from fer_edge import plugins
from fer_edge.errors import ConfigError, ModelError, SourceError
from fer_edge.shown import without_password

from ..capture.config import SourceConfig
from ..capture.stream_url import check_url, is_address, scheme_of
from ..publish.combinations import check_complete_outputs, check_outputs
from ..publish.config import OutputsConfig
from ..recognition.model_config import ModelConfig
from .config import RunConfig


def check_run(config: RunConfig, environment: Mapping[str, str]) -> None:
    """Reject values and combinations that no environment can complete.

    A file or device that is missing is not rejected: it may be there when the run starts.

    Raises:
        ConfigError: Something was rejected.
    """
    _check_address(config.source)
    _check_model(config.model)
    config.faces.check()
    _check_pictures(config.source, config.outputs)
    check_outputs(config.outputs, config.web, config.mqtt, environment)


def check_complete(config: RunConfig) -> None:
    """Reject a configuration that lacks something that the environment may contain.

    Raises:
        ConfigError: There is no source, raw frames have no size, an output has no place, or a page
            that others can reach has no token.
    """
    config.source.check_complete()
    check_complete_outputs(config.outputs, config.web)


def _check_address(source: SourceConfig) -> None:
    address = source.input or ""
    if is_address(address) and _is_own(source):
        try:
            check_url(address)
        except SourceError as error:
            raise ConfigError(str(error)) from error
    elif scheme_of(address) and not is_address(address) and not Path(address).exists():
        schemes = (f"{name}://" for name in plugins.names(plugins.SOURCES) if name != "picamera2")
        raise ConfigError(
            f"{without_password(address)} cannot be read; expected an address that starts with "
            f"{', '.join(schemes)}"
        )


def _is_own(source: SourceConfig) -> bool:
    return scheme_of(source.input or "") in plugins.own_names(plugins.SOURCES)


def _check_pictures(source: SourceConfig, outputs: OutputsConfig) -> None:
    from fer_edge.pictures.kinds import SUFFIXES

    place = outputs.annotate
    has_many = source.camera is not None or source.is_pipe or _is_own(source)
    if has_many and place is not None and place.suffix.lower() in SUFFIXES and not place.is_dir():
        raise ConfigError(
            f"--annotate {place} is a single picture, but the input has several; expected a "
            "folder, for example --annotate annotated"
        )


def _check_model(model: ModelConfig) -> None:
    from fer_edge.inference.delegate import parse_delegate
    from fer_edge.model.bundled import find_model

    try:
        for name in filter(None, (model.model, model.compare)):
            if os.sep not in name:  # a file may be there later
                find_model(name)
        if model.delegate is not None:
            parse_delegate(model.delegate)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    if model.compare is None and model.compare_every != ModelConfig().compare_every:
        raise ConfigError("--compare-every needs --compare; add: --compare FILE.tflite")
