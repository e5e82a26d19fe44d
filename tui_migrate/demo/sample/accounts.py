"""The sample's users, tenants, memberships and permanent tokens."""

from collections.abc import Mapping

from bson import Binary, Decimal128, Int64, MaxKey, MinKey, Regex
from bson.binary import MD5_SUBTYPE
from bson.datetime_ms import DatetimeMS

from tui_migrate.demo.sample import identity, words
from tui_migrate.demo.sample.chance import Chance, digest
from tui_migrate.demo.sample.identity import DAY_MS, OWN, later, made_at
from tui_migrate.demo.sample.sizes import Sizes

Document = Mapping[str, object]


def user(number: int, sizes: Sizes) -> Document:
    """A user; birthdays reach back before 1970, some have never logged in, a phone number is rare."""
    chance = Chance("users", number)
    (given, given_ascii), (family, family_ascii) = chance.pick(words.GIVEN_NAMES), chance.pick(words.FAMILY_NAMES)
    name = f"{given_ascii}.{family_ascii}{number}"
    made = made_at("users", number)
    document: dict[str, object] = {
        "_id": identity.user(number),
        "username": name,
        "email": f"{name}@{chance.pick(('example.org', 'example.com', 'mail.example.net'))}",
        "full_name": f"{given} {family}",
        "hashed_password": f"$argon2id$v=19$m=65536,t=3,p=4${digest('password', number, size=32).hex()}",
        "role": "admin" if chance.one_in(50) else "user",
        "plan": chance.pick(("free", "free", "free", "pro", "family")),
        "is_active": not chance.one_in(8),
        "is_verified": not chance.one_in(10),
        "two_factor_enabled": chance.one_in(3),
        "date_of_birth": DatetimeMS((chance.below(22_000) - 12_000) * DAY_MS),
        "last_login": None if chance.one_in(9) else later(made, chance.below(400) * DAY_MS + chance.below(DAY_MS)),
        "failed_login_attempts": chance.below(4),
        "storage_used": Int64(chance.below(2**36)),
        "sbd_tokens": Decimal128(f"{chance.below(10_000)}.{chance.below(100):02d}"),
        "trusted_ips": [f"192.0.2.{chance.below(256)}" for _ in range(chance.below(3))],
        "avatar": Binary(digest("avatar", number, size=24)),
        "preferences": {
            "theme": chance.pick(("dark", "light", "system")),
            "language": chance.pick(("en", "de", "fr", "ja", "vi")),
            "notifications": {"email": chance.one_in(2), "push": chance.one_in(2), "quiet_hours": [22, 7]},
        },
        "created_at": made,
        "updated_at": later(made, chance.below(300) * DAY_MS),
    }
    if chance.one_in(5):
        document["phone"] = f"+99 555 {number:08d}"
    return document


def tenant(number: int, sizes: Sizes) -> Document:
    """A tenant: prices as decimals, an allowed address as a regular expression, open limits as key bounds."""
    chance = Chance("tenants", number)
    name = f"{chance.pick(words.COMPANIES)} {chance.pick(words.TRADES)}"
    slug = f"{name.lower().replace(' & ', '-').replace(' ', '-')}-{number}"
    made = made_at("tenants", number)
    plan = chance.pick(("trial", "team", "enterprise"))
    return {
        "_id": identity.tenant(number),
        "name": name,
        "slug": slug,
        "plan": plan,
        "monthly_price": Decimal128({"trial": "0", "team": "49.90", "enterprise": "1.2500E+3"}[plan]),
        "owner_id": identity.user(number % sizes.users),
        "domains": [f"{slug}.example.com", f"mail.{slug}.example.com"][: 1 + chance.below(2)],
        "allowed_address": Regex(f"^[^@]+@(mail\\.)?{slug}\\.example\\.com$", "i"),
        "limits": {
            "documents": MaxKey() if plan == "enterprise" else Int64(50_000 * (1 + chance.below(4))),
            "priority": MinKey() if plan == "trial" else chance.below(10),
        },
        "is_active": not chance.one_in(12),
        "created_at": made,
        "updated_at": later(made, chance.below(200) * DAY_MS),
    }


def membership(number: int, sizes: Sizes) -> Document:
    """A user's place in a tenant; no user is twice in one, which a unique index holds."""
    chance = Chance("tenant_memberships", number)
    is_own = number >= OWN
    member, turn = (number, 0) if is_own else (number % sizes.users, number // sizes.users)
    home = Chance("tenant of", member).below(sizes.tenants)
    made = made_at("tenant_memberships", number)
    return {
        "_id": identity.object_id("tenant_memberships", number),
        "tenant_id": identity.tenant((home + turn) % sizes.tenants),
        "user_id": identity.user(member),
        "role": chance.pick(("member", "member", "member", "editor", "owner")),
        "status": chance.pick(("active", "active", "active", "invited", "suspended")),
        "permissions": ["read", "write", "share", "administer"][: 1 + chance.below(4)],
        "invited_by": None if chance.one_in(3) else identity.user(chance.below(sizes.users)),
        "created_at": made,
        "updated_at": later(made, chance.below(90) * DAY_MS),
    }


def permanent_token(number: int, sizes: Sizes) -> Document:
    """A token for programs: only its hash is kept."""
    chance = Chance("permanent_tokens", number)
    made = made_at("permanent_tokens", number)
    used = chance.below(500) * chance.below(2)
    return {
        "_id": identity.object_id("permanent_tokens", number),
        "user_id": identity.user(chance.below(sizes.users)),
        "token_hash": digest("token", number, size=32).hex(),
        "fingerprint": Binary(digest("fingerprint", number, size=16), MD5_SUBTYPE),
        "description": chance.pick(("calendar sync", "backup script", "home server", "phone")),
        "scopes": ["notes:read", "notes:write", "chat:read"][: 1 + chance.below(3)],
        "usage_count": Int64(used),
        "last_used_at": later(made, used * DAY_MS // 3) if used else None,
        "is_revoked": chance.one_in(10),
        "expires_at": later(made, (365 + chance.below(3_650)) * DAY_MS),
        "created_at": made,
        "updated_at": made,
    }
