/* Files as answers, and RoadRunner\Http\Response, which may be one. */
#include "shim.h"

#include "zend_exceptions.h"

static zend_class_entry *ce_response;

#define THIS_EXCHANGE (rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange)

/* Properties of a response, in the order of the stub. */
enum { STATUS, BODY, HEADERS, FILE_PATH };

void rr_response_class(zend_class_entry *response)
{
    ce_response = response;
}

/* --- headers --------------------------------------------------------------------------------------------------------- */

static bool has_header(HashTable *headers, const char *name, size_t length)
{
    zend_string *key;
    ZEND_HASH_FOREACH_STR_KEY(headers, key) {
        if (key && ZSTR_LEN(key) == length && !zend_binary_strcasecmp(ZSTR_VAL(key), length, name, length)) {
            return true;
        }
    } ZEND_HASH_FOREACH_END();
    return false;
}

/* A copy with one more header, unless it is there; `value` is taken over. */
static void with_header(zval *copy, HashTable *headers, const char *name, size_t length, zval *value)
{
    ZVAL_ARR(copy, headers ? zend_array_dup(headers) : zend_new_array(1));
    if (has_header(Z_ARRVAL_P(copy), name, length)) {
        zval_ptr_dtor(value);
    } else {
        zend_hash_str_update(Z_ARRVAL_P(copy), name, length, value);
    }
}

/* A copy with what the client is to save the file as. False with an exception pending. */
static bool with_name(zval *copy, HashTable *headers, zend_string *name, bool is_inline)
{
    zval value;
    if (!rr_rs_disposition(ZSTR_VAL(name), ZSTR_LEN(name), is_inline, &value)) {
        return false;
    }
    with_header(copy, headers, ZEND_STRL("content-disposition"), &value);
    return true;
}

/* --- sendFile() and send() ------------------------------------------------------------------------------------------- */

/* `exchange` NULL: the request received last. */
static bool send_file(void *exchange, zend_string *path, HashTable *headers)
{
    char full[MAXPATHLEN];
    /* Relative to this thread's own working directory, which is not the process's. */
    if (!ZSTR_LEN(path) || !expand_filepath(ZSTR_VAL(path), full)) {
        zend_value_error("The path of a file must have from 1 to %d bytes", MAXPATHLEN - 1);
        return false;
    }
    if (php_check_open_basedir_ex(full, false)) {
        zend_throw_exception_ex(rr_ce_file, 0, "cannot send %s: open_basedir does not allow it", full);
        return false;
    }
    return rr_rs_send_file(exchange, full, strlen(full), headers);
}

static void send_file_method(INTERNAL_FUNCTION_PARAMETERS, void *exchange)
{
    zend_string *path, *name = NULL;
    bool is_inline = false;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 4)
        Z_PARAM_PATH_STR(path)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(name)
        Z_PARAM_BOOL(is_inline)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    if (!name) {
        RETURN_BOOL(send_file(exchange, path, headers));
    }
    zval copy;
    if (!with_name(&copy, headers, name, is_inline)) {
        RETURN_THROWS();
    }
    RETVAL_BOOL(send_file(exchange, path, Z_ARRVAL(copy)));
    zval_ptr_dtor(&copy);
}

static void send_method(INTERNAL_FUNCTION_PARAMETERS, void *exchange)
{
    zend_object *response;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_OBJ_OF_CLASS(response, ce_response)
    ZEND_PARSE_PARAMETERS_END();
    zval *status = OBJ_PROP_NUM(response, STATUS), *file = OBJ_PROP_NUM(response, FILE_PATH);
    HashTable *headers;
    if (Z_TYPE_P(status) != IS_LONG) {
        zend_throw_exception(rr_ce_logic, "the constructor of the response was not called", 0);
        RETURN_THROWS();
    }
    headers = Z_ARRVAL_P(OBJ_PROP_NUM(response, HEADERS));
    if (Z_TYPE_P(file) == IS_STRING) {
        RETURN_BOOL(send_file(exchange, Z_STR_P(file), headers));
    }
    RETURN_BOOL(rr_respond(exchange, Z_LVAL_P(status), OBJ_PROP_NUM(response, BODY), headers));
}

ZEND_METHOD(RoadRunner_Http_Request, sendFile)
{
    send_file_method(INTERNAL_FUNCTION_PARAM_PASSTHRU, THIS_EXCHANGE);
}

ZEND_METHOD(RoadRunner_Worker, sendFile)
{
    send_file_method(INTERNAL_FUNCTION_PARAM_PASSTHRU, NULL);
}

ZEND_METHOD(RoadRunner_Http_Request, send)
{
    send_method(INTERNAL_FUNCTION_PARAM_PASSTHRU, THIS_EXCHANGE);
}

