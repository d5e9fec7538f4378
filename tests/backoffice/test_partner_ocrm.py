"""Templates, survey targets and campaigns, for whoever wants to hear of them."""

from __future__ import annotations

from backoffice.partners.ocrm import TARGETS, OcrmPolicy, Template
from backoffice.partners.operations import Partner
from backoffice.partners.policy import PartnersPolicy
from backoffice.partners.queries import Campaigns, SurveyTargets, Templates
from tests.backoffice.partner_scenes import NOW_MS, look, person, playing


def test_who_does_not_want_to_hear_is_not_told() -> None:
    """The others get every campaign, with the version of its materials."""
    policy = OcrmPolicy(do_not_contact=(person(1).number,))
    one = playing(Partner.OCRM, PartnersPolicy(ocrm=policy))
    assert ["spring@3", "mobile@1"] == [c.code for c in look(one, Campaigns(person().number))]
    assert () == look(one, Campaigns(person(1).number))


def test_an_old_template_can_be_used_for_a_while() -> None:
    """Until the day that it names, and for its kind."""
    old = Template("household", 1, "旧", "Old", "farmer", NOW_MS + 1)
    one = playing(Partner.OCRM, PartnersPolicy(ocrm=OcrmPolicy(templates=(old,))))
    (item,) = look(one, Templates("farmer"))
    assert ("household@1", str(NOW_MS + 1)) == (item.code, item.facts["until_ms"])
    assert () == look(one, Templates("merchant"))
    one.now_ms += 1
    assert () == look(one, Templates("farmer"))


def test_every_outlet_has_people_to_ask() -> None:
    """Its own, anew each quarter, by masked names."""
    one = playing(Partner.OCRM)
    here, there = look(one, SurveyTargets("01")), look(one, SurveyTargets("02"))
    assert TARGETS == len(here) == len({item.code for item in here})
    assert not {item.code for item in here} & {item.code for item in there}
    assert {"2025Q2"} == {item.facts["wave"] for item in here}
    assert {"*"} == {item.title_zh[-1] for item in here}
    assert () == look(playing(Partner.OCRM, PartnersPolicy()), SurveyTargets("01"))
