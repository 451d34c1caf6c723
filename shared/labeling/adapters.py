"""Where people label: a table from the URL's scheme to the code, loaded when asked for."""

import importlib
from collections.abc import Callable, Mapping

from shared.errors import InvalidInputError
from shared.labeling.port import LabelingTool
from shared.settings import Settings

ADAPTERS: Mapping[str, str] = {
    "folder": "shared.labeling.folder:open_folder",
    "labelstudio+http": "shared.labeling.labelstudio:open_labelstudio",
    "labelstudio+https": "shared.labeling.labelstudio:open_labelstudio",
}


def open_labeling(settings: Settings) -> LabelingTool:
    """The tool that the settings name. Nothing is connected to before it is used.

    Raises:
        InvalidInputError: `unknown_labeling`, `bad_labeling_url`, `labeling_token_missing`.
    """
    scheme = settings.labeling_url.partition(":")[0].lower()
    target = ADAPTERS.get(scheme)
    if target is None:
        raise InvalidInputError(
            "unknown_labeling",
            f"TRACKLOOP_LABELING_URL: the scheme is unknown; known schemes: {', '.join(ADAPTERS)}.",
        )
    module, _, name = target.partition(":")
    opener: Callable[[Settings], LabelingTool] = getattr(importlib.import_module(module), name)
    return opener(settings)


def check_labeling(settings: Settings) -> None:
    """Whether people can be asked as the settings say; asked when a process starts.

    Raises:
        PermanentError: `unknown_labeling`, `bad_labeling_url`, `labeling_token_missing`,
            `labeling_refused`, `no_labeling_server`, `storage_not_writable`.
        TransientError: `labeling_unreachable`, `labeling_busy`.
    """
    open_labeling(settings).check()
