"""RunningMattersMixin: an edit that breaks into running matters is named first, confirmed, and told afterwards.

class PersonAdmin(RunningMattersMixin, …, HistoryAdmin, ScopedAdmin):
    breaking_fields = ("name", "id_number", "company")
"""

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice.core import running

CONFIRMED = "confirm_running"


class RunningMattersMixin:
    """Mixin before HistoryAdmin; what hangs on the record says `running.offer()`."""

    breaking_fields: ClassVar[tuple[str, ...]] = ()
    #: Of these those who look after the matters are not told: it changes nothing for them.
    told_fields: ClassVar[tuple[str, ...] | None] = None

    def odd(self, obj: Any, changed: set[str]) -> list[str]:
        """Hook: what makes one hesitate before saving these changes, as sentences."""
        return []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        return confirming(form, self, request) if change else form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and tell those whose running matters it concerns."""
        told = self.breaking_fields if self.told_fields is None else self.told_fields
        names = [name for name in told if change and name in form.changed_data]
        before = type(obj)._default_manager.filter(pk=obj.pk).first() if names else None
        matters = running.matters_of(before) if before is not None else []
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        if matters:
            running.tell(matters, running.changed(obj, names, before))


def confirming(form: type[forms.ModelForm], model_admin: Any, request: HttpRequest) -> type[forms.ModelForm]:
    """The form that is saved only once the user has confirmed what it concerns."""

    class ConfirmingForm(form):  # type: ignore[misc,valid-type]
        def _post_clean(self) -> None:
            super()._post_clean()
            names = set(model_admin.breaking_fields) & set(self.changed_data)
            if not names or self.errors or CONFIRMED in self.data:
                return
            stored = type(self.instance)._default_manager.get(pk=self.instance.pk)
            remarks = [text for _tone, text in running.notes([stored], request.user)]
            remarks += model_admin.odd(self.instance, names)
            if remarks:
                self.add_error(None, forms.ValidationError([*remarks, checkbox()]))

    return ConfirmingForm


def checkbox() -> Any:
    """It stands with the remarks above the form, inside it; no script is needed."""
    return format_html(
        '<label><input type="checkbox" name="{}" value="1"> {}</label>',
        CONFIRMED, _("I have read this. Save it all the same."),
    )  # fmt: skip
