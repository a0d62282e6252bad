/* The PHP classes: arguments in, one call of Rust, the value out. Signatures: php-src-stubs/, by way of arginfo.h. */
#include "shim.h"

#include "zend_exceptions.h"
#include "zend_interfaces.h"

#include "arginfo.h"

zend_class_entry *rr_ce_logic, *rr_ce_server, *rr_ce_bad_request, *rr_ce_client_gone, *rr_ce_upload, *rr_ce_file, *rr_ce_timeout,
    *rr_ce_locked;

/* --- RoadRunner\Http\Request --------------------------------------------------------------------------------------- */

static zend_class_entry *ce_request;
static zend_object_handlers request_handlers;

#define THIS_EXCHANGE (rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange)

static zend_object *request_create(zend_class_entry *ce)
{
    rr_shown *request = zend_object_alloc(sizeof *request, ce);
    request->exchange = NULL;
    zend_object_std_init(&request->std, ce);
    object_properties_init(&request->std, ce);
    request->std.handlers = &request_handlers;
    return &request->std;
}

static void request_free(zend_object *object)
{
    rr_rs_request_free(rr_shown_of(object)->exchange);
    zend_object_std_dtor(object);
}

/* Properties have no storage: each read makes the value, or throws once the request is over. */
static zval *request_read(zend_object *object, zend_string *name, int type, void **cache, zval *value)
{
    if ((type == BP_VAR_R || type == BP_VAR_IS) &&
        rr_rs_request_property(rr_shown_of(object)->exchange, ZSTR_VAL(name), ZSTR_LEN(name), value)) {
        return EG(exception) ? &EG(uninitialized_zval) : value;
    }
    return zend_std_read_property(object, name, type, cache, value);
}

static int request_has(zend_object *object, zend_string *name, int kind, void **cache)
{
    zval value;
    if (!rr_rs_request_property(rr_shown_of(object)->exchange, ZSTR_VAL(name), ZSTR_LEN(name), &value)) {
        return zend_std_has_property(object, name, kind, cache);
    }
    if (EG(exception)) {
        return 0;
    }
    int has = kind == ZEND_PROPERTY_NOT_EMPTY ? zend_is_true(&value) : 1;
    zval_ptr_dtor_nogc(&value);
    return has;
}

/* Reflection may write where scripts may not, and nobody would ever read it. */
static zval *request_write(zend_object *object, zend_string *name, zval *value, void **cache)
{
    zend_property_info *property = zend_hash_find_ptr(&object->ce->properties_info, name);
    if (property) {
        zend_readonly_property_modification_error(property);
        return &EG(error_zval);
    }
    return zend_std_write_property(object, name, value, cache);
}

/* There is nothing to point to: PHP reads and writes instead. */
static zval *request_pointer(zend_object *object, zend_string *name, int type, void **cache)
{
    bool known = zend_hash_exists(&object->ce->properties_info, name);
    return known ? NULL : zend_std_get_property_ptr_ptr(object, name, type, cache);
}

/* What var_dump(), var_export(), json_encode() and a cast to an array see. Only the first takes a request that is over. */
static HashTable *request_properties(zend_object *object, zend_prop_purpose purpose)
{
    HashTable *table = zend_new_array(16);
    zend_property_info *property;
    ZEND_HASH_MAP_FOREACH_PTR(&object->ce->properties_info, property) {
        zval value;
        ZVAL_NULL(&value);
        rr_rs_request_property(rr_shown_of(object)->exchange, ZSTR_VAL(property->name), ZSTR_LEN(property->name), &value);
        if (EG(exception)) {
            if (purpose != ZEND_PROP_PURPOSE_DEBUG) {
                break;
            }
            zend_clear_exception();
        }
        zend_hash_update(table, property->name, &value);
    } ZEND_HASH_FOREACH_END();
    return table;
}

static zend_class_entry *ce_tls, *ce_client_certificate;

/* Makes an object whose properties are the entries of an array, which ends. */
static void object_of(zend_class_entry *ce, zval *values, zval *object)
{
    zend_string *name;
    zval *value;
    object_init_ex(object, ce);
    ZEND_HASH_FOREACH_STR_KEY_VAL(Z_ARRVAL_P(values), name, value) {
        zend_update_property_ex(ce, Z_OBJ_P(object), name, value);
    } ZEND_HASH_FOREACH_END();
    zval_ptr_dtor(values);
}

