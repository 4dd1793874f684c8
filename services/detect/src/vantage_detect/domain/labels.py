"""What may leave detect: an allow-list over the network's 80 classes (COCO order). Nothing else is ever looked at.

There is no bag in it: small networks see bags poorly, and a label that is often wrong is worse than none.
"""

from collections.abc import Mapping
from types import MappingProxyType

LABEL_OF_CLASS: Mapping[int, str] = MappingProxyType(
    {
        0: "person",
        1: "bicycle",
        2: "car",
        3: "motorcycle",
        5: "bus",
        6: "train",
        7: "truck",
        8: "boat",
    }
)
