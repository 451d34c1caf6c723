"""Whether a model may take another one's place: a decision of figures, with its reasons."""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.label import Labels
from shared.evaluation.average_precision import score
from shared.evaluation.bootstrap import paired_bootstrap
from shared.evaluation.matching import ClassMatches, Measured, match
from shared.evaluation.verdict import Finding, GateTerms, Verdict

_GOOD: tuple[Finding, ...] = ("better", "above_floor")


def judge(
    labels: Labels,
    new: Measured,
    old: Measured | None,
    terms: GateTerms | None = None,
    *,
    forced_by: str | None = None,
) -> Verdict:
    """Decide whether `new` may go live in place of `old`.

    Args:
        labels: of pictures that neither model was trained on.
        old: the model that serves, measured on the same pictures; None where none does.
        forced_by: who wants it live whatever the figures say; recorded only where they say no.
    """
    terms = terms or GateTerms()
    known = old.classes if old is not None else ()
    common = _labelled(labels, [name for name in new.classes if name in known])
    compared = common or _labelled(labels, new.classes)
    verdict = Verdict(
        accepted=False,
        code="nothing_to_measure",
        message=f"No box of a class that {new.label} knows is labelled in the "
        f"{len(labels.pictures)} held-out pictures; label some.",
        pictures=len(labels.pictures),
        boxes=_boxes(labels, compared),
        compared=compared,
        gained=tuple(name for name in new.classes if old is not None and name not in known),
        lost=tuple(name for name in known if name not in new.classes),
        terms=terms,
        against=old.label if old is not None else None,
    )
    if compared:
        ahead = match(labels, new, compared)
        behind = match(labels, old, compared) if old is not None and common else None
        verdict = _find(_scored(verdict, ahead, behind), new.label, old.label if old else "")
    return _closed(verdict, forced_by)


def _labelled(labels: Labels, names: Sequence[str]) -> tuple[str, ...]:
    """Those of these classes of which there is a box."""
    return tuple(name for name in names if _boxes(labels, (name,)))


def _boxes(labels: Labels, names: Sequence[str]) -> int:
    wanted = {number for number, name in enumerate(labels.classes) if name in names}
    return sum(box.class_id in wanted for picture in labels.pictures for box in picture.boxes)


def _scored(
    verdict: Verdict, ahead: Sequence[ClassMatches], behind: Sequence[ClassMatches] | None
) -> Verdict:
    """With scores; the interval only where there is enough to draw from."""
    new, old = score(ahead), score(behind) if behind is not None else None
    if new is None or old is None or behind is None:
        return replace(verdict, new=new)
    terms, interval = verdict.terms, None
    if verdict.pictures >= terms.least_pictures and verdict.boxes >= terms.least_boxes:
        interval = paired_bootstrap(ahead, behind, confidence=terms.confidence)
    difference = new.map50_95 - old.map50_95
    return replace(verdict, new=new, old=old, difference=difference, interval=interval)


def _find(verdict: Verdict, new: str, old: str) -> Verdict:
    """What the figures say."""
    terms, reached = verdict.terms, verdict.new.map50_95 if verdict.new else 0.0
    interval, difference = verdict.interval, verdict.difference
    ahead = difference is None or (difference > 0 and difference >= terms.margin)
    code: Finding
    if interval is not None:
        code = "better" if ahead and interval.low > 0 else "not_better"
    elif reached < terms.floor:
        code = "below_floor"
    else:
        code = "above_floor" if ahead else "not_better"
    return replace(verdict, code=code, message=_sentence(verdict, new, old))


def _sentence(verdict: Verdict, new: str, old: str) -> str:
    reached = verdict.new.map50_95 if verdict.new else 0.0
    said = f"{new} reaches mAP50-95 {reached:.3f}"
    if verdict.old is not None and verdict.difference is not None:
        said += f" and {old} {verdict.old.map50_95:.3f} ({verdict.difference:+.3f}"
        if verdict.interval is not None:
            low, high = verdict.interval.low, verdict.interval.high
            said += f", with {verdict.interval.confidence:.1%} confidence {low:+.3f} to {high:+.3f}"
        said += ")"
    said += f" on {verdict.pictures} pictures with {verdict.boxes} boxes"
    if verdict.lost:
        said += f", and no longer knows {', '.join(verdict.lost)}"
    return f"{said}; {_asked(verdict)}."


def _asked(verdict: Verdict) -> str:
    margin, floor = verdict.terms.margin, verdict.terms.floor
    if verdict.interval is not None:
        return f"asked is a margin of {margin:.3f}, and an interval above 0"
    if verdict.old is not None:
        return f"asked on so few is a margin of {margin:.3f}, and {floor:.3f} at least"
    return f"asked of a model that cannot be compared is {floor:.3f} at least"


def _closed(verdict: Verdict, forced_by: str | None) -> Verdict:
    """With the decision."""
    if verdict.code in _GOOD:
        return replace(verdict, accepted=True)
    if forced_by is None:
        return verdict
    message = f"Accepted by force of {forced_by}, although: {verdict.message}"
    return replace(verdict, accepted=True, forced_by=forced_by, message=message)
