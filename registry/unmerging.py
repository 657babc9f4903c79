"""Undo of a merge: the values, and exactly the rows that were moved, go back; or nothing, with the reasons why not."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.accounts.services import record
from backoffice.core import subjects, written
from backoffice.core.flow import Flow
from backoffice.core.locks import again_after_deadlock
from backoffice.core.models import Task
from backoffice.roles import allows
from registry.imports import sql
from registry.imports.write import follow_holders
from registry.merge_children import (
    hang_on,
    hanging_on,
    lock_children,
    move,
    pointing_at,
    tracks,
)
from registry.merging import MergeRefused, compared_fields, desk_role, title_of, unique_fields
from registry.models import Certificate, Company, DuplicatePair, FormerName, Merge, Person
from registry.services import move_certificates_to_region


@again_after_deadlock
@transaction.atomic
def undo(done: Merge, *, by: Any) -> Merge:
    """Put everything back as it was before the merge; raise MergeRefused and change nothing otherwise."""
    if not allows(by.role, "change", Merge._meta.label):
        raise PermissionDenied
    done = Merge.objects.select_for_update(of=("self",)).get(pk=done.pk)
    if done.undone_at is not None:
        raise MergeRefused(
            _("Already undone by %(who)s at %(when)s.") % {
                "who": done.undone_by, "when": written.moment(done.undone_at),
            }
        )  # fmt: skip
    kept, merged = lock_again(done)
    if reasons := list(blockers(done, kept, merged)):
        raise MergeRefused("\n".join(reasons))
    text = _("Merge undone: %(merged)s and %(kept)s are two records again. The merge's reason was: %(reason)s") % {
        "merged": title_of(merged), "kept": title_of(kept), "reason": done.reason,
    }  # fmt: skip
    put_back_values(done, kept, merged, by, text)
    put_back_children(done, kept, merged, sql.Stamp(sql.now()[1], text, by.pk, None))
    put_back_users(done, by, text)
    put_back_certificates(done, kept, merged)
    put_back_pairs(done)
    for row in (kept, merged):
        subjects.renew_those_of(row)
    done.undone_by, done.undone_at = by, timezone.now()
    done.save(update_fields=["undone_by", "undone_at"])
    return done


def records_of(done: Merge) -> tuple[Any, Any]:
    """The kept and the merged record as they are now; None where one is gone."""
    model: Any = done.content_type.model_class()
    found = model._default_manager.in_bulk([done.kept_id, done.merged_id])
    return found.get(done.kept_id), found.get(done.merged_id)


def lock_again(done: Merge) -> tuple[Any, Any]:
    model: Any = done.content_type.model_class()
    ids = [done.kept_id, done.merged_id]
    sql.one_import_at_a_time("certificates")
    rows = model._default_manager.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    found = {row.pk: row for row in rows}
    if len(found) < 2:
        raise MergeRefused(_("One of the two records does not exist any more."))
    lock_children(model, ids)
    return found[done.kept_id], found[done.merged_id]


# --- May it be undone? ---------------------------------------------------------------------------------


def blockers(done: Merge, kept: Any, merged: Any) -> Iterator[str]:
    """Sentences: what was built on the merge since."""
    if kept.merged_into_id is not None:
        yield _("%(kept)s itself was merged into %(other)s since; undo that merge first.") % {
            "kept": title_of(kept), "other": title_of(kept.merged_into),
        }  # fmt: skip
        return
    if merged.merged_into_id != kept.pk:
        yield _("%(merged)s is no longer part of %(kept)s.") % {
            "merged": title_of(merged),
            "kept": title_of(kept),
        }
        return
    yield from changed_numbers(done, kept, merged)
    yield from moved_on(done, kept)
    yield from changed_users(done)


def changed_numbers(done: Merge, kept: Any, merged: Any) -> Iterator[str]:
    """Names and numbers of which no two records may have the same: they can only go back as they were given."""
    for key, row in (("kept", kept), ("merged", merged)):
        values = done.undo_data["values"][key]
        for field in unique_fields(type(kept)):
            old, new = values[field.attname]
            # What the merge left alone may be corrected since, on the kept record.
            if getattr(row, field.attname) != new and (old != new or row is merged):
                yield _("%(field)s of %(record)s was changed since.") % {
                    "field": capfirst(str(field.verbose_name)), "record": title_of(row),
                }  # fmt: skip


def moved_on(done: Merge, kept: Any) -> Iterator[str]:
    """Rows that belong to somebody else by now, or are gone."""
    counted: list[tuple[Any, int]] = []
    for child, field, ids in moved_rows(done):
        if child is not Certificate or field.name != "company":  # follows the holder
            counted.append((child, len(ids) - pointing_at(child, field, ids, kept.pk)))
    for label, ids in done.undo_data["owned"].items():
        counted.append((apps.get_model(label), len(ids) - hanging_on(apps.get_model(label), ids, kept)))
    for model, count in counted:
        if count:
            yield _("%(what)s that were moved and belong to other records since: %(count)d.") % {
                "what": capfirst(str(model._meta.verbose_name_plural)), "count": count,
            }  # fmt: skip


def changed_users(done: Merge) -> Iterator[str]:
    entries = done.undo_data.get("users", [])
    users = User.objects.in_bulk([entry["before"]["id"] for entry in entries])
    for entry in entries:
        before, after, user = entry["before"], entry["after"], users.get(entry["before"]["id"])
        if user is None or (user.person_id, user.username) != (after["person_id"], after["username"]):
            yield _("The sign-in %(name)s was changed since.") % {"name": after["username"]}
            continue
        others = User.objects.filter(username__iexact=before["username"]).exclude(pk__in=users)
        if before["username"] != after["username"] and others.exists():
            yield _("The login name %(name)s was given to %(user)s since.") % {
                "name": before["username"], "user": others[0],
            }  # fmt: skip


def moved_rows(done: Merge) -> Iterator[tuple[Any, models.ForeignKey, list[int]]]:
    for name, ids in done.undo_data["moved"].items():
        label, _dot, field = name.rpartition(".")
        child = apps.get_model(label)
        yield child, child._meta.get_field(field), ids  # type: ignore[misc]


# --- Putting back ------------------------------------------------------------------------------------


def put_back_values(done: Merge, kept: Any, merged: Any, by: Any, text: str) -> None:
    """What the merge changed and nobody changed since gets its former value."""
    fields = {field.attname: field for field in compared_fields(type(kept))}
    unique = {field.attname for field in unique_fields(type(kept))}
    swapped = {}
    for key, row in (("kept", kept), ("merged", merged)):
        for attname, (old, new) in done.undo_data["values"][key].items():
            field = fields[attname]
            if old == new or getattr(row, attname) != field.to_python(new):
                continue
            if attname in unique:
                swapped[attname] = None if field.null else f"~{merged.pk}"
            setattr(row, attname, field.to_python(old))
    if swapped:
        type(kept)._default_manager.filter(pk=merged.pk).update(**swapped)
    merged.merged_into = None
    for row in (kept, merged):
        row._history_user, row._change_reason = by, text
        row.save()
        row._change_reason = None


def put_back_children(done: Merge, kept: Any, merged: Any, stamp: sql.Stamp) -> None:
    undo_data = done.undo_data
    for child, field, ids in moved_rows(done):
        move(child, field, ids, merged.pk)
        if tracks(child, field):
            sql.write_history(child, ids, "~", stamp)
    for label, ids in undo_data["owned"].items():
        hang_on(apps.get_model(label), ids, merged)
    if undo_data.get("former_name"):
        FormerName.objects.filter(pk=undo_data["former_name"], company=kept.pk).delete()
    role = desk_role(type(kept))
    Task.objects.filter(pk__in=undo_data["tasks"], role=role, bound_id=kept.pk).update(bound_id=merged.pk)
    for child, field, ids in moved_rows(done):
        # Tasks that the moved flows opened since are at the desk the flow names again.
        if issubclass(child, Flow) and any(desk.bound == field.attname for desk in child.desks.values()):
            tasks = Task.objects.filter(content_type__app_label=child._meta.app_label,
                                        content_type__model=child._meta.model_name, object_id__in=ids,
                                        role=role, bound_id=kept.pk)  # fmt: skip
            tasks.update(bound_id=merged.pk)


def put_back_users(done: Merge, by: Any, text: str) -> None:
    entries = done.undo_data.get("users", [])
    users = User.objects.select_for_update(of=("self",)).in_bulk([entry["before"]["id"] for entry in entries])
    renamed = [pk for entry in entries if (pk := entry["before"]["id"]) and is_renamed(entry)]
    for pk in renamed:  # names change places
        User.objects.filter(pk=pk).update(username=f"~{pk}")
    for entry in entries:
        before, after, user = entry["before"], entry["after"], users[entry["before"]["id"]]
        user.person_id, user.username = before["person_id"], before["username"]
        if before["is_active"] != after["is_active"]:
            user.is_active = before["is_active"]
        record(user, by, text, "person", "username", "is_active")


def is_renamed(entry: dict[str, Any]) -> bool:
    return bool(entry["before"]["username"] != entry["after"]["username"])


def put_back_certificates(done: Merge, kept: Any, merged: Any) -> None:
    """Company and region of certificates are their holders' again."""
    if isinstance(kept, Person):
        follow_holders([kept.pk, merged.pk])
        return
    ids = done.undo_data["moved"].get("registry.Certificate.company", [])
    if ids:
        condition, param = sql.among("id", ids)
        statement = f"SELECT DISTINCT person_id FROM {sql.table_of(Certificate)} WHERE {condition}"  # noqa: S608
        holders = sql.select(statement, param)
        follow_holders([row[0] for row in holders])
    if isinstance(kept, Company):
        move_certificates_to_region(kept)


def put_back_pairs(done: Merge) -> None:
    """The office is asked again about what the merge had settled."""
    known = done.undo_data.get("pairs", {"changed": [], "new": []})
    for pk, status, decided_by, decided_at in known["changed"]:
        pairs = DuplicatePair.objects.filter(pk=pk, status=DuplicatePair.Status.MERGED)
        pairs.update(status=status, decided_by=decided_by, decided_at=decided_at or None)
    DuplicatePair.objects.filter(pk__in=known["new"], status=DuplicatePair.Status.OPEN).delete()
