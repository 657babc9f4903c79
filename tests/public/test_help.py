"""Help requests end to end: from any dead end into the General Office's inbox, and the answer under the link."""

import re

import pytest
from django.urls import reverse

from backoffice.core import outbox
from backoffice.core.engine import perform, start
from backoffice.core.links import Applicant, record_of, token_of
from backoffice.core.models import Attachment, AttachmentKind, Message, Task, TransitionLog
from backoffice.public.throttle import HELP, UPLOADS
from backoffice.public.views_help import help_page
from backoffice.roles import Role
from registry.models import HelpRequest
from tests.factories import PersonFactory, UserFactory, id_number
from tests.files.images import bad_files, jpeg, upload

pytestmark = pytest.mark.django_db
HELP_FORM = "/help/"
FILLED = {
    "topic": "CERTIFICATE", "text": "证书日期不对。\r\n应为2024年。", "name": "张三", "email": "zs@example.org",
    "certificate_number": "ａ12400001", "company_name": "广东建科", "phone": "", "id_number": "", "website": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def kinds():
    for code in HelpRequest.takes_attachments:
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": code})


def token_on(response) -> str:
    return re.search(r'name="token" value="([^"]+)"', response.content.decode())[1]


@pytest.fixture
def send(english):
    """`send(field=…)`: fill in a fresh form and send it."""

    def sent(token: str = "", **fields):
        token = token or token_on(english.get(HELP_FORM))
        return english.post(HELP_FORM, FILLED | {"token": token} | fields)

    return sent


@pytest.fixture
def asked(send) -> HelpRequest:
    send()
    return HelpRequest.objects.get()


def text_of(response) -> str:
    return response.content.decode()


# --- Sending ------------------------------------------------------------------------------------------


def test_a_request_lies_in_the_offices_inbox_and_the_asker_has_the_link(send, english):
    response = send()
    record = HelpRequest.objects.get()
    assert (record.state, record.certificate_number, record.text) == (
        "OPEN",
        "A12400001",
        "证书日期不对。\n应为2024年。",
    )
    task = Task.of(record).get(closed_at=None)
    assert task.role == Role.OFFICE
    assert task.due_on is not None
    message = Message.objects.get()
    assert message.recipient == "zs@example.org"
    assert token_of(record) in outbox.text_of(message)[1]
    thanks = english.get(response["Location"])
    assert f"/a/{token_of(record)}/" in text_of(thanks)
    assert "within four working days" in text_of(thanks)


def test_the_log_names_the_asker_and_no_account(asked):
    assert list(TransitionLog.of(asked).order_by("id").values_list("step", "by", "by_name", "role")) == [
        ("start", None, "张三", "APPLICANT"), ("send", None, "张三", "APPLICANT"),
    ]  # fmt: skip


def test_pictures_go_with_the_request(send):
    send(
        file_CERTIFICATE=[upload(jpeg(), "证书.jpg")],
        file_OTHER=[upload(jpeg(800), "a.jpg"), upload(jpeg(850), "b.jpg")],
    )
    record = HelpRequest.objects.get()
    assert record.state == "OPEN"
    assert sorted(Attachment.of(record).values_list("kind__code", "name")) == [
        ("CERTIFICATE", "证书.jpg"), ("OTHER", "a.jpg"), ("OTHER", "b.jpg"),
    ]  # fmt: skip


def test_a_second_click_sends_nothing_a_second_time(english):
    token = token_on(english.get(HELP_FORM))
    first, second = (english.post(HELP_FORM, FILLED | {"token": token}) for _click in range(2))
    assert first["Location"] == second["Location"]
    assert HelpRequest.objects.count() == 1
    assert Message.objects.count() == 1


def test_another_question_on_the_same_old_page_is_not_lost(english):
    token = token_on(english.get(HELP_FORM))
    english.post(HELP_FORM, FILLED | {"token": token})
    english.post(HELP_FORM, FILLED | {"token": token, "text": "另一个问题"})
    assert HelpRequest.objects.filter(state="OPEN").count() == 2


@pytest.mark.parametrize("token", ["", "forged.token", "hAAAA", "x" * 5000])
def test_a_form_without_a_good_token_is_taken_all_the_same(send, token, english):
    english.post(HELP_FORM, FILLED | {"token": token})
    assert HelpRequest.objects.get().state == "OPEN"


def test_the_token_of_another_kind_of_record_opens_nothing(english, asked):
    other = token_of(asked).replace(token_of(asked)[:1], "p", 1)
    english.post(HELP_FORM, FILLED | {"token": other, "text": "新的"})
    asked.refresh_from_db()
    assert asked.text == "证书日期不对。\n应为2024年。"


# --- Refusals keep what was typed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"email": "", "phone": ""}, "Give an email address or a mobile phone for the answer."),
        ({"email": "", "phone": "12"}, "12"),
        ({"id_number": "440103196001010019"}, "440103196001010019"),
        ({"text": ""}, "required"),
        ({"name": ""}, "required"),
        ({"topic": ""}, "required"),
        ({"topic": "KNOWN_MEMBER"}, "KNOWN_MEMBER"),
        ({"text": "长" * 2001}, "2000"),
    ],
)
def test_a_refusal_says_why_and_keeps_everything_typed(send, fields, sentence):
    response = send(**fields)
    page = text_of(response)
    assert response.status_code == 200
    assert sentence in page
    for value in ("广东建科", "ａ12400001"):
        assert value in page
    assert not HelpRequest.objects.exists()
    assert not Message.objects.exists()


