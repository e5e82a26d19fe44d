"""The sample's families and the relationships in them."""

from bson import Decimal128

from tui_migrate.demo.sample import identity, words
from tui_migrate.demo.sample.accounts import Document
from tui_migrate.demo.sample.chance import Chance
from tui_migrate.demo.sample.identity import DAY_MS, later, made_at
from tui_migrate.demo.sample.sizes import Sizes

_KINDS = (("parent", "child"), ("sibling", "sibling"), ("spouse", "spouse"), ("grandparent", "grandchild"))


def family(number: int, sizes: Sizes) -> Document:
    """A family with one or two administrators and a shared account."""
    chance = Chance("families", number)
    made = made_at("families", number)
    first = chance.below(sizes.users)
    admins = [first, (first + 1) % sizes.users][: 1 + chance.below(2)]
    return {
        "_id": identity.family(number),
        "name": f"The {chance.pick(words.FAMILY_NAMES)[0]} family",
        "admin_user_ids": [identity.user(one) for one in admins],
        "member_count": 2 + chance.below(6),
        "is_active": not chance.one_in(15),
        "account": {
            "name": f"family_{number}",
            "balance": Decimal128(f"{chance.below(5_000)}.{chance.below(1000):03d}"),
            "is_frozen": chance.one_in(20),
            "spending": [{"user_id": identity.user(one), "limit": 10 * (1 + chance.below(20))} for one in admins],
        },
        "settings": {"allow_invitations": chance.one_in(2), "visibility": chance.pick(("private", "members"))},
        "created_at": made,
        "updated_at": later(made, chance.below(250) * DAY_MS),
    }


def relationship(number: int, sizes: Sizes) -> Document:
    """How two different users of a family are related."""
    chance = Chance("family_relationships", number)
    made = made_at("family_relationships", number)
    there, back = chance.pick(_KINDS)
    one = chance.below(sizes.users)
    other = (one + 1 + chance.below(sizes.users - 1)) % sizes.users
    return {
        "_id": identity.relationship(number),
        "family_id": identity.family(number % sizes.families),
        "user_a_id": identity.user(one),
        "user_b_id": identity.user(other),
        "relationship_type_a_to_b": there,
        "relationship_type_b_to_a": back,
        "status": chance.pick(("active", "active", "pending", "declined")),
        "created_at": made,
        "updated_at": later(made, chance.below(60) * DAY_MS),
    }
