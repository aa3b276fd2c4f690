"""System checks, which find a wrong setup at boot and name the fix."""

from .definitions import check_codes
from .deployment import check_deployment
from .error_views import check_error_views
from .middleware_order import check_middleware_order
from .parsers import check_parsers
from .ratelimit import check_policies, check_store, check_store_of_deployment
from .settings import check_settings
from .setup import check_cors, check_entry_points, check_versions

ALL = (
    check_settings,
    check_codes,
    check_entry_points,
    check_middleware_order,
    check_error_views,
    check_versions,
    check_cors,
    check_parsers,
    check_policies,
    check_store,
)
#: Run by ``manage.py check --deploy`` only.
DEPLOY = (check_store_of_deployment, check_deployment)