def test_an_id_number_and_a_phone_are_kept_as_the_register_keeps_them(send):
    number = id_number(7)
    send(id_number=f"{number[:6]} {number[6:]}".lower(), phone="+86 138-0000-0001", email="")
    record = HelpRequest.objects.get()
    assert (record.id_number, record.phone) == (number, "13800000001")


def test_a_picture_that_passed_stays_while_the_rest_is_corrected(send, english):
    bad = next(iter(bad_files().values()))
    response = send(file_CERTIFICATE=[upload(jpeg(), "good.jpg")], file_OTHER=[upload(bad[1], bad[0])])
    page = text_of(response)
    assert "✓ good.jpg" in page
    assert "证书日期不对" in page
    draft = HelpRequest.objects.get()
    assert draft.state == "DRAFT"
    assert not Message.objects.exists()
    send(token=token_on(response))
    draft.refresh_from_db()
    assert (draft.state, draft.name, Attachment.of(draft).count()) == ("OPEN", "张三", 1)


def test_pictures_stay_when_a_field_is_wrong_and_can_be_taken_back(send):
    response = send(email="", file_OTHER=[upload(jpeg(), "one.jpg")])
    draft = HelpRequest.objects.get()
    assert "✓ one.jpg" in text_of(response)
    send(token=token_on(response), remove=str(Attachment.of(draft).get().pk))
    draft.refresh_from_db()
    assert draft.state == "OPEN"
    assert not Attachment.of(draft).filter(removed_at=None).exists()


def test_nobody_elses_picture_can_be_taken_back(send, asked):
    kind = AttachmentKind.objects.get(code="OTHER")
    foreign = Attachment.objects.create(owner=PersonFactory(), kind=kind, name="x.jpg", sha256="0" * 64)
    response = send(email="", file_OTHER=[upload(jpeg(), "one.jpg")])
    send(token=token_on(response), remove=[str(foreign.pk), "9" * 30, "-1", "x"])
    foreign.refresh_from_db()
    assert foreign.removed_at is None


@pytest.mark.parametrize("name", bad_files())
def test_every_bad_picture_gets_a_sentence_that_names_it(send, name):
    filename, content, _sentence = bad_files()[name]
    page = text_of(send(file_OTHER=[upload(content, filename)]))
    assert 'id="id_file_OTHER_error"' in page
    assert not HelpRequest.objects.filter(state="OPEN").exists()


