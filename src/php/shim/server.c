/* RoadRunner\Server: what a worker asks of its server. */
#include "shim.h"

ZEND_METHOD(RoadRunner_Server, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Server, reload)
{
    zend_string *pool = NULL;
    ZEND_PARSE_PARAMETERS_START(0, 1)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(pool)
    ZEND_PARSE_PARAMETERS_END();
    rr_rs_server_reload(pool);
}

ZEND_METHOD(RoadRunner_Server, restart)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_server_restart();
}

ZEND_METHOD(RoadRunner_Server, shutdown)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_server_shutdown();
}