static void request_object_init(zval *value, void *exchange)
{
    object_init_ex(value, ce_request);
    rr_shown_of(Z_OBJ_P(value))->exchange = exchange;
}

ZEND_METHOD(RoadRunner_Http_Request, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_Request, create)
{
    zend_string *method, *uri, *body = NULL, *remote = NULL;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(2, 5)
        Z_PARAM_STR(method)
        Z_PARAM_STR(uri)
        Z_PARAM_OPTIONAL
        Z_PARAM_ARRAY_HT(headers)
        Z_PARAM_STR(body)
        Z_PARAM_STR(remote)
    ZEND_PARSE_PARAMETERS_END();
    void *exchange = rr_rs_request_create(method, uri, headers, body, remote);
    if (exchange) {
        request_object_init(return_value, exchange);
    }
}

ZEND_METHOD(RoadRunner_Http_Request, header)
{
    zend_string *name, *fallback = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 2)
        Z_PARAM_STR(name)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(fallback)
    ZEND_PARSE_PARAMETERS_END();
    rr_rs_request_header(THIS_EXCHANGE, name, return_value);
    if (Z_TYPE_P(return_value) == IS_NULL && fallback && !EG(exception)) {
        RETURN_STR_COPY(fallback);
    }
}

ZEND_METHOD(RoadRunner_Http_Request, headers)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_request_headers(THIS_EXCHANGE, return_value);
}

ZEND_METHOD(RoadRunner_Http_Request, cookies)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_request_cookies(THIS_EXCHANGE, return_value);
}

ZEND_METHOD(RoadRunner_Http_Request, attributes)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_request_attributes(THIS_EXCHANGE, return_value);
}

/* All of a parsed query or form, or one value of it. The parser copies the text, so user code in a warning's handler
 * cannot pull it away. */
static void parameters(INTERNAL_FUNCTION_PARAMETERS, bool form)
{
    zval fields;
    zend_string *key = NULL;
    zval *fallback = NULL, all;
    ZEND_PARSE_PARAMETERS_START(0, 2)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(key)
        Z_PARAM_ZVAL(fallback)
    ZEND_PARSE_PARAMETERS_END();
    const char *text;
    size_t length;
    zend_string *held = NULL;
    if (form && rr_rs_request_fields(THIS_EXCHANGE, &fields)) {
        rr_register_fields(&fields, &all);
        zval_ptr_dtor(&fields);
    } else {
        if (EG(exception) || !(form ? rr_body_text(THIS_EXCHANGE, true, &text, &length, &held)
                                    : rr_rs_request_query(THIS_EXCHANGE, &text, &length))) {
            RETURN_THROWS();
        }
        rr_parse_query(text, length, &all);
        if (held) {
            zend_string_efree(held);
        }
    }
    if (!key) {
        RETURN_COPY_VALUE(&all);
    }
    zval *found = zend_symtable_find(Z_ARRVAL(all), key);
    if (found) {
        RETVAL_COPY(found);
    } else if (fallback) {
        RETVAL_COPY(fallback);
    }
    zval_ptr_dtor_nogc(&all);
}

ZEND_METHOD(RoadRunner_Http_Request, query)
{
    parameters(INTERNAL_FUNCTION_PARAM_PASSTHRU, false);
}

ZEND_METHOD(RoadRunner_Http_Request, form)
{
    parameters(INTERNAL_FUNCTION_PARAM_PASSTHRU, true);
}

ZEND_METHOD(RoadRunner_Http_Request, trailers)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_request_trailers(THIS_EXCHANGE, return_value);
}

ZEND_METHOD(RoadRunner_Http_Request, json)
{
    zend_long depth = 512;
    ZEND_PARSE_PARAMETERS_START(0, 1)
        Z_PARAM_OPTIONAL
        Z_PARAM_LONG(depth)
    ZEND_PARSE_PARAMETERS_END();
    if (depth < 1 || depth > INT_MAX) {
        zend_argument_value_error(1, "must be between 1 and %d", INT_MAX);
        RETURN_THROWS();
    }
    const char *text;
    size_t length;
    zend_string *held;
    if (!rr_body_text(THIS_EXCHANGE, false, &text, &length, &held)) {
        RETURN_THROWS();
    }
    rr_json_decode(text, length, held != NULL, depth, return_value);
    if (held) {
        zend_string_efree(held);
    }
}

