"""The decision page and the flow box: all that a reviewer needs on one page, and what happens after the click."""

import pytest
from django.urls import reverse
from django.utils.translation import gettext

from backoffice.core.engine import perform, start
from backoffice.core.models import Attachment, AttachmentKind, ReadyOpinion, Task
from backoffice.core.trail import last_log_id
from backoffice.roles import Role
from tests.factories import (
    CompanyApplicationFactory,
    CompanyChangeFactory,
    PaperFactory,
    PersonalApplicationFactory,
    UserFactory,
    client_of,
)
from tests.flowapp.models import Paper, State

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("papers")]


def step_page(paper, step="local_approve"):
    return reverse("admin:flowapp_paper_step", args=[paper.pk, step])


def object_page(paper):
    return reverse("admin:flowapp_paper_change", args=[paper.pk])


def told(response):
    return [str(message) for message in response.context["messages"]]


def post(client, paper, step="local_approve", **data):
    return client.post(step_page(paper, step), {"seen": last_log_id(paper), **data}, follow=True)


# -- what is shown ---------------------------------------------------------------------------------


def test_the_page_shows_fields_notes_trail_pictures_and_ready_opinions(desk, signed_in):
    paper = desk.waiting(title="odd paper")
    kind = AttachmentKind.objects.get_or_create(code="OTHER", defaults={"name": "其他"})[0]
    picture = Attachment.objects.create(owner=paper, kind=kind, name="scan.jpg", file="attachments/x.jpg")
    gone = Attachment.objects.create(
        owner=paper, kind=kind, name="old.jpg", file="attachments/y.jpg", removed_at=paper.history.first().history_date
    )  # fmt: skip
    ReadyOpinion.objects.create(flow="flowapp.Paper", text="材料齐全", steps="local_approve,approve")
    ReadyOpinion.objects.create(text="请补充材料")
    ReadyOpinion.objects.create(flow="registry.Transfer", text="另一个流程")
    ReadyOpinion.objects.create(text="不再提供", is_active=False)
    page = signed_in(desk.reviewer).get(step_page(paper)).content.decode()
    for text in (
        "odd paper",
        desk.company.name,
        "9 characters",
        "Look twice",
        desk.clerk.name,
        "材料齐全",
    ):
        assert text in page
    assert reverse("core:attachment", args=[picture.pk]) in page
    assert reverse("core:attachment", args=[gone.pk]) not in page
    assert "另一个流程" not in page
    assert "不再提供" not in page
    assert "请补充材料" not in page  # a reason for a return
    back = signed_in(desk.reviewer).get(step_page(paper, "local_return")).content.decode()
    assert "请补充材料" in back
    assert "材料齐全" not in back
    assert 'href="../local_return/"' in page  # the other decision is one click away


def test_the_object_page_says_whose_turn_it_is_with_the_name_of_the_body_and_the_due_date(desk, signed_in):
    paper = desk.waiting()
    response = signed_in(desk.clerk).get(object_page(paper))
    page = response.content.decode()
    assert desk.body.name in page
    assert Task.of(paper).get(closed_at=None).due_on.isoformat() in page
    assert not response.context["flow_is_turn"]
    assert response.context["flow_offers"] == []


def test_the_trail_is_in_words_and_begins_with_the_start(desk, signed_in):
    paper = start(PaperFactory.build(company=desk.company, local_body=desk.body), by=desk.clerk)
    perform(paper, "submit", by=desk.clerk)
    perform(paper, "local_return", by=desk.reviewer, opinion="缺少附件")
    trail = signed_in(desk.clerk).get(object_page(paper)).context["flow_trail"]
    assert [line.step for line in trail][1:] == ["Submit", "Return"]
    assert trail[0].step != "start"
    assert [line.who for line in trail] == [desk.clerk.name, desk.clerk.name, desk.reviewer.name]
    assert trail[2].opinion == "缺少附件"


