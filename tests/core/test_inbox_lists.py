"""The three lists of the inbox: whose rows, in which order, with which filters, at which cost."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.inbox import latest_tasks, share_of, tracked
from backoffice.core.lists import COUNT_CAP, CappedPaginator
from backoffice.core.models import SavedFilter, Task, TrackedTask
from backoffice.core.scoping import visible_to
from backoffice.core.working_days import add_working_days
from backoffice.roles import Role
from registry.models import PersonalApplication
from tests.factories import PaperFactory, PersonalApplicationFactory, UserFactory

pytestmark = pytest.mark.django_db
TODO, DONE, TRACK = "/admin/core/task/", "/admin/core/finishedtask/", "/admin/core/trackedtask/"


def listed(client, url, query=""):
    response = client.get(f"{url}?{query}")
    assert response.status_code == 200
    return response.context_data["cl"]


def subjects(client, url, query=""):
    return [task.subject for task in listed(client, url, query).result_list]


def due(paper, days):
    day = timezone.localdate() + datetime.timedelta(days=days)
    Task.of(paper).filter(closed_at=None).update(due_on=day)


# -- 待办 ------------------------------------------------------------------------------------------


def test_every_role_sees_only_what_waits_at_its_own_desk(desk, signed_in, users):
    """Staff that may see everything, too: the inbox is their work, not the register."""
    desk.waiting(title="等候审核")
    everyone = [*users.values(), desk.clerk, desk.reviewer, desk.colleague, desk.stranger]
    found = [user for user in everyone if subjects(signed_in(user), TODO)]
    assert found == [desk.reviewer, desk.colleague]


def test_overdue_comes_first_and_says_how_late(desk, signed_in):
    for title, days in {"later": 5, "late": -7, "later still": 9}.items():
        due(desk.waiting(title=title), days)
    client = signed_in(desk.reviewer)
    assert subjects(client, TODO) == ["late", "later", "later still"]
    assert client.get(TODO).content.decode().count("bo-late") == 1


def test_age_is_counted_in_working_days(desk, signed_in):
    paper = desk.waiting()
    monday = timezone.make_aware(datetime.datetime(2025, 3, 3, 10))
    Task.of(paper).filter(closed_at=None).update(opened_at=monday)
    task = listed(signed_in(desk.reviewer), TODO).result_list[0]
    assert add_working_days(monday.date(), task.age) <= timezone.localdate()
    assert add_working_days(monday.date(), task.age + 1) > timezone.localdate()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("due=late", ["late"]),
        ("due=soon", ["today"]),
        ("due=nonsense", ["late", "today", "far"]),
        ("holder=mine", ["late"]),
        ("holder=others", ["today"]),
        ("holder=nobody", ["far"]),
        ("flow=flowapp.paper", ["late", "today", "far"]),
        ("flow=registry.transfer", ["late", "today", "far"]),  # not offered: ignored
        ("flow=core.task&due=late&holder=mine", ["late"]),
        ("q=oda", ["today"]),
        ("q=nothing", []),
        ("remark__regex=x&p=99", ["late", "today", "far"]),
    ],
)
def test_filters_and_search(query, expected, desk, signed_in):
    for title, days, holder in [("late", -3, desk.reviewer), ("today", 0, desk.colleague), ("far", 40, None)]:
        paper = desk.waiting(title=title)
        due(paper, days)
        Task.of(paper).filter(closed_at=None).update(assigned_to=holder)
    assert subjects(signed_in(desk.reviewer), TODO, query) == expected


def test_only_flows_of_which_something_waits_are_offered(desk, signed_in):
    client = signed_in(desk.reviewer)
    assert [spec for spec in listed(client, TODO).filter_specs if spec.parameter_name == "flow"] == []
    desk.waiting()
    spec = listed(client, TODO).filter_specs[0]
    assert [key for key, _label in spec.lookup_choices] == ["flowapp.paper"]


@pytest.mark.usefixtures("papers")
def test_a_row_leads_to_the_record_and_a_foreign_one_to_nothing(desk, signed_in):
    paper = desk.waiting()
    task = Task.of(paper).get(closed_at=None)
    page = reverse("admin:flowapp_paper_change", args=[paper.pk])
    client = signed_in(desk.reviewer)
    assert page in client.get(TODO).content.decode()
    assert client.get(f"{TODO}{task.pk}/change/").url == page
    perform(paper, "local_approve", by=desk.colleague)  # someone was faster: the record's page says so
    assert client.get(f"{TODO}{task.pk}/change/").url == page
    for address in (TODO, DONE, TRACK):
        assert signed_in(desk.stranger).get(f"{address}{task.pk}/change/").status_code == 404
        assert client.get(f"{address}x/change/").status_code == 404


def test_nothing_is_added_changed_or_deleted_here(desk, signed_in):
    paper = desk.waiting()
    task = Task.of(paper).get(closed_at=None)
    for user in (desk.reviewer, desk.office, UserFactory(role=Role.ADMIN)):
        client = signed_in(user)
        for url in (TODO, DONE, TRACK):
            assert client.get(f"{url}add/").status_code == 403
            assert client.post(f"{url}{task.pk}/delete/", {"post": "yes"}).status_code in (403, 404)
            client.post(f"{url}{task.pk}/change/", {"subject": "x"})
    task.refresh_from_db()
    assert task.subject != "x"


def test_an_empty_inbox_says_what_to_do(desk, signed_in):
    assert TRACK in signed_in(desk.stranger).get(TODO).content.decode()


# -- 已办 ------------------------------------------------------------------------------------------


def test_done_names_the_step_and_stays_after_the_record_went_on(desk, signed_in):
    paper = desk.waiting(title="办完的")
    perform(paper, "local_approve", by=desk.reviewer)
    perform(paper, "approve", by=desk.office)
    page = signed_in(desk.colleague).get(DONE)
    assert [task.subject for task in page.context_data["cl"].result_list] == ["办完的"]
    assert "Approve locally" in page.content.decode()
    assert subjects(signed_in(desk.office), DONE) == ["办完的"]
    assert subjects(signed_in(UserFactory(role=Role.OFFICE)), DONE) == []
    assert subjects(signed_in(desk.stranger), DONE) == []


# -- 流程追踪 --------------------------------------------------------------------------------------


def test_tracking_shows_each_record_once_with_its_state_and_desk(desk, signed_in):
    paper = desk.waiting(title="一份文件")
    client = signed_in(desk.clerk)
    page = client.get(TRACK)
    assert [task.subject for task in page.context_data["cl"].result_list] == ["一份文件"]
    assert desk.body.name in page.content.decode()
    perform(paper, "local_approve", by=desk.reviewer)
    perform(paper, "approve", by=desk.office)
    assert "Approved" in client.get(TRACK).content.decode()
    assert subjects(client, TRACK, "progress=open") == []
    assert subjects(client, TRACK, "progress=ended") == ["一份文件"]


def test_a_company_tracks_everything_of_its_own_and_nothing_else(desk, signed_in):
    desk.waiting(title="甲")
    PaperFactory(company=desk.company, title="乙")
    PaperFactory(title="别家的")
    assert subjects(signed_in(desk.clerk), TRACK) == ["乙", "甲"]


@pytest.mark.parametrize("role", [*Role, "clerk", "reviewer", "stranger"])
def test_the_fast_way_to_tracked_tasks_finds_the_rows_of_the_scope(role, desk, users):
    desk.waiting()
    PaperFactory()
    done = desk.waiting()
    perform(done, "local_return", by=desk.reviewer, opinion="缺少附件")
    perform(done, "cancel", by=desk.clerk)
    user = users[role] if role in users else getattr(desk, role)
    expected = visible_to(TrackedTask, user).filter(is_latest=True)
    assert set(tracked(user)) == set(expected)
    share = share_of(user)
    assert set(share.walk(latest_tasks())) == set(expected)
    if share.parts:
        assert sorted(share.keys(latest_tasks())) == sorted(task.pk for task in expected)
    user.is_active = False
    assert not tracked(user).exists()


def test_the_fast_way_leaves_out_the_drafts_of_applicants(users):
    """They are their author's alone until they are submitted."""
    states = [*PersonalApplication.private_states, "COMPANY_REVIEW"]
    drafts = [PersonalApplicationFactory(state=state) for state in states]
    assert Task.of(drafts[0]).exists()
    for user in users.values():
        assert set(tracked(user)) == set(visible_to(TrackedTask, user).filter(is_latest=True)), user.role
    assert [task.object_id for task in tracked(users[Role.OFFICE])] == [drafts[-1].pk]


