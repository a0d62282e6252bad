/* RoadRunner\Channel: what feeds answers that were detached. */
#include "shim.h"

#include "zend_exceptions.h"

ZEND_METHOD(RoadRunner_Channel, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Channel, publish)
{
    HashTable *names = NULL;
    zend_string *name = NULL, *event = NULL, *id = NULL;
    zval *data;
    zend_long retry = -1;
    bool no_retry = true;
    ZEND_PARSE_PARAMETERS_START(2, 5)
        Z_PARAM_ARRAY_HT_OR_STR(names, name)
        Z_PARAM_ZVAL(data)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(event)
        Z_PARAM_STR_OR_NULL(id)
        Z_PARAM_LONG_OR_NULL(retry, no_retry)
    ZEND_PARSE_PARAMETERS_END();
    if (!no_retry && retry < 0) {
        zend_argument_value_error(5, "must be greater than or equal to 0");
        RETURN_THROWS();
    }
    bool json = false;
    zend_string *bytes = rr_body(data, &json);
    if (!bytes) {
        RETURN_THROWS();
    }
    zend_long reached =
        rr_rs_channel_publish(names, name, ZSTR_VAL(bytes), ZSTR_LEN(bytes), event ? ZSTR_VAL(event) : NULL,
                              event ? ZSTR_LEN(event) : 0, id ? ZSTR_VAL(id) : NULL, id ? ZSTR_LEN(id) : 0,
                              no_retry ? -1 : retry);
    zend_string_release(bytes);
    RETURN_LONG(reached);
}

static void of_name(INTERNAL_FUNCTION_PARAMETERS, zend_long (*what)(zend_string *))
{
    zend_string *name;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(name)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_LONG(what(name));
}

ZEND_METHOD(RoadRunner_Channel, count)
{
    of_name(INTERNAL_FUNCTION_PARAM_PASSTHRU, rr_rs_channel_count);
}

ZEND_METHOD(RoadRunner_Channel, close)
{
    of_name(INTERNAL_FUNCTION_PARAM_PASSTHRU, rr_rs_channel_close);
}
