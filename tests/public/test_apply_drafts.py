"""What keeps a draft together: one draft however often it is begun, nothing older over something newer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from backoffice.core.links import new_key, token_of
from backoffice.core.models import Attachment, AttachmentKind, Message, TransitionLog
from backoffice.core.trail import last_log_id
from backoffice.public import drafts
from backoffice.public.throttle import APPLICATIONS, LOOKUPS, UPLOADS
from backoffice.public.views_apply import LINK_MAILS
from registry.models import CompanyApplication, PersonalApplication
from tests.factories import CompanyFactory, PersonalApplicationFactory, TrainingClassFactory, id_number, take
from tests.files.images import jpeg, scan_of, upload

pytestmark = pytest.mark.django_db
FORM = "/apply/person/"


@pytest.fixture(autouse=True)
def kinds() -> None:
    for code in ("PHOTO", "ID_CARD", "DIPLOMA", "TITLE", "LICENCE", "QUALIFICATION"):
        AttachmentKind.objects.get_or_create(code=code, defaults={"name": code})


@pytest.fixture
def token() -> str:
    """The token of a form that nobody has typed into."""
    return token_of(PersonalApplication())


@pytest.fixture
def draft() -> Any:
    return PersonalApplicationFactory(papers=False)


@pytest.fixture
def save(english: Client) -> Callable[..., Any]:
    def saved(record: Any, **typed: str) -> Any:
        return english.post(f"/a/{token_of(record)}/save/", typed)

    return saved


# --- One draft ------------------------------------------------------------------------------------------


def test_a_first_save_whose_answer_got_lost_begins_no_second_draft(english: Client, token: str) -> None:
    for name in ("张", "张三"):
        answer = english.post("/apply/person/begin/", {"token": token, "name": name}).json()
        assert answer["token"] == token
    assert PersonalApplication.objects.get().name == "张三"


def test_the_form_itself_goes_on_with_the_draft_of_its_token(english: Client, token: str) -> None:
    english.post("/apply/person/begin/", {"token": token, "name": "张"})
    english.post(FORM, {"token": token, "name": "张三", "phone": "13800000000", "find": "1"})
    assert PersonalApplication.objects.get().phone == "13800000000"


def test_two_first_saves_at_the_same_moment_meet_in_one_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    first, second = PersonalApplication(key=key), PersonalApplication(key=key)
    drafts.begin(first, {"name": "张"})
    assert drafts.begin(second, {"name": "张三"}).pk == first.pk
    assert PersonalApplication.objects.get().name == "张三"


@pytest.mark.parametrize("token", ["", "x.y", "h" * 300, token_of(CompanyApplication(key="k"))])
def test_a_form_with_a_wrong_token_begins_a_draft_of_its_own(english: Client, token: str) -> None:
    assert english.post("/apply/person/begin/", {"token": token, "name": "张"}).status_code == 200
    assert PersonalApplication.objects.get().name == "张"


def test_an_empty_form_stores_nothing(english: Client) -> None:
    response = english.post(FORM, {"save": "1"})
    assert "Nothing is typed yet" in response.content.decode()
    assert english.post(FORM, {"submit": "1"}).status_code == 200
    assert not PersonalApplication.objects.exists()


# --- What is kept ---------------------------------------------------------------------------------------


def test_wrong_and_half_typed_values_are_kept_as_they_were_typed(draft: Any, save: Any) -> None:
    save(draft, name="王", id_number="44010319", phone="139", email="wang@", company="", employer="建科")
    draft.refresh_from_db()
    assert (draft.name, draft.id_number, draft.phone, draft.email) == ("王", "44010319", "139", "wang@")
    assert draft.company is None


def test_what_does_not_fit_or_makes_no_sense_leaves_the_draft_as_it_was(draft: Any, save: Any) -> None:
    before = PersonalApplication.objects.values().get()
    save(draft, name="王" * 60, id_number="4" * 30, region="999999", education="NONSENSE", local_body="x",
         company="999999999999")  # fmt: skip
    assert PersonalApplication.objects.values().get() == before


def test_invisible_characters_and_spaces_do_not_get_in(draft: Any, save: Any) -> None:
    number = id_number(31_337)
    save(draft, name=" 张\u200b 三", title="工程\0师", id_number=f"{number[:6]} {number[6:]}")
    draft.refresh_from_db()
    assert (draft.name, draft.title, draft.id_number) == ("张三", "工程师", number)


def test_saving_while_typing_writes_no_history_and_the_submit_one_row(draft: Any, save: Any) -> None:
    rows = draft.history.count()
    save(draft, title="工程师")
    assert draft.history.count() == rows


# --- Nothing older over something newer ------------------------------------------------------------------


def test_a_page_older_than_the_last_return_changes_nothing(english: Client, save: Any) -> None:
    application = PersonalApplicationFactory(at="RETURNED")
    seen = last_log_id(application)
    take(application, "submit", "company_return")
    answer = save(application, seen=str(seen), name="旧页面")
    assert answer.status_code == 409
    assert "older than your application" in answer.json()["error"]
    response = english.post(
        f"/a/{token_of(application)}/", {"seen": seen, "name": "旧页面", "submit": "1"}, follow=True
    )
    assert "older than your application" in response.content.decode()
    application.refresh_from_db()
    assert (application.state, application.name == "旧页面") == ("RETURNED", False)


def test_a_save_that_meets_a_submit_is_refused(draft: Any) -> None:
    late = PersonalApplication.objects.get(pk=draft.pk)
    PersonalApplication.objects.filter(pk=draft.pk).update(state="COMPANY_REVIEW")
    with pytest.raises(drafts.Closed):
        drafts.keep(late, {"name": "太晚"})


def test_a_second_click_on_submit_leads_to_the_progress_page(english: Client) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    steps = TransitionLog.of(application).count()
    for address in (FORM, f"/a/{token_of(application)}/"):
        data = {"token": token_of(application), "name": "别人", "submit": "1"}
        response = english.post(address, data, follow=True)
        assert "was submitted already" in response.content.decode()
    assert TransitionLog.of(application).count() == steps


# --- Pictures -------------------------------------------------------------------------------------------


def test_a_picture_is_removed_without_a_script(english: Client) -> None:
    draft = PersonalApplicationFactory()
    english.post(f"/a/{token_of(draft)}/", {"remove": "PHOTO"})
    left = Attachment.of(draft).filter(removed_at=None).values_list("kind__code", flat=True)
    assert sorted(left) == ["DIPLOMA", "ID_CARD"]


def test_of_another_kind_no_picture_is_taken(english: Client, draft: Any) -> None:
    address = f"/a/{token_of(draft)}/upload/LICENCE/"
    assert english.post(address, {"file": upload(jpeg())}).status_code == 404


def test_an_upload_answers_with_its_box(english: Client, draft: Any) -> None:
    answer = english.post(
        f"/a/{token_of(draft)}/upload/PHOTO/", {"file": upload(scan_of("PHOTO"), "我.jpg")}
    ).json()
    stored = Attachment.of(draft).get()
    assert f"/a/{token_of(draft)}/files/{stored.pk}/thumb/" in answer["html"]
    assert "我.jpg" in answer["html"]


# --- Limits ---------------------------------------------------------------------------------------------


def test_a_browser_that_fills_in_the_trap_loses_nothing(english: Client) -> None:
    response = english.post(FORM, {"name": "张三", "website": "http://x", "submit": "1"})
    page = response.content.decode()
    assert 'value="张三"' in page
    assert "press the button once more" in page
    assert not PersonalApplication.objects.exists()


def test_links_are_not_mailed_without_end(english: Client, draft: Any) -> None:
    for _n in range(LINK_MAILS.count + 2):
        english.post(f"/a/{token_of(draft)}/save/", {"email": "a@example.org", "link": "1"})
    assert Message.objects.filter(recipient="a@example.org").count() == LINK_MAILS.count


def test_without_an_address_no_link_is_mailed(english: Client, draft: Any) -> None:
    answer = english.post(f"/a/{token_of(draft)}/save/", {"email": "half@", "link": "1"}).json()
    assert "Enter your email address first" in answer["said"]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("limit", "method", "address"),
    [(LOOKUPS, "get", "/apply/employers/?q=建科"), (LOOKUPS, "post", "/apply/check/phone/"),
     (UPLOADS, "post", "/a/TOKEN/upload/PHOTO/")],
)  # fmt: skip
def test_look_ups_and_uploads_are_limited(
    english: Client, draft: Any, limit: Any, method: str, address: str
) -> None:
    call = getattr(english, method)
    for _n in range(limit.count):
        call(address.replace("TOKEN", token_of(draft)))
    response = call(address.replace("TOKEN", token_of(draft)))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "try again" in response.json()["error"]


def test_mistakes_do_not_count_as_applications(english: Client) -> None:
    draft = PersonalApplicationFactory(papers=False)
    for _n in range(APPLICATIONS.count + 2):
        response = english.post(f"/a/{token_of(draft)}/", {"name": "张三", "submit": "1"})
        assert response.status_code == 200


# --- The employer ---------------------------------------------------------------------------------------


def test_a_company_that_merely_fits_is_offered_and_never_guessed(english: Client) -> None:
    """Its people would read a stranger's papers."""
    company = CompanyFactory(name="广东建科示范监理有限公司")
    page = english.post(FORM, {"name": "张三", "employer": "建科", "submit": "1"}).content.decode()
    assert PersonalApplication.objects.get().company is None
    assert f'<input type="radio" name="company" value="{company.pk}">' in page