def test_a_step_that_is_not_possible_yet_says_why_and_cannot_be_sent(desk, signed_in):
    paper = PaperFactory(company=desk.company, local_body=desk.body, title="")
    client = signed_in(desk.clerk)
    assert "The title is empty" in client.get(object_page(paper)).content.decode()
    page = client.get(step_page(paper, "submit")).content.decode()
    assert "The title is empty" in page
    assert "disabled" in page
    post(client, paper, "submit")
    paper.refresh_from_db()
    assert paper.state == State.DRAFT


def test_a_record_is_edited_at_its_own_desk_only(desk, signed_in):
    client = signed_in(desk.clerk)
    draft = PaperFactory(company=desk.company, local_body=desk.body)
    assert client.get(object_page(draft)).context["has_change_permission"]
    perform(draft, "submit", by=desk.clerk)
    assert not client.get(object_page(draft)).context["has_change_permission"]


def test_the_list_shows_the_state_as_a_label(desk, signed_in):
    desk.waiting()
    page = signed_in(desk.reviewer).get(reverse("admin:flowapp_paper_changelist"))
    assert "Local review" in page.content.decode()


# -- deciding --------------------------------------------------------------------------------------


def test_the_decision_is_taken_and_leads_back_to_the_record(desk, signed_in):
    paper = desk.waiting()
    response = post(signed_in(desk.reviewer), paper, opinion="材料齐全")
    paper.refresh_from_db()
    assert paper.state == State.OFFICE_REVIEW
    assert response.redirect_chain[-1][0] == object_page(paper)


def test_a_get_decides_nothing(desk, signed_in):
    paper = desk.waiting()
    signed_in(desk.reviewer).get(step_page(paper), {"opinion": "x"})
    paper.refresh_from_db()
    assert paper.state == State.LOCAL_REVIEW


def test_a_return_without_an_opinion_keeps_the_page_and_says_so_at_the_box(desk, signed_in):
    paper = desk.waiting()
    response = post(signed_in(desk.reviewer), paper, "local_return", opinion="  ")
    assert response.context["form"].errors["opinion"]
    paper.refresh_from_db()
    assert paper.state == State.LOCAL_REVIEW


def test_what_was_typed_is_kept_when_the_record_moved_meanwhile_and_the_page_can_be_sent_again(
    desk, signed_in
):
    paper = desk.waiting()
    seen = last_log_id(paper)
    perform(paper, "local_return", by=desk.colleague, opinion="缺少附件")
    perform(paper, "submit", by=desk.clerk)
    client = signed_in(desk.reviewer)
    response = client.post(step_page(paper), {"seen": seen, "opinion": "看过了"})
    page = response.content.decode()
    assert "看过了" in page
    assert f'value="{last_log_id(paper)}"' in page
    assert desk.clerk.name in told(response)[0]
    post(client, paper, opinion="看过了")
    paper.refresh_from_db()
    assert paper.state == State.OFFICE_REVIEW


@pytest.mark.parametrize("data", [{"opinion": "好"}, {"opinion": ""}])
def test_already_handled_is_said_with_the_name_of_who_did_it(data, desk, signed_in):
    paper = desk.waiting()
    perform(paper, "local_approve", by=desk.colleague)
    response = post(signed_in(desk.reviewer), paper, "local_return", **data)
    assert desk.colleague.name in told(response)[0]
    assert response.redirect_chain[-1][0] == object_page(paper)
    assert Paper.objects.get(pk=paper.pk).state == State.OFFICE_REVIEW


@pytest.mark.parametrize("role", [Role.FINANCE, Role.AUDITOR, Role.OFFICE])
def test_a_role_whose_turn_it_is_not_is_sent_back_with_a_sentence(role, desk, signed_in):
    paper = desk.waiting()
    client = signed_in(UserFactory(role=role))
    response = client.get(step_page(paper), follow=True)
    assert desk.body.name in told(response)[0]
    post(client, paper)
    paper.refresh_from_db()
    assert paper.state == State.LOCAL_REVIEW


