"""The names of the cookies that Clerk's SDKs and its Frontend API set: https://clerk.com/docs/guides/how-clerk-works/overview.

A name alone is no proof: a backend may keep a session of its own under one of them. Some hosts pass on no cookie but `__session`
(https://firebase.google.com/docs/hosting/manage-cache), so that backends that were there before Clerk have theirs in it.
"""

from __future__ import annotations

import re

_SUFFIX = r"(?:_[\w-]{8})?"
"""Eight characters of the hash of the publishable key, where several instances share a domain."""
_SESSION = re.compile(f"__session{_SUFFIX}", re.ASCII)
_OTHERS = re.compile(rf"(?:__client_uat|__clerk_[a-z_]+?|__refresh|clerk_active_context){_SUFFIX}|__client", re.ASCII)


def holds_session(name: str) -> bool:
    """Whether a cookie of this name is the one in which Clerk's SDKs keep the session token."""
    return _SESSION.fullmatch(name) is not None


def is_clerks_name(name: str) -> bool:
    """Whether Clerk's SDKs set a cookie of this name, whatever stands in it."""
    return holds_session(name) or is_beside_session(name)


def is_beside_session(name: str) -> bool:
    """Whether Clerk's SDKs set a cookie of this name that is no session token: who has signed in last, which browser this is."""
    return _OTHERS.fullmatch(name) is not None
