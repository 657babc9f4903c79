"""Merging duplicates (specification 6): one record is kept, everything that hangs on the other moves to it.

The merged record stays, hidden (`merged_into`), with the unique values the kept one did not take, so that its ID
number, credit code and name still lead to the kept one. `merged_into` always names a record that is not merged
itself. What was moved is written down in `Merge.undo_data`; `registry/unmerging.py` puts it back.
"""

from collections.abc import Collection
from typing import Any, Final

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.accounts.services import record
from backoffice.core import running, subjects, written
from backoffice.core.locks import again_after_deadlock
from backoffice.core.models import Task
from backoffice.core.scoping import visible_to
from backoffice.roles import BINDINGS, allows
from registry.duplicates import Kind, Status, ordered, pair_label
from registry.imports import sql
from registry.imports.write import follow_holders
from registry.merge_children import children, clashing, lock_children, move, move_owned, tracks
from registry.models import Company, DuplicatePair, FormerName, Merge, Person
from registry.services import move_certificates_to_region

Record = Person | Company
#: The kinds of pairs, by the model of their records.
KINDS: Final[dict[type[models.Model], str]] = {Person: Kind.PERSON, Company: Kind.COMPANY}
MODELS: Final[dict[str, Any]] = {kind: model for model, kind in KINDS.items()}


class MergeRefused(Exception):
    """Nothing was merged (or put back), and nothing written; `str()` is a sentence for the user."""


def compared_fields(model: Any) -> list[models.Field]:
    """The fields whose values are chosen: those people edit; the rest follows from them."""
    return [field for field in model._meta.concrete_fields if field.editable and not field.primary_key]


def unique_fields(model: Any) -> list[models.Field]:
    return [field for field in compared_fields(model) if field.unique]


def seen(one: Record, other: Record) -> str:
    """What the comparison page was made from: it changes when one of the two records does."""
    return "-".join(str(latest(record)) for record in sorted((one, other), key=lambda row: row.pk))


def latest(row: Record) -> int:
    found = type(row).history.filter(id=row.pk).order_by("-history_id").values_list("history_id", flat=True)  # type: ignore[union-attr]
    return found.first() or 0


def title_of(row: Record) -> str:
    return f"{row.name} {row.id_number}" if isinstance(row, Person) else row.name


# --- Merge -------------------------------------------------------------------------------------------


@again_after_deadlock
@transaction.atomic
def merge(
    kept: Record,
    merged: Record,
    *,
    take: Collection[str] = (),
    by: Any,
    reason: str,
    as_seen: str | None = None,
) -> Merge:
    """Let `merged` go into `kept` and return what was done; raise MergeRefused and change nothing otherwise.

    `take` names the fields whose value comes from the merged record; `as_seen` is the `seen()` of the page on
    which it was decided.
    """
    if not allows(by.role, "change", Merge._meta.label):
        raise PermissionDenied
    if not reason.strip():
        raise MergeRefused(_("Write a reason: it stands in the history of both records."))
    kept, merged = lock_both(kept, merged, by)
    if as_seen is not None and as_seen != seen(kept, merged):
        raise MergeRefused(_("One of the two records was changed after you opened this page. It now shows the "
                             "present values; look at them and decide again."))  # fmt: skip
    refuse_clashes(kept, merged)
    text = _("Merged: %(merged)s went into %(kept)s. %(reason)s") % {
        "merged": title_of(merged), "kept": title_of(kept), "reason": reason.strip(),
    }  # fmt: skip
    stamp = sql.Stamp(sql.now()[1], text, by.pk, None)
    done = Merge(content_type=ContentType.objects.get_for_model(kept), kept_id=kept.pk, merged_id=merged.pk,
                 label=f"{title_of(merged)[:120]} → {title_of(kept)[:120]}", reason=reason.strip(), by=by)  # fmt: skip
    undo, matters = done.undo_data, running.matters_of(merged)
    undo["values"] = take_values(kept, merged, take, by, text)
    undo["moved"] = move_children(kept, merged, stamp)
    undo["owned"] = move_owned(kept, merged)
    undo["tasks"] = move_desk(kept, merged)
    if isinstance(kept, Company):
        undo["former_name"] = keep_name(kept, merged)
        move_certificates_to_region(kept)
    else:
        old, new = undo["values"]["kept"]["id_number"]
        undo["users"] = join_users(kept, merged, by, text, renamed=old != new)
        follow_holders([kept.pk])
    undo["pairs"] = settle_pairs(kept, merged, by)
    subjects.renew_those_of(kept)
    tell_those_concerned(matters, kept, merged)
    done.save()
    return done


def tell_those_concerned(matters: list[Any], kept: Record, merged: Record) -> None:
    """What was under way with the merged record goes on with the kept one (core/running.py)."""
    with translation.override(settings.LANGUAGE_CODE):
        what = _("%(merged)s was in the register twice; both are one record now: %(kept)s.") % {
            "merged": merged, "kept": kept,
        }  # fmt: skip
    running.tell(matters, what)


