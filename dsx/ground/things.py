"""What can be counted, and which of it is never counted for another: beings, and deeds or places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

_BEING_WORDS = """animals rats mice dogs cats pigs cows sheep birds chicks hens fish insects bees larvae goats
calves lambs piglets sows heifers steers bulls broilers chickens ewes rams horses monkeys macaques rabbits frogs
toads lizards snakes turtles bats voles individuals people persons participants subjects patients volunteers
controls men women males females boys girls adults children infants toddlers newborns neonates adolescents students
pupils learners undergraduates athletes players runners swimmers cyclists drivers soldiers nurses doctors physicians
clinicians teachers workers employees farmers respondents residents caregivers parents mothers fathers"""
_BEINGS = frozenset(_BEING_WORDS.split())
_DEED_WORDS = """trials experiments sessions blocks movements repetitions studies articles papers publications items
questions targets stimuli conditions groups countries cities schools hospitals laboratories genes
neurons electrodes visits runs scans maps images pictures photographs slices voxels regions components channels sensors
sentences tones"""
_DEEDS = frozenset(_DEED_WORDS.split())
"""What nobody takes for a being: deeds, tasks and places."""
_OTHERS = """plants trees seeds seedlings leaves flowers fruits eggs nests species genera genotypes cultivars
varieties plots ponds sites fields farms lakes rivers streams islands quadrats transects traps samples specimens
replicates couples families households firms companies classes classrooms eyes knees hips limbs reviewers
questionnaires"""
THINGS = _BEINGS | _DEEDS | frozenset(_OTHERS.split())
"""Plurals that follow a number which counts them, whatever else may follow a number."""
_OF_WORDS = "per each every in by of from for among at to with a an the that which who times"
_OF = frozenset(_OF_WORDS.split())
"""What says of whom or where comes after one of these: "sessions per patient", "deaths among patients"."""
_AMOUNTS = frozenset(["n", "number", "num", "count", "counts", "total", "size", "all"])


def is_of_another_kind(counted: str, names: Iterable[str], told: Sequence[str]) -> bool:
    """Whether deeds or places are counted ("104 trials") where beings are asked for, or beings where those are.

    names: a parameter's name and synonyms. told: the words after "how many"; the first that is a thing counts.
    Where beings and deeds are asked for, or neither, nothing is of another kind. A deed or place in the singular says
    where is counted, not what: `n_per_group`, `n_target_species`, "Number of study participants".
    """
    first = next((word for word in takewhile(lambda word: word not in _OF, told) if _kinds((word,))), "")
    kinds = _kinds((*(word for name in names for word in _counted_in(name)), first))
    return len(kinds) == 1 and counted in (_BEINGS | _DEEDS) - kinds.pop()


def _counted_in(name: str) -> list[str]:
    """Words of a name that may say what it counts; a last one in the singular also as a plural: `n_rat`."""
    words = re.findall(r"[a-z]+", name.lower())
    words = list(takewhile(lambda word: word == "of" or word not in _OF, words))
    while words and words[-1] in _AMOUNTS:
        words.pop()
    last = words[-1] if words else ""
    return [*words, *({f"{last}s"} & _BEINGS)]


def _kinds(words: Iterable[str]) -> set[frozenset[str]]:
    """Which of the two they name."""
    plurals = set(words)
    return {things for things in (_BEINGS, _DEEDS) if plurals & things}
