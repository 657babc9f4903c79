"""No page is left out by hand: each is looked at by the browser tests, or stands here with the reason why not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.urls import get_resolver

#: The theme's and Django's own frames, the same for every model; one of each kind is looked at.
ALIKE = re.compile(r"_(history|delete|attachments|export|add|change|changelist)$")
#: What answers no page: downloads, pictures, progress, drop-downs, and what is only posted to.
NO_PAGE = {
    "announcement_download", "announcement_file", "announcement_thumb", "attachment", "attachment_download",
    "attachment_thumb", "autocomplete", "check_field", "employers", "file", "thumb", "upload", "save", "robots",
    "jsi18n", "search", "logout", "set_language", "core_importrun_confirm", "core_importrun_discard",
    "core_importrun_file", "core_importrun_mapping", "core_importrun_options", "core_importrun_progress",
    "core_importrun_template", "core_importrun_undo", "core_savedfilter_save", "registry_duplicatepair_different",
    "registry_duplicatepair_find", "registry_duplicatepair_merge", "registry_merge_undo",
    "registry_certificate_term", "training_enrolment_materials_pdf", "training_enrolment_papers",
    "training_enrolment_print_pdf", "training_enrolment_remark", "training_enrolment_roster",
    "training_enrolment_roster_export", "training_enrolmentline_attendance_roster", "training_platformrun_ask",
    "training_platformrun_results", "training_platformrun_roster", "training_platformrun_send",
    "training_platformrun_withdraw", "accounts_user_send_activation", "accounts_user_switch_off",
    "accounts_user_switch_on", "accounts_user_unlock_user", "fees_bill_decide", "core_task_decide",
    "core_task_hand_over", "training_enrolmentline_act", "training_trainingclass_copy",
}  # fmt: skip
#: The same page under another address.
ELSEWHERE = {
    "password_change": "set_password", "password_change_done": "set_password", "app_list": "the dashboard",
    "reset_complete": "the sign-in page", "registry_helprequest_followup": "only posted to", "health": "no page",
    "ready": "no page",
}  # fmt: skip


def names(resolver: Any) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from names(pattern)
        elif pattern.name:
            yield pattern.name


def test_every_page_is_looked_at_by_a_browser_test() -> None:
    folder = Path(__file__).parent / "browser"
    sources = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))
    listed = set(re.findall(r'"(?:admin:|public:|accounts:)?([a-z_]+)"', sources))
    left = {name for name in names(get_resolver()) if name not in listed and not ALIKE.search(name)}
    assert left - NO_PAGE - ELSEWHERE.keys() == set()