def lock_both(kept: Record, merged: Record, by: Any) -> tuple[Any, Any]:
    """Both rows as they are now, locked in one order; refused where one is gone or merged already."""
    model = type(kept)
    if kept.pk == merged.pk or model is not type(merged):
        raise MergeRefused(_("Choose two different records."))
    sql.one_import_at_a_time("certificates")  # an import must not add to a record that is going away
    rows = visible_to(model, by).select_for_update(of=("self",)).filter(pk__in=[kept.pk, merged.pk])
    found = {row.pk: row for row in rows.order_by("pk")}
    for row in (kept, merged):
        if row.pk not in found:
            raise MergeRefused(why_gone(row))
    lock_children(model, [kept.pk, merged.pk])
    return found[kept.pk], found[merged.pk]


def why_gone(row: Record) -> str:
    """Who merged the record meanwhile, and into what."""
    done = Merge.objects.filter(
        content_type=ContentType.objects.get_for_model(row), merged_id=row.pk, undone_at=None
    ).first()
    now = type(row)._default_manager.filter(pk=row.pk).select_related("merged_into").first()
    if done is None or now is None or now.merged_into is None:
        return _("%(record)s does not exist any more.") % {"record": title_of(row)}
    return _("%(record)s was merged into %(kept)s already, by %(who)s at %(when)s.") % {
        "record": title_of(row), "kept": title_of(now.merged_into), "who": done.by,
        "when": written.moment(done.at),
    }  # fmt: skip


def refuse_clashes(kept: Record, merged: Record) -> None:
    """Two open flows of a kind that may be open once only cannot become one: people decide first."""
    for child, field in children(type(kept)):
        rows = [] if child is FormerName else clashing(child, field, kept.pk, merged.pk)
        if rows:
            raise MergeRefused(
                _("Both records have this under way: %(what)s “%(record)s”. Let one of the two be finished or "
                  "cancelled, then merge.") % {"what": child._meta.verbose_name, "record": rows[0]}
            )  # fmt: skip


def take_values(kept: Any, merged: Any, take: Collection[str], by: Any, text: str) -> dict[str, Any]:
    """Write the chosen values; unique ones change places. Returns what each of the two had, and has now."""
    model = type(kept)
    fields = [field for field in compared_fields(model) if field.name in take]
    unique = {field.attname for field in unique_fields(model)}
    before = [values_of(row, fields, unique) for row in (kept, merged)]
    swapped = [field for field in fields if field.unique and value(kept, field) != value(merged, field)]
    if swapped:  # give the merged row something else for a moment, or the kept one would not be unique
        passing = {field.attname: None if field.null else f"~{merged.pk}" for field in swapped}
        model._default_manager.filter(pk=merged.pk).update(**passing)
    for field in fields:
        mine, theirs = value(kept, field), value(merged, field)
        setattr(kept, field.attname, theirs)
        if field.unique:
            setattr(merged, field.attname, mine)
    merged.merged_into = kept
    for row in (kept, merged):
        row._history_user, row._change_reason = by, text
        row.save()
        row._change_reason = None
    after = [values_of(row, fields, unique) for row in (kept, merged)]
    return {
        name: {attname: [old, new[attname]] for attname, old in was.items()}
        for name, was, new in zip(("kept", "merged"), before, after, strict=True)
    }


def value(row: Any, field: models.Field) -> Any:
    return getattr(row, field.attname)


def values_of(row: Any, fields: list[models.Field], unique: Collection[str]) -> dict[str, Any]:
    """The values of the chosen and the unique fields, as JSON keeps them."""
    names = {field.attname for field in fields} | set(unique)
    return {
        field.attname: field.value_to_string(row)
        if hasattr(value(row, field), "isoformat")
        else value(row, field)
        for field in compared_fields(type(row))
        if field.attname in names
    }


# --- What hangs on the merged record -------------------------------------------------------------------


def move_children(kept: Record, merged: Record, stamp: sql.Stamp) -> dict[str, list[int]]:
    """Every row of any app that refers to the merged record; returns the ids by "app.Model.field"."""
    moved: dict[str, list[int]] = {}
    for child, field in children(type(kept)):
        left = {row.pk for row in clashing(child, field, kept.pk, merged.pk)}
        rows = child._default_manager.filter(**{field.name: merged.pk}).order_by("pk")
        ids = [pk for pk in rows.values_list("pk", flat=True) if pk not in left]
        if ids:
            move(child, field, ids, kept.pk)
            moved[f"{child._meta.label}.{field.name}"] = ids
            if tracks(child, field):
                sql.write_history(child, ids, "~", stamp)
    return moved


def desk_role(model: Any) -> str:
    """The role whose users are bound to records of this model; their tasks name the record."""
    for role, binding in BINDINGS.items():
        if User._meta.get_field(binding.removesuffix("_id")).related_model is model:
            return str(role)
    return ""


def move_desk(kept: Record, merged: Record) -> list[int]:
    """What waits, or was done, at the merged record's desk stands at the kept one's."""
    tasks = Task.objects.filter(role=desk_role(type(kept)), bound_id=merged.pk)
    ids = list(tasks.order_by("pk").values_list("pk", flat=True))
    if ids:
        tasks.update(bound_id=kept.pk)
    return ids


