"""Samples, sample folders, splits and label budgets, bags, supervision views."""

from eobench.data._check import Finding, check_folder
from eobench.data._errors import (
    DataError,
    DatasetMissingError,
    EobenchError,
    PreparationStoppedError,
    UnsupportedError,
    nearest,
    unknown,
)
from eobench.data._fingerprint import content_hashes, fingerprint
from eobench.data._folder import SampleFolder, SplitCounts, open_folder
from eobench.data._header import Header, ModalityFiles, SplitInfo, TableInfo
from eobench.data._inputs import Batch, Inputs, Kind, ModalityArray, ModalityInfo
from eobench.data._prepare import RESUME_FOLDER, prepare_folder, without_preparing
from eobench.data._progress import Preparation, progress_to, report_progress
from eobench.data._read_header import FORMAT, HEADER_FILE, ForeignFormatError, read_header
from eobench.data._region_table import RegionTable
from eobench.data._request import Knobs, LabelBudget, Supervision
from eobench.data._scene import Scene, build_scene
from eobench.data._sources import TestOn
from eobench.data._supported import complete_supervision, region_group, unsupported_reason
from eobench.data._view import BAG_LEVELS, LEVELS, Bags, Level, Partition, View
from eobench.data._write import write_folder

__all__ = [
    "BAG_LEVELS",
    "FORMAT",
    "HEADER_FILE",
    "LEVELS",
    "RESUME_FOLDER",
    "Bags",
    "Batch",
    "DataError",
    "DatasetMissingError",
    "EobenchError",
    "Finding",
    "ForeignFormatError",
    "Header",
    "Inputs",
    "Kind",
    "Knobs",
    "LabelBudget",
    "Level",
    "ModalityArray",
    "ModalityFiles",
    "ModalityInfo",
    "Partition",
    "Preparation",
    "PreparationStoppedError",
    "RegionTable",
    "SampleFolder",
    "Scene",
    "SplitCounts",
    "SplitInfo",
    "Supervision",
    "TableInfo",
    "TestOn",
    "UnsupportedError",
    "View",
    "build_scene",
    "check_folder",
    "complete_supervision",
    "content_hashes",
    "fingerprint",
    "nearest",
    "open_folder",
    "prepare_folder",
    "progress_to",
    "read_header",
    "region_group",
    "report_progress",
    "unknown",
    "unsupported_reason",
    "without_preparing",
    "write_folder",
]
