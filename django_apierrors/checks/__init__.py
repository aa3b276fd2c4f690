"""System checks: a wrong set-up is found at boot, and the hint is the fix."""

from .definitions import check_codes
from .ratelimit import check_policies, check_store, check_store_of_deployment
from .settings import check_settings
from .setup import check_cors, check_doors, check_error_views, check_middleware_order, check_versions

ALL = (
    check_settings,
    check_codes,
    check_doors,
    check_middleware_order,
    check_error_views,
    check_versions,
    check_cors,
    check_policies,
    check_store,
)
#: Run by ``manage.py check --deploy`` only.
DEPLOY = (check_store_of_deployment,)
