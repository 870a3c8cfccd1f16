"""Everyday nouns for extra categories, to try how many categories a study needs."""

_LINES = (
    "apple arm baby ball banana basket bear bed bee bell bench bicycle bird boat book bowl box bread",
    "bridge brush bus butter button cake camel camera candle car carpet carrot castle cheese church clock",
    "cloud coat coin corn cow crown cup curtain desk doctor dog door dress drum duck eagle egg elephant",
    "engine farm feather fence finger fire fish flag flower fork fox frog garden gate glass glove goat",
    "grape guitar hammer hand hat heart hill horse island jacket key kitchen knife ladder lake lamp leaf",
    "lemon lion lock map mirror monkey moon mountain mouse mushroom needle nest nose nurse ocean onion",
    "orange owl paper pencil piano pig pillow pizza plane plate potato queen rabbit radio rain ring river",
    "road rocket roof rope rose sand sheep ship shirt snake snow soldier spider spoon star stone street",
    "sun sword table telephone tiger tomato tower train tree truck umbrella village violin wall watch",
    "wheel whistle window wolf",
)
NOUNS = tuple(" ".join(_LINES).split())
