"""The empty certificate workbook: drop-downs, two examples, and the rules people ask about."""

import datetime
import io
from typing import BinaryIO

from django.utils.translation import gettext as _

from backoffice.core.excel.template import write_template
from registry.imports.fields import CERTIFICATE_FIELDS
from registry.models import Certificate, Person, Region, Specialty


def certificate_template() -> BinaryIO:
    """Return the workbook, ready to be sent. Regions and specialties are those of the dictionaries now."""
    out = io.BytesIO()
    choices = {
        "type": [str(label) for label in Certificate.Type.labels],
        "status": [str(label) for label in Certificate.Status.labels],
        "gender": [str(label) for label in Person.Gender.labels],
        "education": [str(label) for label in Person.Education.labels],
        "specialty": list(Specialty.objects.values_list("name", flat=True)),
        "region": list(Region.objects.filter(parent=None).values_list("name", flat=True)),
    }
    write_template(out, CERTIFICATE_FIELDS, choices, examples(), notes(), title=_("Certificates"))
    out.seek(0)
    return out


def examples() -> list[dict[str, object]]:
    """A certificate never renewed, and one renewed once."""
    first = datetime.date(2024, 5, 20)
    shared = {"type": str(Certificate.Type.ENGINEER.label), "company": "广东某某工程监理有限公司"}
    return [
        shared
        | {"number": "A1240520", "name": "张三", "id_number": "44010319880615001X", "issue_date": first,
           "expiry_date": datetime.date(2027, 5, 19), "phone": "13800138000"},
        shared
        | {"number": "A1210315", "name": "李四", "id_number": "440106199203080028",
         "issue_date": datetime.date(2021, 3, 15),
           "renewal_date": datetime.date(2024, 3, 14), "expiry_date": datetime.date(2027, 3, 14)},
    ]  # fmt: skip


def notes() -> list[str]:
    return [
        _("Red columns are required; the others may stay empty or be left out."),
        _(
            "Type ID numbers as text: Excel loses the last digits of an 18-digit number, and such rows are refused."
        ),
        _("Dates may be written 2024-05-20, 2024.5.20, 2024/5/20 or 2024年5月20日."),
        _("The company is found by its present name or a former one."),
        _(
            "Of people who are in the register already only empty profile fields are filled; nothing is overwritten."
        ),
        _("The same file may be handed in again: what is in the register already stays unchanged."),
    ]
