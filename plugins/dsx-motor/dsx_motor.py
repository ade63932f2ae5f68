"""The parameter set `motor`: motor adaptation experiments, one record an experiment.

Descriptions, choices and synonyms are prompt text: what counts, what does not, and when the answer is "not reported".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from dsx import ParameterSet, hookimpl, parameter_set


def about(
    description: str,
    *,
    unit: str | None = None,
    synonyms: tuple[str, ...] = (),
    where: str = "",
    choices: dict[str, str] | None = None,
    normalise: tuple[str, ...] = (),
    compare: str | dict[str, Any] | None = None,
    **bounds: Any,
) -> Any:
    """A field with our annotations, absent by default."""
    extra: dict[str, Any] = {
        "x-unit": unit,
        "x-synonyms": list(synonyms),
        "x-where": where,
        "x-choices": choices,
        "x-normalise": list(normalise),
        "x-compare": compare,
    }
    return Field(None, description=description, json_schema_extra={k: v for k, v in extra.items() if v}, **bounds)


Name = Annotated[str, Field(max_length=40)]
Degrees = Annotated[float, Field(ge=-360, le=360)]
Feedback = Literal["continuous", "endpoint", "delayed_endpoint", "clamped", "none", "other"]
PARTICIPANTS = "methods, participants"
APPARATUS = "methods, apparatus"
PROCEDURE = "methods, procedure of the experiment"


class Experiment(BaseModel):
    """One experiment of the paper with participants of its own, as the paper numbers or names it."""

    n_total: int | None = about(
        "How many participants took part in this experiment, all its groups together: the number recruited where the "
        "paper gives it, otherwise the number analysed. Not the size of one group, and not the total over several "
        "experiments.",
        synonyms=("participants", "subjects", "volunteers", "sample size", "N"),
        where=PARTICIPANTS,
        ge=1,
        le=100000,
    )
    population_type: (
        Literal["healthy_young_adult", "healthy_adult", "older_adult", "patient_and_control", "other"] | None
    ) = about(
        "Who the participants were.",
        synonyms=("population", "sample"),
        where=PARTICIPANTS,
        choices={
            "healthy_young_adult": "healthy adults who are young: students, or about 18 to 35 years old",
            "healthy_adult": "healthy adults of mixed or middle age, or of unstated age",
            "older_adult": "healthy older adults, about 60 and over, alone or compared with young ones",
            "patient_and_control": "patients, with or without a control group",
            "other": "children, athletes, animals, or anyone else",
        },
    )
    age_mean: float | None = about(
        "Mean age of the participants as the paper states it. Null if only a range or separate group means are given.",
        unit="year",
        synonyms=("mean age", "average age", "M age"),
        where=PARTICIPANTS,
        ge=0,
        le=120,
    )
    age_sd: float | None = about(
        "Standard deviation of the participants' age, often the number after ±. Null if it is not stated.",
        unit="year",
        synonyms=("SD", "standard deviation of age"),
        where=PARTICIPANTS,
        ge=0,
        le=60,
    )
    age_range: str | None = about(
        "Youngest and oldest age, written LOW-HIGH in years, such as 18-25. Null if no range is stated.",
        synonyms=("age range", "aged between", "years old"),
        where=PARTICIPANTS,
        normalise=("span",),
        max_length=20,
    )
    handedness: Literal["right", "left", "mixed", "not_reported"] | None = about(
        "Which hand the participants preferred. Null if the paper does not say.",
        synonyms=("right-handed", "left-handed", "Edinburgh handedness inventory"),
        where=PARTICIPANTS,
        choices={
            "right": "all were right-handed",
            "left": "all were left-handed",
            "mixed": "some were right-handed and some left-handed",
            "not_reported": "the paper says that it does not know",
        },
    )
    effector: Literal["arm", "hand", "finger", "wrist", "eye", "other"] | None = about(
        "The part of the body whose movement was measured and adapted.",
        synonyms=("limb", "reaching", "pointing", "saccade"),
        where=APPARATUS,
        choices={
            "arm": "reaching or shooting movements of the arm, on a table, tablet or robot, or in the air",
            "hand": "movements of the hand alone, such as grasping or small joystick movements",
            "finger": "movements of one or several fingers alone",
            "wrist": "rotations or flexions of the wrist alone",
            "eye": "saccades or pursuit",
            "other": "leg, gait, speech, trunk or anything else",
        },
    )
    apparatus: str | None = about(
        "The device that recorded or carried the movement, with its maker and model where given, in the paper's words: "
        "a tablet, robot, manipulandum, joystick or motion tracker. Not the screen and not the software.",
        synonyms=("tablet", "manipulandum", "robot", "tracker", "recorded with"),
        where=APPARATUS,
        max_length=120,
    )
    perturbation_class: (
        Literal["visuomotor_rotation", "force_field", "prism", "gain", "clamp", "mirror", "other", "none"] | None
    ) = about(
        "What disturbed the movement or its feedback, in the main phase of the experiment.",
        synonyms=("perturbation", "rotation", "distortion"),
        where=PROCEDURE,
        choices={
            "visuomotor_rotation": "the cursor is rotated about the start position, away from the hand",
            "force_field": "a device pushes the limb, depending on its velocity or position",
            "prism": "prism glasses shift the visual field",
            "gain": "the cursor moves farther or less far than the hand",
            "clamp": "the cursor or limb follows a fixed path whatever the movement (error clamp)",
            "mirror": "the feedback is mirror-reversed",
            "other": "another perturbation",
            "none": "no perturbation at all",
        },
    )
    perturbation_magnitude_deg: list[Degrees] | None = about(
        "Every size of the rotation (or other angular perturbation) that participants of this experiment were exposed "
        "to, each once, without its sign. Not angles of targets, of aiming or of measured adaptation.",
        unit="°",
        synonyms=("rotation of", "rotated by", "rotation size", "clockwise", "counterclockwise"),
        where=PROCEDURE,
        normalise=("unsigned",),
        max_length=8,
    )
    perturbation_schedule: Literal["abrupt", "gradual", "mixed", "other"] | None = about(
        "How the perturbation came on.",
        synonyms=("introduced", "onset", "ramped", "incrementally"),
        where=PROCEDURE,
        choices={
            "abrupt": "at its full size from one trial to the next",
            "gradual": "grew in small steps over many trials",
            "mixed": "abrupt for some groups or phases and gradual for others",
            "other": "changed at random from trial to trial, or in another way",
        },
    )
    feedback_type: list[Feedback] | None = about(
        "Every kind of visual feedback about the movement that occurs in a session of this experiment, "
        "familiarisation, baseline and washout included.",
        synonyms=("cursor feedback", "visual feedback", "no-feedback trials", "knowledge of results"),
        where=PROCEDURE,
        choices={
            "continuous": "the cursor is seen throughout the movement (online feedback)",
            "endpoint": "the cursor is shown only at the end of the movement, at once",
            "delayed_endpoint": "the end position is shown after a delay that the experimenter added",
            "clamped": "the cursor follows a fixed direction, independent of the hand",
            "none": "there are trials without any cursor feedback",
            "other": "another kind, such as sound, reward or a score",
        },
        normalise=("distinct",),
        max_length=6,
    )
    feedback_delay_s: float | None = about(
        "The delay that the experimenter put between the end of the movement and its feedback. Null if none was added; "
        "the equipment's own lag and the time for which feedback stays visible do not count.",
        unit="s",
        synonyms=("delay", "delayed by", "after a delay of"),
        where=PROCEDURE,
        ge=0,
        le=3600,
    )
    number_of_targets: int | None = about(
        "How many different target locations were trained with the perturbation. Locations that served only for "
        "testing generalisation do not count.",
        synonyms=("targets", "target locations", "target directions"),
        where=PROCEDURE,
        ge=1,
        le=1000,
    )
    target_distance_cm: float | None = about(
        "Distance from the start position to the target, that is the radius of the ring of targets. Not the size of "
        "the target or the cursor.",
        unit="cm",
        synonyms=("target distance", "radius", "away from the start", "amplitude of the movement"),
        where=PROCEDURE,
        ge=0,
        le=1000,
    )
    target_hit_criterion: Literal["shooting_through", "stop_on_target", "other"] | None = about(
        "How a movement had to end.",
        synonyms=("shooting", "slicing", "ballistic", "stop in the target", "out-and-back"),
        where=PROCEDURE,
        choices={
            "shooting_through": "move through the target or past its distance without stopping there",
            "stop_on_target": "come to rest in the target",
            "other": "another rule",
        },
    )
    instruction_awareness: Literal["aim_report", "instructed_strategy", "uninstructed", "mixed", "other"] | None = (
        about(
            "What participants were told or asked about the perturbation and their aim.",
            synonyms=("instructions", "verbal report", "aiming", "strategy", "awareness"),
            where=PROCEDURE,
            choices={
                "aim_report": "they reported where they aimed, in words or by pointing, during training",
                "instructed_strategy": "they were told of the perturbation and of a strategy that counters it",
                "uninstructed": "they were told nothing of the perturbation and reported no aim",
                "mixed": "it differed between groups or phases",
                "other": "told of the perturbation without a strategy, told to ignore the cursor, or anything else",
            },
        )
    )
    retention_or_aftereffect_phase: bool | None = about(
        "Whether a phase after the perturbation measured what remained: aftereffects, washout, retention or trials "
        "without feedback or with the perturbation removed.",
        synonyms=("washout", "aftereffect", "retention", "post-test", "no-feedback block"),
        where=PROCEDURE,
    )
    number_of_trials_total: int | None = about(
        "How many trials (movements) one participant made in the whole session, all phases together. Null unless the "
        "paper gives this total itself; the trials of one phase or block are not it.",
        synonyms=("total of trials", "trials in total", "movements"),
        where=PROCEDURE,
        ge=1,
        le=1000000,
    )
    mechanism_focus: Literal["implicit", "explicit", "both", "other"] | None = about(
        "Which process of learning the experiment was made to study.",
        synonyms=("implicit adaptation", "explicit strategy", "re-aiming", "sensorimotor recalibration"),
        where="introduction, methods, discussion",
        choices={
            "implicit": "unconscious recalibration",
            "explicit": "deliberate strategies such as re-aiming",
            "both": "the two are told apart or compared",
            "other": "neither is the question",
        },
    )


class Motor(BaseModel):
    """Motor adaptation studies: how participants adapt their movements to a perturbation."""

    title: str | None = about(
        "The title of this paper.",
        where="first page",
        compare={"by": "text", "token_f1": 0.9, "contains": False},
        max_length=300,
    )
    authors: list[Name] | None = about(
        "The family names of the authors of this paper, all of them, in order. Not of papers that it cites.",
        where="first page, under the title",
        normalise=("surname",),
        max_length=12,
    )
    year: int | None = about(
        "The year in which this paper was published, or if that is not stated, accepted.",
        synonyms=("published", "accepted", "copyright"),
        where="first page",
        ge=1900,
        le=2100,
    )
    doi: str | None = about(
        "The DOI of this paper, beginning with 10.", where="first page, running head", normalise=("doi",), max_length=80
    )
    experiments: list[Experiment] = Field(
        default_factory=list,
        description="An experiment has participants and a procedure of its own and is usually numbered, such as "
        "Experiment 1. Groups, conditions, phases and blocks within it are not experiments of their own.",
        json_schema_extra={"x-max-records": 12},
    )


@hookimpl
def register_parameter_sets() -> dict[str, ParameterSet]:
    """motor."""
    return {"motor": parameter_set(Motor, "motor")}
