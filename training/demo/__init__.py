"""The training department's part of the demo: the year's classes, and enrolments in every state."""

from training.demo.classes import go_on_with_classes, tell_classes
from training.demo.enrolments import SEED, tell_enrolments, tell_papers
from training.demo.story import EnrolmentStories

__all__ = ["EnrolmentStories", "tell_classes", "tell_training"]


def tell_training() -> None:
    """Companies enrol, classes begin and end, receipts are written; after the classes were planned."""
    stories = EnrolmentStories(SEED)
    tell_enrolments(stories)
    go_on_with_classes(stories)
    tell_papers(stories)
