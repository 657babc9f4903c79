"""What cannot be true of a result, and what is so unusual that somebody confirms it: one roster for all doors (the grid
of a face-to-face class, the files, the learning list)."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from training.models import EnrolmentLine
from training.results.record import Result

#: Some examinations have 120 or 150 points; most have 100.
USUAL_POINTS = 100


def impossible(line: EnrolmentLine, result: Result) -> str:
    """Why this result cannot be, as a sentence; empty if it can. Dates and hours are asked of face-to-face classes."""
    course = line.enrolment.training_class
    if course.is_online or not says_something(result):
        return ""
    if course.start_date and course.start_date > timezone.localdate():
        return _("%(name)s: the class begins on %(day)s only. Enter hours and results from then on.") % {
            "name": line.name, "day": course.start_date.isoformat(),
        }  # fmt: skip
    if result.passed and hours_of(line, result) == 0:
        return _("%(name)s: passed with 0 hours attended. Enter the hours, or the result “failed”.") % {
            "name": line.name
        }
    return ""


def odd(line: EnrolmentLine, result: Result) -> list[str]:
    """What somebody should look at again before it is stored, as sentences."""
    course, hours = line.enrolment.training_class, hours_of(line, result)
    found = []
    if result.score is not None and result.score > USUAL_POINTS and result.score != line.score:
        found.append(
            _("%(name)s: %(score)s points are more than 100.") % {"name": line.name, "score": result.score}
        )
    if result.passed is None:
        return found
    if result.passed and course.is_online and hours == 0:
        found.append(_("%(name)s: passed with 0 study hours.") % {"name": line.name})
    if course.is_online:
        return found
    if result.passed and hours is None:
        found.append(_("%(name)s: passed, and no hours are entered.") % {"name": line.name})
    if course.end_date and course.end_date > timezone.localdate():
        found.append(_("%(name)s: the class lasts until %(day)s.") % {
            "name": line.name, "day": course.end_date.isoformat(),
        })  # fmt: skip
    return found


def says_something(result: Result) -> bool:
    return result.passed is not None or bool(result.study_hours) or result.score is not None


def hours_of(line: EnrolmentLine, result: Result) -> Any:
    """The hours after this result: those it names, else those entered before."""
    return result.study_hours if result.study_hours is not None else line.study_hours
