"""Why a call went as it did, in plain sentences, from what is on record alone. No I/O."""

from linecard.explaining.making import explain
from linecard.explaining.record import Record
from linecard.explaining.sentences import Explanation, Sentence, Topic
from linecard.explaining.strangers import explain_stranger
from linecard.explaining.written import written

__all__ = [
    "Explanation",
    "Record",
    "Sentence",
    "Topic",
    "explain",
    "explain_stranger",
    "written",
]