def test_a_choice_that_does_not_fit_what_is_typed_is_asked_again(english: Client) -> None:
    one, other = CompanyFactory(name="广东甲方监理有限公司"), CompanyFactory(name="广东乙方监理有限公司")
    typed = {"name": "张三", "employer": "乙方", "company": one.pk, "submit": "1"}
    page = english.post(FORM, typed).content.decode()
    assert "Choose your employer from the list" in page
    draft = PersonalApplication.objects.get()
    english.post(f"/a/{token_of(draft)}/", typed | {"company": other.pk})
    draft.refresh_from_db()
    assert draft.company == other


@pytest.mark.parametrize("fields", [{"status": "SUSPENDED"}, {"status": "LEFT"}])
def test_a_company_that_takes_no_people_cannot_be_chosen(english: Client, draft: Any, fields: dict) -> None:
    company = CompanyFactory(name="广东停业监理有限公司", **fields)
    page = english.post(f"/a/{token_of(draft)}/",
                        {"employer": company.name, "company": company.pk, "submit": "1"}).content.decode()  # fmt: skip
    assert "No member company fits" in page


def test_searching_without_a_script_shows_the_companies_and_complains_of_nothing(english: Client) -> None:
    CompanyFactory(name="广东建科示范监理有限公司")
    page = english.post(FORM, {"employer": "示范 建科", "find": "1"}).content.decode()
    assert "广东建科示范监理有限公司" in page
    assert "please correct" not in page


# --- The reviewing body ---------------------------------------------------------------------------------


def test_the_open_classes_stand_beside_the_bodies(english: Client) -> None:
    TrainingClassFactory(title="监理员从业培训班第7期")
    assert "监理员从业培训班第7期" in english.get(FORM).content.decode()


def test_where_no_class_is_open_the_page_says_whom_to_ask(english: Client) -> None:
    page = english.get(FORM).content.decode()
    assert "No practice class is open" in page
    assert "/contacts/" in page
