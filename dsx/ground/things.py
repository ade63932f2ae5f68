"""What can be counted, and which of it is never counted for another: beings, and deeds or places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_BEING_WORDS = """animals rats mice dogs cats pigs cows sheep birds chicks hens fish insects bees larvae goats
calves lambs piglets sows heifers steers bulls broilers chickens ewes rams horses monkeys macaques rabbits frogs
toads lizards snakes turtles bats voles individuals people persons participants subjects patients volunteers
controls men women males females boys girls adults children infants toddlers newborns neonates adolescents students
pupils learners undergraduates athletes players runners swimmers cyclists drivers soldiers nurses doctors physicians
clinicians teachers workers employees farmers respondents residents caregivers parents mothers fathers"""
_BEINGS = frozenset(_BEING_WORDS.split())
_DEED_WORDS = """trials experiments sessions blocks movements repetitions studies articles papers publications items
questions questionnaires targets stimuli conditions groups countries cities schools hospitals laboratories genes
neurons electrodes visits"""
_DEEDS = frozenset(_DEED_WORDS.split())
"""What nobody takes for a being: deeds, tasks and places."""
_OTHERS = """plants trees seeds seedlings leaves flowers fruits eggs nests species genera genotypes cultivars
varieties plots ponds sites fields farms lakes rivers streams islands quadrats transects traps samples specimens
replicates couples families households firms companies classes classrooms eyes knees hips limbs reviewers"""
THINGS = _BEINGS | _DEEDS | frozenset(_OTHERS.split())
"""Plurals that follow a number which counts them, whatever else may follow a number."""


def is_of_another_kind(counted: str, names: Iterable[str], told: Sequence[str]) -> bool:
    """Whether deeds or places are counted ("104 trials") where beings are asked for, or beings where those are.

    names: words of a parameter's name and synonyms. told: those after "how many"; the first that is a thing counts.
    Where beings and deeds are asked for, or neither, nothing is of another kind.
    """
    first = next((word for word in told if _kinds((word,))), "")
    kinds = _kinds((*names, first))
    return len(kinds) == 1 and counted in (_BEINGS | _DEEDS) - kinds.pop()


def _kinds(words: Iterable[str]) -> set[frozenset[str]]:
    """Which of the two they name, in singular or plural."""
    plurals = {form for word in words for form in (word, f"{word}s", f"{word[:-1]}ies" if word.endswith("y") else word)}
    return {things for things in (_BEINGS, _DEEDS) if plurals & things}
