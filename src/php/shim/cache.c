/* RoadRunner\Http\Cache: what middleware `cache` has stored. */
#include "shim.h"

ZEND_METHOD(RoadRunner_Http_Cache, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_Cache, purgeTags)
{
    HashTable *tags = NULL;
    zend_string *tag = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_ARRAY_HT_OR_STR(tags, tag)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_LONG(rr_rs_cache_purge_tags(tags, tag));
}

ZEND_METHOD(RoadRunner_Http_Cache, purgeUrl)
{
    zend_string *url;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(url)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_LONG(rr_rs_cache_purge_url(url));
}

ZEND_METHOD(RoadRunner_Http_Cache, clear)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_LONG(rr_rs_cache_clear());
}