ZEND_METHOD(RoadRunner_Http_Request, tls)
{
    ZEND_PARSE_PARAMETERS_NONE();
    zval tls, certificate;
    ZVAL_UNDEF(&certificate);
    if (!rr_rs_request_tls(THIS_EXCHANGE, &tls, &certificate)) {
        return;
    }
    if (Z_TYPE(certificate) == IS_ARRAY) {
        zval object;
        object_of(ce_client_certificate, &certificate, &object);
        add_assoc_zval(&tls, "clientCertificate", &object);
    } else {
        add_assoc_null(&tls, "clientCertificate");
    }
    object_of(ce_tls, &tls, return_value);
}

ZEND_METHOD(RoadRunner_Http_Request, isAborted)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(rr_rs_request_is_aborted(THIS_EXCHANGE));
}

ZEND_METHOD(RoadRunner_Http_Request, deadline)
{
    ZEND_PARSE_PARAMETERS_NONE();
    double deadline;
    if (rr_rs_request_deadline(THIS_EXCHANGE, &deadline)) {
        RETURN_DOUBLE(deadline);
    }
}

/* False with an exception pending, or when the client has gone. */
bool rr_respond(void *exchange, zend_long status, zval *body, HashTable *headers)
{
    if (rr_is_streamed(body)) {
        return rr_respond_streamed(exchange, status, headers, body);
    }
    bool json = false;
    zend_string *bytes = rr_body(body, &json);
    if (!bytes) {
        return false;
    }
    bool sent = rr_rs_respond(exchange, status, ZSTR_VAL(bytes), ZSTR_LEN(bytes), json, headers);
    zend_string_release(bytes);
    return sent;
}

/* The shared body of both respond() methods; `exchange` NULL = the request received last. */
static void respond(INTERNAL_FUNCTION_PARAMETERS, void *exchange)
{
    zend_long status;
    zval *body = NULL;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 3)
        Z_PARAM_LONG(status)
        Z_PARAM_OPTIONAL
        Z_PARAM_ZVAL(body)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_respond(exchange, status, body, headers));
}

ZEND_METHOD(RoadRunner_Http_Request, respond)
{
    respond(INTERNAL_FUNCTION_PARAM_PASSTHRU, THIS_EXCHANGE);
}

/* --- RoadRunner\Http\Tls, RoadRunner\Http\ClientCertificate ---------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Http_Tls, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_ClientCertificate, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

/* --- RoadRunner\Worker --------------------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Worker, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Worker, waitRequest)
{
    ZEND_PARSE_PARAMETERS_NONE();
    if (!rr_self || rr_is_forked()) {
        rr_rs_serve();
        return;
    }
    if (rr_self->answers) {
        zend_throw_exception(rr_ce_logic, "waitRequest() cannot be called by what answers a call", 0);
        RETURN_THROWS();
    }
    for (;;) {
        rr_request_end();
        if (EG(exception)) {
            RETURN_THROWS();
        }
        bool called = false;
        rr_timer_stop();
        void *exchange = rr_rs_wait(&called);
        rr_timer_start();
        if (exchange) {
            request_object_init(return_value, exchange);
        }
        if (!called) {
            return;
        }
        rr_rpc_answer();
        if (EG(exception)) {
            RETURN_THROWS();
        }
    }
}

ZEND_METHOD(RoadRunner_Worker, respond)
{
    respond(INTERNAL_FUNCTION_PARAM_PASSTHRU, NULL);
}

ZEND_METHOD(RoadRunner_Worker, stop)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_stop();
}

ZEND_METHOD(RoadRunner_Worker, isStopping)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(rr_rs_is_stopping());
}

/* --- RoadRunner\Environment ---------------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Environment, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

#define OPTIONAL_STRING(text) do { const char *value = (text); if (value) { RETURN_STRING(value); } RETURN_NULL(); } while (0)

ZEND_METHOD(RoadRunner_Environment, mode)
{
    ZEND_PARSE_PARAMETERS_NONE();
    if (rr_self) {
        RETURN_STRING(rr_self->mode);
    }
    const char *given = getenv("RR_MODE");
    OPTIONAL_STRING(given && *given ? given : rr_foreign() ? NULL : "http");
}

ZEND_METHOD(RoadRunner_Environment, isWorker)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(rr_self && !rr_is_forked());
}

ZEND_METHOD(RoadRunner_Environment, workerName)
{
    ZEND_PARSE_PARAMETERS_NONE();
    OPTIONAL_STRING(rr_self ? rr_self->name : NULL);
}

ZEND_METHOD(RoadRunner_Environment, workerNumber)
{
    ZEND_PARSE_PARAMETERS_NONE();
    if (rr_self) {
        RETURN_LONG(rr_self->number);
    }
}

ZEND_METHOD(RoadRunner_Environment, pool)
{
    ZEND_PARSE_PARAMETERS_NONE();
    OPTIONAL_STRING(rr_self ? rr_self->pool : NULL);
}

ZEND_METHOD(RoadRunner_Environment, rpc)
{
    ZEND_PARSE_PARAMETERS_NONE();
    const char *address = rr_self ? rr_self->rpc : getenv("RR_RPC");
    OPTIONAL_STRING(address && *address ? address : NULL);
}

ZEND_METHOD(RoadRunner_Environment, version)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_STRING(rr_rs_version());
}

/* --- RoadRunner\Cli ------------------------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Cli, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Cli, run)
{
    HashTable *arguments;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_ARRAY_HT(arguments)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_LONG(rr_rs_cli(arguments));
}

/* --- MINIT --------------------------------------------------------------------------------------------------------- */

