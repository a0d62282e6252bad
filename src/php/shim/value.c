/* Conversions that PHP does best itself. Those marked so may run user code and leave by longjmp. */
#include "shim.h"

#include "ext/json/php_json.h"
#include "php_variables.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"

/* As parse_str(): nested names, max_input_vars. */
void rr_parse_query(const char *text, size_t length, zval *array)
{
    array_init(array);
    sapi_module.treat_data(PARSE_STRING, estrndup(text, length), array);
}

/* NULL with an exception pending. */
zend_string *rr_json(zval *value)
{
    /* PHP's own function: the exported encoder tells no reason of a failure. */
    zend_function *encode = zend_hash_str_find_ptr(CG(function_table), ZEND_STRL("json_encode"));
    if (!encode) {
        zend_throw_error(NULL, "json_encode() is disabled, so only strings can be sent");
        return NULL;
    }
    zval arguments[2], text;
    ZVAL_COPY_VALUE(&arguments[0], value);
    ZVAL_LONG(&arguments[1], PHP_JSON_THROW_ON_ERROR | PHP_JSON_UNESCAPED_SLASHES | PHP_JSON_UNESCAPED_UNICODE |
                             PHP_JSON_PRESERVE_ZERO_FRACTION);
    zend_call_known_function(encode, NULL, NULL, &text, 2, arguments, NULL);
    return Z_TYPE(text) == IS_STRING ? Z_STR(text) : NULL;
}

/* The bytes of a response body; may run user code (JsonSerializable, __toString). NULL with an exception pending. */
zend_string *rr_body(zval *body, bool *is_json)
{
    if (!body || Z_TYPE_P(body) == IS_NULL) {
        return ZSTR_EMPTY_ALLOC();
    }
    if (Z_TYPE_P(body) == IS_STRING) {
        return zend_string_copy(Z_STR_P(body));
    }
    zend_class_entry *ce = Z_TYPE_P(body) == IS_OBJECT ? Z_OBJCE_P(body) : NULL;
    if (Z_TYPE_P(body) == IS_ARRAY || ce == zend_standard_class_def ||
        (ce && instanceof_function(ce, php_json_serializable_ce))) {
        *is_json = true;
        return rr_json(body);
    }
    if (ce && instanceof_function(ce, zend_ce_stringable)) {
        return zval_try_get_string(body);
    }
    zend_type_error("The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or "
                    "null, %s given",
                    zend_zval_value_name(body));
    return NULL;
}

/* False with a BadRequestException pending. PHP's parser ends at a NUL behind the text, which a body that is lent has not. */
bool rr_json_decode(const char *text, size_t length, bool terminated, zend_long depth, zval *value)
{
    char *copy = terminated ? NULL : estrndup(text, length);
    ZVAL_NULL(value);
    php_json_decode_ex(value, copy ? copy : text, length, PHP_JSON_OBJECT_AS_ARRAY | PHP_JSON_THROW_ON_ERROR, depth);
    if (copy) {
        efree(copy);
    }
    if (!EG(exception)) {
        return true;
    }
    zval holder, *message = zend_read_property(zend_ce_exception, EG(exception), ZEND_STRL("message"), true, &holder);
    /* The exception that is pending becomes the previous one of the new. */
    zend_throw_exception_ex(rr_ce_bad_request, 0, "The request body is not valid JSON: %s",
                            Z_TYPE_P(message) == IS_STRING ? Z_STRVAL_P(message) : "");
    return false;
}

/* `name` is NULL for an index. `constant`: both strings live until the run of the script ends. */
void rr_headers(HashTable *headers, rr_each_header each, void *context)
{
    zend_ulong index;
    zend_string *name;
    zval *value;
    ZEND_HASH_FOREACH_KEY_VAL(headers, index, name, value) {
        ZVAL_DEREF(value);
        bool constant = name && ZSTR_IS_INTERNED(name) && Z_TYPE_P(value) == IS_STRING && ZSTR_IS_INTERNED(Z_STR_P(value));
        if (!each(context, index, name, value, constant)) {
            return;
        }
    } ZEND_HASH_FOREACH_END();
}

const char *rr_type_name(const zval *value)
{
    return zend_zval_value_name(value);
}

void rr_position(const char **file, uint32_t *line)
{
    *file = zend_get_executed_filename();
    *line = zend_get_executed_lineno();
}
