/* Conversions that PHP does best itself. Those marked so may run user code and leave by longjmp. */
#include "shim.h"

#include "ext/json/php_json.h"
#include "php_variables.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"
#include "zend_smart_str.h"

/* As parse_str(): nested names, max_input_vars. */
void rr_parse_query(const char *text, size_t length, zval *array)
{
    array_init(array);
    sapi_module.treat_data(PARSE_STRING, estrndup(text, length), array);
}

extern PHPAPI zend_class_entry *php_json_exception_ce;

/* JSON_G() takes a name that only a thread-safe PHP has, see tsrm.c. */
static php_json_error_code *json_error(void)
{
    zend_module_entry *module = zend_hash_str_find_ptr(&module_registry, ZEND_STRL("json"));
    return &((zend_json_globals *) ts_resource(*module->globals_id_ptr))->error_code;
}

/* As json_encode() does, whose message is known to json_last_error_msg() alone. */
static void throw_json_error(php_json_error_code code)
{
    zval message;
    ZVAL_UNDEF(&message);
    zend_function *describe = zend_hash_str_find_ptr(CG(function_table), ZEND_STRL("json_last_error_msg"));
    if (describe) {
        zend_call_known_function(describe, NULL, NULL, &message, 0, NULL, NULL);
    }
    const char *text = Z_TYPE(message) == IS_STRING ? Z_STRVAL(message) : "The body cannot be JSON encoded";
    zend_throw_exception(php_json_exception_ce, text, code);
    zval_ptr_dtor(&message);
}

/* NULL with an exception pending. */
static zend_string *json(zval *value)
{
    smart_str buffer = {0};
    zend_long options = PHP_JSON_UNESCAPED_SLASHES | PHP_JSON_UNESCAPED_UNICODE | PHP_JSON_PRESERVE_ZERO_FRACTION;
    php_json_error_code *error = json_error(), before = *error;
    php_json_encode_ex(&buffer, value, options, PHP_JSON_PARSER_DEFAULT_DEPTH);
    /* The encoder goes on after some errors, and throws for none. */
    if (*error != PHP_JSON_ERROR_NONE && !EG(exception)) {
        throw_json_error(*error);
    }
    *error = before;
    if (EG(exception)) {
        smart_str_free(&buffer);
        return NULL;
    }
    return smart_str_extract(&buffer);
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
        return json(body);
    }
    if (ce && instanceof_function(ce, zend_ce_stringable)) {
        return zval_try_get_string(body);
    }
    zend_type_error("The body must be a string, an array, a Stringable, a JsonSerializable or null, %s given",
                    zend_zval_value_name(body));
    return NULL;
}

/* False with a BadRequestException pending. PHP's parser ends at a NUL behind the text, which a body has not. */
bool rr_json_decode(const char *text, size_t length, zend_long depth, zval *value)
{
    char *terminated = estrndup(text, length);
    ZVAL_NULL(value);
    php_json_decode_ex(value, terminated, length, PHP_JSON_OBJECT_AS_ARRAY | PHP_JSON_THROW_ON_ERROR, depth);
    efree(terminated);
    if (!EG(exception)) {
        return true;
    }
    zval holder, *message = zend_read_property(zend_ce_exception, EG(exception), ZEND_STRL("message"), true, &holder);
    /* The exception that is pending becomes the previous one of the new. */
    zend_throw_exception_ex(rr_ce_bad_request, 0, "The request body is not valid JSON: %s",
                            Z_TYPE_P(message) == IS_STRING ? Z_STRVAL_P(message) : "");
    return false;
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