void rr_classes_register(void)
{
    zend_class_entry *worker = register_RoadRunner_WorkerInterface();
    register_RoadRunner_Worker(worker);
    register_RoadRunner_Environment();
    register_RoadRunner_Cli();
    register_RoadRunner_Server();
    register_RoadRunner_Channel();
    register_RoadRunner_Metrics();
    rr_metric_classes(register_RoadRunner_Metrics_Counter(register_RoadRunner_Metrics_CounterInterface()),
                      register_RoadRunner_Metrics_Gauge(register_RoadRunner_Metrics_GaugeInterface()),
                      register_RoadRunner_Metrics_Histogram(register_RoadRunner_Metrics_HistogramInterface()),
                      register_RoadRunner_Metrics_Summary(register_RoadRunner_Metrics_SummaryInterface()));
    register_RoadRunner_Rpc();
    register_RoadRunner_Http_Cache();
    register_RoadRunner_Locks();
    rr_lock_class(register_RoadRunner_HeldLock());
    rr_stream_classes(register_RoadRunner_Http_ResponseStream(), register_RoadRunner_Http_ServerSentEvents());
    rr_part_classes(register_RoadRunner_Http_Part(), register_RoadRunner_Http_Parts(zend_ce_iterator));
    rr_upload_class(register_RoadRunner_Http_Upload());
    rr_response_class(register_RoadRunner_Http_Response());
    ce_request = register_RoadRunner_Http_Request();
    ce_request->create_object = request_create;
    ce_tls = register_RoadRunner_Http_Tls();
    ce_client_certificate = register_RoadRunner_Http_ClientCertificate();
    memcpy(&request_handlers, &std_object_handlers, sizeof request_handlers);
    request_handlers.offset = offsetof(rr_shown, std);
    request_handlers.free_obj = request_free;
    request_handlers.clone_obj = NULL;
    request_handlers.read_property = request_read;
    request_handlers.has_property = request_has;
    request_handlers.write_property = request_write;
    request_handlers.get_property_ptr_ptr = request_pointer;
    request_handlers.get_properties_for = request_properties;
    /* No two are equal; the engine's own comparison finds no stored property that differs. */
    request_handlers.compare = zend_objects_not_comparable;

    zend_class_entry *root = register_RoadRunner_Exception_RoadRunnerException(zend_ce_exception);
    rr_ce_logic = register_RoadRunner_Exception_LogicException(root);
    rr_ce_server = register_RoadRunner_Exception_ServerException(root);
    rr_ce_client_gone = register_RoadRunner_Exception_ClientGoneException(root);
    rr_ce_upload = register_RoadRunner_Exception_UploadException(root);
    rr_ce_file = register_RoadRunner_Exception_FileException(root);
    rr_ce_timeout = register_RoadRunner_Exception_TimeoutException(root);
    rr_ce_rpc = register_RoadRunner_Exception_RpcException(root);
    rr_ce_rpc_timeout = register_RoadRunner_Exception_RpcTimeoutException(rr_ce_rpc);
    rr_ce_locked = register_RoadRunner_Exception_LockedException(root);
    rr_ce_bad_request = register_RoadRunner_Exception_BadRequestException(root);
}
