"""Who is asking? Routers that have moved take `ClerkUser`; the others take `PlatformUser` until they have."""

from typing import Annotated

from fastapi import Depends

from app import settings
from app.models import User

if settings.STAGE == "mixed":
    from app.auth.legacy import get_admin_unified as platform_admin
    from app.auth.legacy import get_current_user_unified as platform_user
else:
    from app.auth.clerk import get_current_user as platform_user
    from app.auth.clerk import require_admin as platform_admin

PlatformUser = Annotated[User, Depends(platform_user)]
PlatformAdmin = Annotated[User, Depends(platform_admin)]