ZEND_METHOD(RoadRunner_Worker, send)
{
    send_method(INTERNAL_FUNCTION_PARAM_PASSTHRU, NULL);
}

/* --- RoadRunner\Http\Response ---------------------------------------------------------------------------------------- */

static bool is_status(zend_long status)
{
    if (status >= 200 && status <= 599) {
        return true;
    }
    zend_value_error("The status must be from 200 to 599, " ZEND_LONG_FMT " given", status);
    return false;
}

/* What is taken over: `body` and `headers`. Properties that only the constructor may write are written by their places. */
static void response_init(zend_object *response, zend_long status, zval *body, zval *headers, zend_string *file)
{
    ZVAL_LONG(OBJ_PROP_NUM(response, STATUS), status);
    ZVAL_COPY_VALUE(OBJ_PROP_NUM(response, BODY), body);
    ZVAL_COPY_VALUE(OBJ_PROP_NUM(response, HEADERS), headers);
    if (file) {
        ZVAL_STR_COPY(OBJ_PROP_NUM(response, FILE_PATH), file);
    } else {
        ZVAL_NULL(OBJ_PROP_NUM(response, FILE_PATH));
    }
}

static void response_new(zval *value, zend_long status, zval *body, zval *headers, zend_string *file)
{
    object_init_ex(value, ce_response);
    response_init(Z_OBJ_P(value), status, body, headers, file);
}

ZEND_METHOD(RoadRunner_Http_Response, __construct)
{
    zend_long status = 200;
    zval *body = NULL, *headers = NULL, own_body, own_headers;
    ZEND_PARSE_PARAMETERS_START(0, 3)
        Z_PARAM_OPTIONAL
        Z_PARAM_LONG(status)
        Z_PARAM_ZVAL(body)
        Z_PARAM_ARRAY(headers)
    ZEND_PARSE_PARAMETERS_END();
    if (Z_TYPE_P(OBJ_PROP_NUM(Z_OBJ_P(ZEND_THIS), STATUS)) != IS_UNDEF) {
        zend_throw_error(NULL, "Cannot modify readonly property RoadRunner\\Http\\Response::$status");
        RETURN_THROWS();
    }
    if (!is_status(status)) {
        RETURN_THROWS();
    }
    if (body) {
        ZVAL_COPY(&own_body, body);
    } else {
        ZVAL_EMPTY_STRING(&own_body);
    }
    if (headers) {
        ZVAL_COPY(&own_headers, headers);
    } else {
        ZVAL_EMPTY_ARRAY(&own_headers);
    }
    response_init(Z_OBJ_P(ZEND_THIS), status, &own_body, &own_headers, NULL);
}

ZEND_METHOD(RoadRunner_Http_Response, json)
{
    zval *data, body, type, copy;
    zend_long status = 200;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 3)
        Z_PARAM_ZVAL(data)
        Z_PARAM_OPTIONAL
        Z_PARAM_LONG(status)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    if (!is_status(status)) {
        RETURN_THROWS();
    }
    zend_string *text = rr_json(data);
    if (!text) {
        RETURN_THROWS();
    }
    ZVAL_STR(&body, text);
    ZVAL_STRING(&type, "application/json");
    with_header(&copy, headers, ZEND_STRL("content-type"), &type);
    response_new(return_value, status, &body, &copy, NULL);
}

ZEND_METHOD(RoadRunner_Http_Response, redirect)
{
    zend_string *location;
    zval body, target, copy;
    zend_long status = 302;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 3)
        Z_PARAM_STR(location)
        Z_PARAM_OPTIONAL
        Z_PARAM_LONG(status)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    if (!ZSTR_LEN(location)) {
        zend_argument_value_error(1, "must not be empty");
        RETURN_THROWS();
    }
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
        zend_argument_value_error(2, "must be 301, 302, 303, 307 or 308, " ZEND_LONG_FMT " given", status);
        RETURN_THROWS();
    }
    ZVAL_EMPTY_STRING(&body);
    ZVAL_STR_COPY(&target, location);
    with_header(&copy, headers, ZEND_STRL("location"), &target);
    response_new(return_value, status, &body, &copy, NULL);
}

ZEND_METHOD(RoadRunner_Http_Response, file)
{
    zend_string *path, *name = NULL;
    zval body, copy;
    bool is_inline = false;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 4)
        Z_PARAM_PATH_STR(path)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(name)
        Z_PARAM_BOOL(is_inline)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    if (!name) {
        ZVAL_ARR(&copy, headers ? zend_array_dup(headers) : zend_new_array(0));
    } else if (!with_name(&copy, headers, name, is_inline)) {
        RETURN_THROWS();
    }
    ZVAL_EMPTY_STRING(&body);
    response_new(return_value, 200, &body, &copy, path);
}
