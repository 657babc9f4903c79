import pytest
from tests.factories import *
@pytest.mark.django_db
def test_x(users, signed_in):
    c=CertificateFactory(); assert c.company==c.person.company and c.terms.count()==1
    assert {u.role for u in users.values()}==set(Role)
    p=PaperFactory(); assert p.pk
    for _ in range(300): PersonFactory(company=c.company).full_clean()
    assert RegionFactory(parent=c.region).level=="DISTRICT"
    c.company.full_clean(); c.full_clean()