@pytest.mark.parametrize("method", ["get", "post"])
def test_out_of_scope_is_not_found(method, desk, signed_in):
    paper = desk.waiting()
    client = signed_in(desk.stranger)
    assert getattr(client, method)(step_page(paper)).status_code == 404
    assert client.get(step_page(paper, "no_such_step")).status_code == 404
    assert signed_in(desk.reviewer).get(step_page(paper, "delete")).status_code == 404


# -- the next task ---------------------------------------------------------------------------------


def test_and_open_the_next_leads_to_the_same_decision_on_the_next_paper(desk, signed_in):
    first, second = desk.waiting(), desk.waiting()
    response = post(signed_in(desk.reviewer), first, opinion="", next="1")
    assert response.redirect_chain[-1][0] == step_page(second)


def test_the_next_task_is_none_a_colleague_looks_after(desk, signed_in):
    first, second, third = desk.waiting(), desk.waiting(), desk.waiting()
    Task.of(second).filter(closed_at=None).update(assigned_to=desk.colleague)
    response = post(signed_in(desk.reviewer), first, next="1")
    assert response.redirect_chain[-1][0] == step_page(third)


def test_the_next_task_stays_in_the_list_and_filter_one_came_from(desk, signed_in):
    first, late, mine = desk.waiting(), desk.waiting(), desk.waiting()
    Task.of(late).filter(closed_at=None).update(due_on="2026-01-01")
    Task.of(mine).filter(closed_at=None).update(assigned_to=desk.reviewer)
    client = signed_in(desk.reviewer)
    row = client.get("/admin/core/task/", {"holder": "mine"}).content.decode()
    origin = "?_inbox=holder%3Dmine"
    assert f"{object_page(mine)}{origin}" in row
    assert f"../step/local_approve/{origin}" in client.get(object_page(mine) + origin).content.decode()
    response = client.post(step_page(first) + origin, {"seen": last_log_id(first), "next": "1"}, follow=True)
    assert response.redirect_chain[-1][0] == step_page(mine) + origin  # not the late one
    response = client.post(step_page(mine) + origin, {"seen": last_log_id(mine), "next": "1"}, follow=True)
    assert response.redirect_chain[-1][0] == "/admin/core/task/?holder=mine"
    assert told(response)[-1] == gettext("Nothing else of this kind waits in the list you came from.")


def test_another_kind_of_work_is_never_the_next_task(desk, signed_in):
    application = PersonalApplicationFactory(at="LOCAL_REVIEW", local_body=desk.body)
    Task.of(application).filter(closed_at=None).update(due_on="2026-01-01")
    response = post(signed_in(desk.reviewer), desk.waiting(), next="1")
    assert response.redirect_chain[-1][0] == reverse("admin:core_task_changelist")
    assert told(response)[-1] == gettext("Nothing else of this kind waits in the list you came from.")


def test_after_the_last_task_the_inbox_says_so(desk, signed_in):
    response = post(signed_in(desk.reviewer), desk.waiting(), next="1")
    assert response.redirect_chain[-1][0] == reverse("admin:core_task_changelist")
    assert len(told(response)) == 2


# -- whom hints speak to -----------------------------------------------------------------------------


def test_hints_for_whoever_fills_in_a_record_are_not_read_out_to_its_reviewer():
    change = CompanyChangeFactory(kind="RENAME", new_login_name="新登录名")
    hint = "Replaces the login name"
    page = reverse("admin:registry_companychange_change", args=[change.pk])
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    office = client_of(UserFactory(role=Role.OFFICE))
    office.cookies["django_language"] = "en"
    text = office.get(
        reverse("admin:registry_companyapplication_change", args=[application.pk])
    ).content.decode()
    assert "Login name" in text
    assert application.login_name in text
    assert "You will sign in with it" not in text
    assert "Couriers deliver" not in text
    assert hint not in office.get(page).content.decode()
