"""`manage.py demo`: a demo association, ready to sign in to; running it again changes nothing that is there."""

import os
import unicodedata
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core import imports
from backoffice.core.inbox import todo
from backoffice.core.links import address_of
from backoffice.core.models import ImportRun
from backoffice.public.management.commands import load_dictionaries
from backoffice.work_cards import work_cards
from registry.demo import announcements, applications, files, pictures, records, requests, users
from registry.demo.story import Stories
from registry.models import Certificate, Company, Person, PersonalApplication
from training import demo as training

SEED = 11


class Command(BaseCommand):
    help = "Prepare a demo association (data, sign-ins, Excel files to try) and serve it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="only prepare")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--people", type=int, default=2100, help="how many people a new demo gets")
        parser.add_argument(
            "--pictures", type=int, default=12, help="how many people of a new demo get pictures"
        )
        parser.add_argument(
            "--reset-passwords", action="store_true", help="give all demo users the demo password again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "This is a production site (ENVIRONMENT=production); the demo stays away from it."
            )
        password = os.environ.get("DEMO_PASSWORD") or "Demo-2026!"
        if not os.environ.get("SITE_URL"):  # links in mails lead to this very server
            settings.SITE_URL = f"http://127.0.0.1:{options['port']}"
        call_command("migrate", verbosity=0, interactive=False)
        load_dictionaries.load()
        office = users.ensure_staff(password)
        if Company.objects.exists():
            self.stdout.write(
                "已有数据，保持不变。 The register is not empty; it stays as it is "
                f"(a new demo: empty {settings.DATA_DIR})."
            )
        else:
            self.stdout.write("正在生成演示数据…… Building the demo association …")
            build(office, password, people=options["people"], with_pictures=options["pictures"])
        if options["reset_passwords"]:
            users.reset_passwords(password)
        paths = files.write_files(settings.DATA_DIR / "demo-files")
        show_one_import(paths, office)
        self.tell(paths, password, options["port"])
        if not options["no_serve"]:
            Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # whitenoise warns of a missing one
            call_command("runserver", f"127.0.0.1:{options['port']}", use_reloader=False)

    def tell(self, paths: Sequence[Path], password: str, port: int) -> None:
        """Say what is there and how to get in."""
        counts = f"{Company.objects.count()} 家单位 companies, {Person.objects.count()} 人 people, "
        counts += f"{Certificate.objects.count()} 本证书 certificates"
        rows = [("角色 Role", "登录名 Sign-in", "姓名 Name", "所属 Belongs to", "说明 Note")]
        for user, note in users.sign_ins():
            rows.append((user.get_role_display(), user.username, user.name, bound_to(user), note))
        self.stdout.write(f"\n{counts}\n\n{table(rows)}\n")
        self.stdout.write("各人面前的工作 What each finds:")
        for user, _note in users.sign_ins():
            if found := what_waits(user):
                self.stdout.write(f"  {pad(user.username, 20)}{found}")
        self.stdout.write("其他单位 other companies: 登录名 sign-ins member02, member03, …")
        self.stdout.write(
            f"密码 Password: {password} （DEMO_PASSWORD；改过的密码不变 changed ones are kept）"
        )
        self.stdout.write(f"登录 Sign in:  {settings.SITE_URL}{reverse('admin:index')}")
        self.stdout.write(f"首页 Home, applications: {settings.SITE_URL}{reverse('public:home')}")
        for label, state in (("已退回的个人申请 a returned application", "RETURNED"),
                             ("审核中的个人申请 one under review", "COMPANY_REVIEW")):  # fmt: skip
            shown = PersonalApplication.objects.filter(state=state).order_by("pk").first()
            if shown is not None:
                self.stdout.write(f"  {label}: {address_of(shown)}")
        self.stdout.write(f"试导入的文件 Excel files to try: {paths[0].parent if paths else '-'}")
        for path in paths:
            self.stdout.write(f"  {path.name}")
        if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
            self.stdout.write(
                "邮件和短信（含激活链接）显示在本窗口。 Mails and text messages, activation links among them, "
                "appear in this terminal."
            )


@transaction.atomic
def build(office: User, password: str, *, people: int, with_pictures: int) -> None:
    """All records or none, so that a run that was stopped can simply be repeated."""
    demo = records.build(office, people=people)
    users.add_members(demo, password)
    pictures.attach_pictures(demo, office, with_pictures)
    announcements.write_announcements(office)
    stories = Stories(SEED)
    training.tell_classes(stories)
    applications.tell_personal(stories, office)
    applications.tell_companies(stories)
    requests.tell_changes(stories)
    requests.tell_transfers(stories)
    requests.tell_help(stories)
    requests.decide_duplicates(office)
    training.tell_training()
    users.date_sign_ins()


def show_one_import(paths: Iterable[Path], office: User) -> None:
    """Leave one import waiting for the office: the file with all the trouble, looked through."""
    for path in paths:
        if path.name == files.TROUBLE and not ImportRun.objects.exists():
            imports.preview(imports.start(path, path.name, "certificates", by=office))


def what_waits(user: User) -> str:
    """The inbox and the numbers of the user's first page in one line, as the page itself counts them."""
    open_tasks = todo(user)
    late = open_tasks.filter(due_on__lt=timezone.localdate()).count()
    parts = [f"待办 to do {number}（逾期 late {late}）"] if (number := open_tasks.count()) else []
    for card in work_cards(user):
        if card["value"] != "0":
            parts.append(f"{card['title']} {card['value']}" + (f"（{card['note']}）" if card["note"] else ""))
    return " · ".join(parts)


def bound_to(user: User) -> str:
    person = user.person
    return str(user.company or user.local_body or (person and person.company) or "")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns in line although Chinese characters are two cells wide."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(pad(cell, widths[column]) for column, cell in enumerate(row)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths)), *lines[1:]])


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def pad(text: str, wanted: int) -> str:
    return text + " " * (wanted - width(text))