@pytest.mark.parametrize("cap", [1, 2, COUNT_CAP])
@pytest.mark.parametrize("role", ["clerk", "reviewer", "stranger", "office"])
def test_a_page_shows_the_same_rows_whichever_way_they_are_found(role, cap, desk, signed_in, monkeypatch):
    """Those who see few records, and those who see more than a page counter counts."""
    monkeypatch.setattr(CappedPaginator, "cap", cap)
    for n in range(3):
        PaperFactory(title=f"别家的{n}")
        paper = desk.waiting(title=f"南海{n}")
        perform(paper, "local_return", by=desk.reviewer, opinion="缺少附件")
        if n:
            perform(paper, "cancel", by=desk.clerk)
    user = getattr(desk, role)
    rows = visible_to(TrackedTask, user).filter(is_latest=True).order_by("-id")
    client = signed_in(user)
    for query, expected in {
        "": rows,
        "progress=open": rows.filter(closed_at=None),
        "progress=ended": rows.filter(closed_at__isnull=False),
        "q=南海1": rows.filter(subject__contains="南海1"),
    }.items():
        changelist = listed(client, TRACK, query)
        assert list(changelist.result_list) == list(expected)
        assert changelist.result_count == min(len(expected), cap + 1)


def test_the_office_finds_a_flow_by_the_beginning_of_its_subject(desk, signed_in):
    desk.waiting(title="南海监理公司")
    client = signed_in(desk.office)
    assert subjects(client, TRACK, "q=南海") == ["南海监理公司"]
    assert subjects(client, TRACK, "q=公司") == []
    assert subjects(signed_in(desk.clerk), TRACK, "q=公司") == ["南海监理公司"]


