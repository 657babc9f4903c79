"""The forms of the roster page: contact and class, and one line of the grid."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from registry.models import Certificate
from training.models import Enrolment, EnrolmentLine, TrainingClass
from training.services import open_classes

Matter = EnrolmentLine.Matter


class ContactForm(forms.ModelForm):
    """Who handles the enrolment, a remark, and the class: another open one of the same type may be chosen."""

    class Meta:
        model = Enrolment
        fields = ("contact_name", "contact_phone", "remark", "training_class")
        widgets = {
            "contact_name": UnfoldAdminTextInputWidget({"autocomplete": "name"}),
            "contact_phone": UnfoldAdminTextInputWidget({"autocomplete": "tel", "inputmode": "tel"}),
            "remark": UnfoldAdminTextInputWidget(),
            "training_class": UnfoldAdminSelectWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present: TrainingClass = self.instance.training_class
        here = TrainingClass.objects.filter(pk=present.pk).select_related("local_body")
        field: Any = self.fields["training_class"]
        field.queryset = open_classes().filter(type=present.type).order_by() | here
        field.empty_label = None

    def save(self, commit: bool = True) -> Any:
        """Another class may have another reviewer; of practice training also another certificate type."""
        moved = "training_class" in self.changed_data
        enrolment = self.instance
        enrolment.local_body = enrolment.training_class.local_body
        enrolment = super().save(commit)
        category = enrolment.training_class.category
        if moved and category and enrolment.training_class.type == TrainingClass.Type.PRACTICE:
            for line in enrolment.lines.exclude(category=category):
                line.category = category
                line._history_user = getattr(enrolment, "_history_user", None)
                line.save()
        return enrolment


class LineForm(forms.Form):
    """What the grid sends of one line; a field that it does not show is left alone."""

    line = forms.IntegerField()
    matter = forms.ChoiceField(
        label=_("matter"),
        choices=[row for row in Matter.choices if row[0] != Matter.PRACTICE],
        required=False,
    )
    category = forms.ChoiceField(
        label=_("certificate type"), choices=Certificate.Type.choices, required=False
    )
    change_remark = forms.CharField(label=_("remark on the change"), max_length=200, required=False)
    is_waived = forms.BooleanField(required=False)

    def values(self) -> dict[str, Any]:
        """The cleaned values, None for what the grid did not show."""
        shown = {
            "matter": "matter" in self.data, "category": "category" in self.data,
            "change_remark": "change_remark" in self.data, "is_waived": "shows_waiver" in self.data,
        }  # fmt: skip
        return {name: self.cleaned_data[name] if there else None for name, there in shown.items()}