def test_more_pictures_than_allowed_are_named(send):
    page = text_of(send(file_OTHER=[upload(jpeg(800 + n), f"p{n}.jpg") for n in range(7)]))
    assert "“p6.jpg” was left out" in page
    assert "✓ p5.jpg" in page


def test_a_program_that_fills_in_the_hidden_field_sends_nothing(send):
    page = text_of(send(website="https://spam.example"))
    assert "Please press “Send” once more." in page
    assert "spam.example" not in page
    assert not HelpRequest.objects.exists()


def test_hostile_text_stays_text(send, english):
    send(text="<script>alert(1)</script>", name="张三")
    record = HelpRequest.objects.get()
    for address in (reverse("public:help_sent", args=[token_of(record)]),):
        assert "<script>alert" not in text_of(english.get(address))


def test_too_many_requests_wait_and_lose_nothing(send):
    for number in range(HELP.count):
        send(text=f"问题{number}")
    page = text_of(send(text="最后一个"))
    assert "try again in 30 minutes" in page
    assert "最后一个" in page
    assert HelpRequest.objects.count() == HELP.count


def test_too_many_pictures_are_not_even_looked_at(send, monkeypatch):
    monkeypatch.setattr("backoffice.public.forms_help.UPLOADS", type(UPLOADS)("uploads", 1, 60))
    page = text_of(send(file_OTHER=[upload(jpeg(800), "a.jpg"), upload(jpeg(810), "b.jpg")]))
    assert "Too many requests" in page
    assert "✓ a.jpg" in page


# --- The form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["SIGN_IN", "NOT_FOUND", "CERTIFICATE", "STALE"])
def test_a_dead_end_presets_its_topic(read, topic):
    assert f'<option value="{topic}" selected>' in read(HELP_FORM, topic=topic)


@pytest.mark.parametrize("topic", ["KNOWN_MEMBER", "<script>", "x" * 999])
def test_an_unknown_topic_presets_nothing(read, topic):
    page = read(HELP_FORM, topic=topic)
    assert '" selected' not in page.replace('value="" selected', "")
    assert "<script>" not in page


def test_a_signed_in_member_need_not_type_what_we_know(signed_in):
    user = UserFactory(role=Role.PERSON, email="me@example.org", phone="13800000009")
    page = text_of(signed_in(user).get(HELP_FORM))
    for known in (user.name, user.email, user.phone, user.person.id_number, user.person.company.name):
        assert f'value="{known}"' in page


def test_a_visitor_gets_an_empty_form(read):
    PersonFactory()
    assert not re.findall(r'<input type="(?:text|email)"[^>]* value="[^"]', read(HELP_FORM))


def test_the_form_is_not_kept_in_a_shared_computers_cache(english):
    assert "no-store" in english.get(HELP_FORM)["Cache-Control"]


