"""Begin an enrolment (manual ch. 4b-1): choose type and mode, and one of the classes that are open to it."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from backoffice.core.engine import start
from backoffice.core.scoping import visible_to
from registry.admin.drafts import page_of
from registry.models import Company
from training.drafting import empty_draft, usual_contact
from training.models import Enrolment, TrainingClass
from training.services import open_classes, with_seats

Type, Mode = TrainingClass.Type, TrainingClass.Mode


class BeginMixin:
    """The “add” page of enrolments: the open classes, one click each."""

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if (hindrance := self.hindrance(request)) is not None:  # type: ignore[attr-defined]
            return self.cannot_begin(request, *hindrance)  # type: ignore[attr-defined, no-any-return]
        if request.method == "POST":
            return self.begin(request)
        return self.begin_page(request)

    def begin(self, request: HttpRequest) -> HttpResponse:
        """Start a draft in the class, or lead to the one that a first click has started."""
        given = request.POST.get("training_class", "")
        pk = int(given) if given.isdecimal() and len(given) < 19 else 0
        chosen = open_classes().filter(pk=pk).first()
        if chosen is None:
            messages.error(request, _("This class takes no enrolments any more; choose another one."))
            return HttpResponseRedirect(request.get_full_path())
        user: Any = request.user
        with transaction.atomic():
            company = Company.objects.select_for_update(of=("self",)).get(pk=user.company_id)
            draft = empty_draft(user, chosen) or start(
                Enrolment(company=company, training_class=chosen, created_by=user, **usual_contact(user)),
                by=user,
            )
        return HttpResponseRedirect(page_of(draft, "roster"))

    def begin_page(self, request: HttpRequest) -> HttpResponse:
        classes = list(with_seats(open_classes()))
        counts = Counter(row.type for row in classes)
        usual = Type.CONTINUING if counts[Type.CONTINUING] or not counts else Type.PRACTICE
        chosen = request.GET.get("type") if request.GET.get("type") in Type.values else usual
        mode = request.GET.get("mode") if request.GET.get("mode") in Mode.values else ""
        of_type = [row for row in classes if row.type == chosen]
        modes = Counter(row.mode for row in of_type)
        shown = [row for row in of_type if mode in ("", row.mode)]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Begin an enrolment"), "opts": self.opts,  # type: ignore[attr-defined]
            "types": [(value, label, counts[value]) for value, label in Type.choices], "chosen": chosen,
            "modes": [("", _("All"), len(of_type)), *((value, label, modes[value]) for value, label in Mode.choices)],
            "mode": mode, "rows": with_drafts(shown, request.user), "any_open": bool(classes),
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/begin.html", context)


def with_drafts(classes: list[Any], user: Any) -> list[dict[str, Any]]:
    """Each class with its free seats and the company's drafts in it, in one query."""
    drafts: dict[int, list[Enrolment]] = {}
    mine = visible_to(Enrolment, user).filter(state=Enrolment.State.DRAFT, training_class__in=classes)
    for draft in mine.exclude(lines=None).distinct().order_by("-pk"):
        drafts.setdefault(draft.training_class_id, []).append(draft)
    return [
        {
            "class": row,
            "free": max(row.free_seats, 0),
            "drafts": drafts.get(row.pk, ())[:3],
        }
        for row in classes
    ]
