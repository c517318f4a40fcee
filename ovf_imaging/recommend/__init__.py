"""Assessment, measurements and context → what the review says: the management-recommendation module."""

from ovf_imaging.recommend.advise import Advice, Explanation, Status, explain, recommend
from ovf_imaging.recommend.context import check_context, parse_context, questions
from ovf_imaging.recommend.trace import Known, Trace

__all__ = [
    "Advice",
    "Explanation",
    "Known",
    "Status",
    "Trace",
    "check_context",
    "explain",
    "parse_context",
    "questions",
    "recommend",
]