# -- cost ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [TODO, DONE, TRACK])
@pytest.mark.parametrize("role", ["reviewer", "office", "clerk"])
def test_thirty_rows_take_the_same_few_queries_as_three(url, role, desk, signed_in):
    client = signed_in(getattr(desk, role))
    counts = []
    for more in (3, 27):
        for n in range(more):
            paper = desk.waiting()
            Task.of(paper).filter(closed_at=None).update(assigned_to=desk.colleague)
            if role == "office" or url != TODO:
                perform(paper, "local_approve", by=desk.reviewer)
            if role == "office" and url != TODO:
                perform(paper, "approve", by=desk.office)
            if role == "clerk" and url == TODO:
                PaperFactory(company=desk.company, title=f"草稿{n}")
        listed(client, url)
        with CaptureQueriesContext(connection) as captured:
            rows = listed(client, url).result_list
        counts.append((len(rows), len(captured)))
    (few, queries), (many, queries_of_many) = counts
    assert (few, many) == (3, 30)
    assert queries == queries_of_many <= 7


def test_what_is_due_soon_costs_no_query_more(desk, signed_in):
    due(desk.waiting(), 0)
    client = signed_in(desk.reviewer)
    counts = []
    for query in ("", "due=soon"):
        listed(client, TODO, query)
        with CaptureQueriesContext(connection) as captured:
            assert len(listed(client, TODO, query).result_list) == 1
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 6


def test_a_search_in_latin_letters_ignores_capitals(desk, signed_in):
    desk.waiting(title="南海Alpha监理")
    client = signed_in(desk.reviewer)
    for term in ("ALPHA", "alpha", "南海a", "监理"):
        assert len(subjects(client, TODO, f"q={term}")) == 1
        assert len(subjects(signed_in(desk.clerk), TRACK, f"q={term}")) == 1


def test_saved_filters_cost_no_query_more(desk, signed_in):
    desk.waiting()
    client = signed_in(desk.reviewer)
    listed(client, TODO)
    with CaptureQueriesContext(connection) as before:
        listed(client, TODO)
    SavedFilter.objects.create(user=desk.reviewer, path="core.task", name="逾期", query="due=late")
    client = signed_in(desk.reviewer)
    listed(client, TODO)
    with CaptureQueriesContext(connection) as after:
        listed(client, TODO)
    assert len(after) == len(before)
