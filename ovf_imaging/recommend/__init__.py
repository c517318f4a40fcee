"""Assessment, measurements and context → what the review says: the management-recommendation module."""

from ovf_imaging.recommend.advise import Advice, Explanation, Status, explain, rank_missing, recommend
from ovf_imaging.recommend.context import check_context, parse_context, questions
from ovf_imaging.recommend.response import parse_response
from ovf_imaging.recommend.trace import Known, Trace
from ovf_imaging.recommend.what_if import WhatIf, parse_assumptions, what_if

__all__ = [
    "Advice",
    "Explanation",
    "Known",
    "Status",
    "Trace",
    "WhatIf",
    "check_context",
    "explain",
    "parse_assumptions",
    "parse_context",
    "parse_response",
    "questions",
    "rank_missing",
    "recommend",
    "what_if",
]