def test_the_form_costs_few_queries(english, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        english.get(HELP_FORM)


# --- Under the link -----------------------------------------------------------------------------------


@pytest.fixture
def link_page(rf, english):
    """The page behind the link, as the dispatcher calls it."""
    from django.contrib.auth.models import AnonymousUser
    from django.utils import translation

    def opened(record, **data):
        files = {name: data.pop(name) for name in list(data) if name.startswith("file_")}
        request = rf.post("/a/x/", {**data, **files}) if data or files else rf.get("/a/x/")
        request.user = AnonymousUser()
        request.session = {}
        with translation.override("en"):
            return help_page(request, HelpRequest.objects.get(pk=record.pk))

    return opened


@pytest.fixture
def answered(asked):
    perform(asked, "answer", by=UserFactory(role=Role.OFFICE, name="王干事"), opinion="已更正。")
    return HelpRequest.objects.get()


def test_the_link_in_the_mail_opens_the_page(english, asked):
    page = english.get(reverse("public:application", args=[token_of(asked)]))
    assert page.status_code == 200
    assert "证书日期不对" in text_of(page)
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("token", ["x", "h.x", "hAAAA.BBBB"])
def test_a_wrong_link_leads_to_help(english, token):
    page = english.get(reverse("public:application", args=[token]))
    assert page.status_code == 404
    assert HELP_FORM in text_of(page)


def test_while_it_waits_the_page_says_where(asked, link_page):
    page = text_of(link_page(asked))
    assert "With the General Office" in page
    assert "证书日期不对" in page
    assert "Ask again" not in page


def test_the_answer_is_read_there_and_names_the_desk_not_the_person(answered, link_page):
    page = text_of(link_page(answered))
    assert "已更正。" in page
    assert "General Office" in page
    assert "王干事" not in page


def test_asking_again_brings_it_back_to_the_office_with_new_pictures(answered, link_page):
    response = link_page(
        answered, step="ask_again", opinion="还是不对", file_CERTIFICATE=upload(jpeg(), "new.jpg")
    )
    assert response.status_code == 302
    record = HelpRequest.objects.get()
    assert record.state == "OPEN"
    assert Attachment.of(record).get().name == "new.jpg"
    assert Task.of(record).get(closed_at=None).role == Role.OFFICE
    assert "还是不对" in text_of(link_page(record))


def test_asking_again_without_words_is_refused_and_keeps_the_picture(answered, link_page):
    page = text_of(link_page(answered, step="ask_again", opinion=" ", file_OTHER=upload(jpeg(), "kept.jpg")))
    assert "Write what is still open." in page
    assert "kept.jpg" in page
    assert HelpRequest.objects.get().state == "ANSWERED"


def test_a_bad_picture_is_named_and_the_words_stay(answered, link_page):
    page = text_of(
        link_page(answered, step="ask_again", opinion="还是不对", file_OTHER=upload(b"", "empty.jpg"))
    )
    assert "empty" in page
    assert "还是不对" in page
    assert HelpRequest.objects.get().state == "ANSWERED"


def test_the_asker_closes_it(answered, link_page):
    assert link_page(answered, step="close").status_code == 302
    record = HelpRequest.objects.get()
    assert record.state == "CLOSED"
    assert not Task.of(record).filter(closed_at=None).exists()
    assert "This question is closed." in text_of(link_page(record))


@pytest.mark.parametrize("step", ["answer", "send", "delete", "ask_again", "close"])
def test_no_step_is_taken_out_of_turn(asked, link_page, step):
    response = link_page(asked, step=step, opinion="x")
    assert response.status_code == 200
    assert 'role="alert"' in text_of(response)
    assert HelpRequest.objects.get().state == "OPEN"


def test_an_outdated_page_decides_nothing(answered, link_page):
    assert link_page(answered, step="close", seen="1").status_code == 200
    assert HelpRequest.objects.get().state == "ANSWERED"


def test_a_draft_goes_on_as_a_form(link_page, send):
    send(email="", file_OTHER=[upload(jpeg(), "one.jpg")])
    page = text_of(link_page(HelpRequest.objects.get()))
    assert "✓ one.jpg" in page
    assert f'action="{HELP_FORM}"' in page


def test_what_reviewers_reported_is_not_shown_to_the_applicant(link_page):
    report = HelpRequest(
        state="OPEN", topic="KNOWN_MEMBER", name="张三", text="属于别人的记录", email="a@example.org"
    )
    start(report, by=Applicant(report))
    assert "属于别人的记录" not in text_of(link_page(report))


def test_the_thank_you_page_needs_a_good_token(english, asked):
    for token in ("x", token_of(asked) + "x", token_of(asked).replace("h", "p", 1)):
        assert english.get(reverse("public:help_sent", args=[token])).status_code == 404


def test_no_address_carries_anything_personal(send, asked):
    for value in (asked.name, asked.email, "建科", "A12400001"):
        assert value not in reverse("public:help_sent", args=[token_of(asked)]).replace(asked.key, "")
    assert record_of(token_of(asked)) == asked