def keep_name(kept: Company, merged: Any) -> int | None:
    """The name that was not chosen is a former name of the kept company: search and imports find it."""
    name, new = FormerName.objects.get_or_create(
        company=kept, name=merged.name, defaults={"until": timezone.localdate()}
    )
    return name.pk if new else None


# --- Users -------------------------------------------------------------------------------------------


def join_users(kept: Any, merged: Any, by: Any, text: str, *, renamed: bool) -> list[dict[str, Any]]:
    """One sign-in is left: the kept person's own, else the merged one's; its login name is the ID number."""
    found = (
        User.objects.select_for_update(of=("self",)).filter(person__in=[kept.pk, merged.pk]).order_by("pk")
    )
    users = {user.person_id: user for user in found}
    mine, theirs = users.get(kept.pk), users.get(merged.pk)
    before = [user_values(user) for user in users.values()]
    if mine is not None and theirs is not None and theirs.is_active:
        theirs.is_active = False
        record(theirs, by, text, "is_active")
    elif mine is None and theirs is not None:
        theirs.person = kept
        record(theirs, by, text, "person")
    if mine is not None and renamed:
        give_login_name(mine, kept.id_number, theirs, by, text)
    elif mine is None and theirs is not None and theirs.username != kept.id_number:
        give_login_name(theirs, kept.id_number, None, by, text)
    after = [user_values(user) for user in users.values()]
    return [{"before": old, "after": new} for old, new in zip(before, after, strict=True) if old != new]


def give_login_name(user: User, name: str, other: User | None, by: Any, text: str) -> None:
    """The user signs in with `name`; the switched-off user of the merged person takes the old one instead."""
    old = user.username
    taken = User.objects.filter(username__iexact=name).exclude(pk=user.pk).first()
    if taken is not None and taken != other:
        raise MergeRefused(
            _("The login name %(name)s is taken by %(user)s; rename or switch off that user first, or choose the "
              "other ID number.") % {"name": name, "user": taken}
        )  # fmt: skip
    if taken is not None:
        User.objects.filter(pk=taken.pk).update(username=f"~{taken.pk}")
    user.username = name
    record(user, by, text, "username")
    if taken is not None and other is not None:
        other.username = old
        record(other, by, text, "username")


def user_values(user: User) -> dict[str, Any]:
    return {
        "id": user.pk, "person_id": user.person_id, "username": user.username, "is_active": user.is_active,
    }  # fmt: skip


# --- Pairs -------------------------------------------------------------------------------------------


def settle_pairs(kept: Record, merged: Record, by: Any) -> dict[str, Any]:
    """The pair of the two is decided; other open pairs of the merged record become pairs of the kept one."""
    kind, both = KINDS[type(kept)], {kept.pk, merged.pk}
    rows = DuplicatePair.objects.filter(kind=kind).filter(
        models.Q(first_id=merged.pk) | models.Q(second_id=merged.pk)
    )
    changed, new = [], []
    for pair in rows.select_for_update(of=("self",)):
        is_this = {pair.first_id, pair.second_id} == both
        if not is_this and pair.status != Status.OPEN:
            continue
        changed.append([pair.pk, pair.status, pair.decided_by_id, str(pair.decided_at or "")])
        if not is_this:
            new.append(inherited(pair, kept, merged))
    settled = DuplicatePair.objects.filter(pk__in=[entry[0] for entry in changed])
    settled.update(status=Status.MERGED, decided_by=by, decided_at=timezone.now())
    return {"changed": changed, "new": [pk for pk in new if pk]}


def inherited(pair: DuplicatePair, kept: Record, merged: Record) -> int | None:
    """An open pair of the kept record and the third one, unless the two are known as a pair."""
    third = pair.second_id if pair.first_id == merged.pk else pair.first_id
    first, second = ordered(kept.pk, third)
    other = type(kept)._default_manager.filter(pk=third).first()
    titles = {kept.pk: title_of(kept), third: title_of(other) if other else "–"}
    label = pair_label(titles[first], titles[second])
    created, new = DuplicatePair.objects.get_or_create(
        kind=pair.kind, first_id=first, second_id=second, defaults={"label": label, "reason": pair.reason}
    )
    return created.pk if new else None


def decide_different(pair: DuplicatePair, by: Any) -> None:
    """Remember that the two are not the same; refused where somebody decided otherwise meanwhile."""
    if not allows(by.role, "change", DuplicatePair._meta.label):
        raise PermissionDenied
    decided = DuplicatePair.objects.filter(pk=pair.pk, status=Status.OPEN)
    if decided.update(status=Status.DIFFERENT, decided_by=by, decided_at=timezone.now()):
        return
    pair.refresh_from_db()
    at = written.moment(pair.decided_at) if pair.decided_at else ""
    raise MergeRefused(
        _("Already decided by %(who)s at %(when)s: %(status)s.") % {
            "who": pair.decided_by, "status": pair.get_status_display(),
            "when": at,
        }
    )  # fmt: skip
