"""What everybody may read: home, announcements, the year's plan of classes, contacts, how-to."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from backoffice.core.links import VISITOR
from backoffice.core.models import Announcement, Attachment
from backoffice.core.scoping import visible_to
from backoffice.core.urls import answer
from registry.models import LocalBody
from training.models import TrainingClass
from training.services import open_classes, with_seats

HOME_ANNOUNCEMENTS = 5
HOME_CLASSES = 6
PER_PAGE = 20
CLASSES_PER_PAGE = 50


def announcements() -> "QuerySet[Announcement]":
    return visible_to(Announcement, VISITOR, queryset=Announcement.public())


def classes() -> "QuerySet[TrainingClass]":
    """The open classes, each with the seats that are left."""
    return visible_to(TrainingClass, VISITOR, queryset=with_seats(open_classes()))


def bodies() -> "QuerySet[LocalBody]":
    return visible_to(LocalBody, VISITOR).filter(is_active=True)


def page_of(request: HttpRequest, rows: "QuerySet[Any]", size: int) -> Page:
    """The page the address asks for; the nearest one there is for a number that makes no sense."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    shown = list(classes()[: HOME_CLASSES + 1])
    return render(
        request, "public/home.html",
        {"announcements": announcements()[:HOME_ANNOUNCEMENTS], "classes": shown[:HOME_CLASSES],
         "more_classes": len(shown) > HOME_CLASSES},
    )  # fmt: skip


@require_safe
def announcement_list(request: HttpRequest) -> HttpResponse:
    return render(request, "public/announcements.html", {"page": page_of(request, announcements(), PER_PAGE)})


@require_safe
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """One announcement; a draft and one for later are not there yet (404)."""
    row = get_object_or_404(announcements(), pk=pk)
    return render(request, "public/announcement.html", {"announcement": row, "files": files_of(row)})


def files_of(row: Announcement) -> "QuerySet[Attachment]":
    return Attachment.of(row).filter(removed_at=None)


@require_safe
def announcement_file(request: HttpRequest, pk: int, file_pk: int, form: str = "show") -> FileResponse:
    """An attachment of an announcement, for as long as the announcement is public."""
    row = get_object_or_404(announcements(), pk=pk)
    file = get_object_or_404(files_of(row), pk=file_pk)
    response = answer(file, download=form == "download", small=form == "thumb")
    response["Cache-Control"] = "private, max-age=600"
    return response


@require_safe
def class_list(request: HttpRequest) -> HttpResponse:
    """The year's plan (manual ch. 4b-1): what is open now, by body and type."""
    every = classes()
    wanted_body, wanted_type = request.GET.get("body", ""), request.GET.get("type", "")
    rows = every
    if wanted_body:
        rows = rows.filter(local_body__code=wanted_body)
    if wanted_type:
        rows = rows.filter(type=wanted_type)
    context = {
        "page": page_of(request, rows, CLASSES_PER_PAGE),
        "bodies": bodies().filter(pk__in=every.order_by().values("local_body")),
        "types": TrainingClass.Type.choices,
        "wanted_body": wanted_body, "wanted_type": wanted_type,
    }  # fmt: skip
    return render(request, "public/classes.html", context)


@require_safe
def contacts(request: HttpRequest) -> HttpResponse:
    """The service bodies (manual ch. 8): who to ask, and where papers are sent."""
    groups: dict[str, list[LocalBody]] = {kind.label: [] for kind in LocalBody.Kind}  # type: ignore[misc]
    for body in bodies():
        groups[body.get_kind_display()].append(body)
    return render(request, "public/contacts.html", {"groups": groups})


@require_safe
def howto(request: HttpRequest) -> HttpResponse:
    return render(request, "public/howto.html")


#: What no search engine has any business in: sign-in, accounts, private files, links to single records.
PRIVATE_FOLDERS = (
    "/admin/",
    "/account/",
    "/files/",
    "/i18n/",
    "/a/",
    "/help/sent/",
    "/apply/employers/",
    "/apply/check/",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """For search engines: the public pages, and nothing else."""
    lines = ["User-agent: *", *(f"Disallow: {folder}" for folder in PRIVATE_FOLDERS), ""]
    return HttpResponse("\n".join(lines), content_type="text/plain")
