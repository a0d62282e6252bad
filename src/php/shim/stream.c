/* Answers that are sent while they are made: bodies that yield, streams of PHP's, and the classes that write. */
#include "shim.h"

#include "ext/json/php_json.h"
#include "zend_exceptions.h"
#include "zend_generators.h"
#include "zend_interfaces.h"

/* Bytes that are read from a stream of PHP's at a time. */
#define PIECE 65536

static zend_class_entry *ce_stream, *ce_events;
static zend_object_handlers stream_handlers;

#define THIS_EXCHANGE (rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange)

static zend_object *create(zend_class_entry *ce)
{
    rr_shown *shown = zend_object_alloc(sizeof *shown, ce);
    shown->exchange = NULL;
    zend_object_std_init(&shown->std, ce);
    object_properties_init(&shown->std, ce);
    shown->std.handlers = &stream_handlers;
    return &shown->std;
}

static void release(zend_object *object)
{
    rr_rs_request_free(rr_shown_of(object)->exchange);
    zend_object_std_dtor(object);
}

void rr_stream_classes(zend_class_entry *stream, zend_class_entry *events)
{
    ce_stream = stream;
    ce_events = events;
    ce_stream->create_object = ce_events->create_object = create;
    memcpy(&stream_handlers, &std_object_handlers, sizeof stream_handlers);
    stream_handlers.offset = offsetof(rr_shown, std);
    stream_handlers.free_obj = release;
    stream_handlers.clone_obj = NULL;
    stream_handlers.compare = zend_objects_not_comparable;
}

/* Starts the answer and makes the object that shows it. The object, which the engine frees also after a bailout, is made
 * first. */
static int start(zval *object, zend_class_entry *ce, void *exchange, zend_long status, HashTable *headers)
{
    object_init_ex(object, ce);
    int started = rr_rs_stream_start(exchange, status, headers, ce == ce_events, &rr_shown_of(Z_OBJ_P(object))->exchange);
    if (started == RR_THROWN) {
        zval_ptr_dtor(object);
        ZVAL_UNDEF(object);
    }
    return started;
}

/* --- what respond() streams ---------------------------------------------------------------------------------------- */

/* A collection that says what its JSON or text is, is taken by its word. */
bool rr_is_streamed(const zval *body)
{
    if (!body || Z_TYPE_P(body) != IS_OBJECT) {
        return body && Z_TYPE_P(body) == IS_RESOURCE;
    }
    const zend_class_entry *ce = Z_OBJCE_P(body);
    return instanceof_function(ce, zend_ce_traversable) && !instanceof_function(ce, php_json_serializable_ce) &&
           !instanceof_function(ce, zend_ce_stringable);
}

/* Nobody reads any more: a generator is told where it yields, anything else is simply not asked again. */
static void tell(zval *body)
{
    if (Z_OBJCE_P(body) != zend_ce_generator) {
        return;
    }
    zval exception, result;
    object_init_ex(&exception, rr_ce_client_gone);
    zend_update_property_string(zend_ce_exception, Z_OBJ(exception), ZEND_STRL("message"), "the client has gone");
    ZVAL_UNDEF(&result);
    zend_call_method_with_1_params(Z_OBJ_P(body), zend_ce_generator, NULL, "throw", &result, &exception);
    zval_ptr_dtor(&result);
    if (EG(exception) == Z_OBJ(exception)) {
        zend_clear_exception();
    }
    zval_ptr_dtor(&exception);
}

/* The bytes of what was yielded; NULL with an exception pending. */
static zend_string *piece(zval *value)
{
    ZVAL_DEREF(value);
    if (Z_TYPE_P(value) == IS_STRING) {
        return zend_string_copy(Z_STR_P(value));
    }
    if (Z_TYPE_P(value) == IS_LONG || Z_TYPE_P(value) == IS_DOUBLE ||
        (Z_TYPE_P(value) == IS_OBJECT && instanceof_function(Z_OBJCE_P(value), zend_ce_stringable))) {
        return zval_try_get_string(value);
    }
    zend_type_error("A streamed body must be made of strings, numbers or Stringables, %s given", zend_zval_value_name(value));
    return NULL;
}

/* One write. `started` false: the answer starts with this one. */
static int pass(zval *stream, bool *started, void *exchange, zend_long status, HashTable *headers, zend_string *bytes)
{
    if (!*started) {
        int begun = start(stream, ce_stream, exchange, status, headers);
        if (begun != RR_DONE) {
            return begun;
        }
        *started = true;
    }
    return bytes && ZSTR_LEN(bytes) ? rr_rs_stream_write(rr_shown_of(Z_OBJ_P(stream))->exchange, ZSTR_VAL(bytes), ZSTR_LEN(bytes))
                                    : RR_DONE;
}

static int send_traversable(zval *stream, bool *started, void *exchange, zend_long status, HashTable *headers, zval *body)
{
    zend_class_entry *ce = Z_OBJCE_P(body);
    zend_object_iterator *iterator = ce->get_iterator(ce, body, 0);
    if (!iterator || EG(exception)) {
        if (iterator) {
            zend_iterator_dtor(iterator);
        }
        return RR_THROWN;
    }
    int sent = RR_DONE;
    iterator->index = 0;
    if (iterator->funcs->rewind) {
        iterator->funcs->rewind(iterator);
    }
    while (!EG(exception) && iterator->funcs->valid(iterator) == SUCCESS && !EG(exception)) {
        zval *value = iterator->funcs->get_current_data(iterator);
        zend_string *bytes = EG(exception) || !value ? NULL : piece(value);
        if (!bytes) {
            break;
        }
        sent = pass(stream, started, exchange, status, headers, bytes);
        zend_string_release(bytes);
        if (sent != RR_DONE) {
            break;
        }
        iterator->index++;
        iterator->funcs->move_forward(iterator);
    }
    if (sent == RR_GONE && !EG(exception)) {
        tell(body);
    }
    zend_iterator_dtor(iterator);
    return EG(exception) ? RR_THROWN : sent;
}

static int send_resource(zval *stream, bool *started, void *exchange, zend_long status, HashTable *headers, zval *body)
{
    php_stream *source = (php_stream *) zend_fetch_resource2_ex(body, "stream", php_file_le_stream(), php_file_le_pstream());
    if (!source) {
        return RR_THROWN;
    }
    int sent = RR_DONE;
    while (sent == RR_DONE && !php_stream_eof(source) && !EG(exception)) {
        zend_string *bytes = php_stream_read_to_str(source, PIECE);
        if (!bytes) {
            break;
        }
        if (!EG(exception)) {
            sent = pass(stream, started, exchange, status, headers, bytes);
        }
        zend_string_release(bytes);
    }
    return EG(exception) ? RR_THROWN : sent;
}

/* respond() with such a body. False: the client has gone, or an exception is pending. */
bool rr_respond_streamed(void *exchange, zend_long status, HashTable *headers, zval *body)
{
    zval stream;
    ZVAL_UNDEF(&stream);
    bool started = false;
    int sent = Z_TYPE_P(body) == IS_RESOURCE ? send_resource(&stream, &started, exchange, status, headers, body)
                                             : send_traversable(&stream, &started, exchange, status, headers, body);
    if (sent == RR_DONE && !started) {
        /* Nothing was yielded: the answer is still to be given. */
        sent = pass(&stream, &started, exchange, status, headers, NULL);
    }
    if (started) {
        void *shown = rr_shown_of(Z_OBJ(stream))->exchange;
        if (sent == RR_THROWN) {
            rr_rs_stream_break(shown);
        } else {
            sent = rr_rs_stream_end(shown, NULL) ? RR_DONE : RR_GONE;
        }
    }
    zval_ptr_dtor(&stream);
    return sent == RR_DONE || sent == RR_NO_BODY;
}

/* --- RoadRunner\Http\Request: what starts a stream ------------------------------------------------------------------ */

ZEND_METHOD(RoadRunner_Http_Request, startResponse)
{
    zend_long status = 200;
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(0, 2)
        Z_PARAM_OPTIONAL
        Z_PARAM_LONG(status)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    zval stream;
    if (start(&stream, ce_stream, THIS_EXCHANGE, status, headers) != RR_THROWN) {
        RETURN_COPY_VALUE(&stream);
    }
}

ZEND_METHOD(RoadRunner_Http_Request, startEvents)
{
    HashTable *headers = NULL;
    ZEND_PARSE_PARAMETERS_START(0, 1)
        Z_PARAM_OPTIONAL
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    zval stream;
    if (start(&stream, ce_events, THIS_EXCHANGE, 200, headers) != RR_THROWN) {
        RETURN_COPY_VALUE(&stream);
    }
}

ZEND_METHOD(RoadRunner_Http_Request, earlyHints)
{
    HashTable *headers;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_ARRAY_HT(headers)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_early_hints(THIS_EXCHANGE, headers));
}

/* --- RoadRunner\Http\ResponseStream -------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Http_ResponseStream, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

static void write_data(INTERNAL_FUNCTION_PARAMETERS, int (*how)(void *, const char *, size_t))
{
    zend_string *data;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(data)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(how(THIS_EXCHANGE, ZSTR_VAL(data), ZSTR_LEN(data)) == RR_DONE);
}

ZEND_METHOD(RoadRunner_Http_ResponseStream, write)
{
    write_data(INTERNAL_FUNCTION_PARAM_PASSTHRU, rr_rs_stream_write);
}

ZEND_METHOD(RoadRunner_Http_ResponseStream, tryWrite)
{
    write_data(INTERNAL_FUNCTION_PARAM_PASSTHRU, rr_rs_stream_try_write);
}

ZEND_METHOD(RoadRunner_Http_ResponseStream, isOpen)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(rr_rs_stream_is_open(THIS_EXCHANGE));
}

ZEND_METHOD(RoadRunner_Http_ResponseStream, end)
{
    HashTable *trailers = NULL;
    ZEND_PARSE_PARAMETERS_START(0, 1)
        Z_PARAM_OPTIONAL
        Z_PARAM_ARRAY_HT(trailers)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_stream_end(THIS_EXCHANGE, trailers));
}

ZEND_METHOD(RoadRunner_Http_ResponseStream, detach)
{
    HashTable *names = NULL;
    zend_string *name = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_ARRAY_HT_OR_STR(names, name)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_stream_detach(THIS_EXCHANGE, names, name, false, NULL, 0));
}

/* --- RoadRunner\Http\ServerSentEvents ------------------------------------------------------------------------------ */

ZEND_METHOD(RoadRunner_Http_ServerSentEvents, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_ServerSentEvents, send)
{
    zval *data;
    zend_string *event = NULL, *id = NULL;
    zend_long retry = -1;
    bool no_retry = true;
    ZEND_PARSE_PARAMETERS_START(1, 4)
        Z_PARAM_ZVAL(data)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(event)
        Z_PARAM_STR_OR_NULL(id)
        Z_PARAM_LONG_OR_NULL(retry, no_retry)
    ZEND_PARSE_PARAMETERS_END();
    if (!no_retry && retry < 0) {
        zend_argument_value_error(4, "must be greater than or equal to 0");
        RETURN_THROWS();
    }
    bool json = false;
    zend_string *bytes = rr_body(data, &json);
    if (!bytes) {
        RETURN_THROWS();
    }
    int sent = rr_rs_event(THIS_EXCHANGE, ZSTR_VAL(bytes), ZSTR_LEN(bytes), event ? ZSTR_VAL(event) : NULL,
                           event ? ZSTR_LEN(event) : 0, id ? ZSTR_VAL(id) : NULL, id ? ZSTR_LEN(id) : 0,
                           no_retry ? -1 : retry);
    zend_string_release(bytes);
    RETURN_BOOL(sent == RR_DONE);
}

ZEND_METHOD(RoadRunner_Http_ServerSentEvents, comment)
{
    zend_string *text = NULL;
    ZEND_PARSE_PARAMETERS_START(0, 1)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR(text)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_comment(THIS_EXCHANGE, text ? ZSTR_VAL(text) : "", text ? ZSTR_LEN(text) : 0) == RR_DONE);
}

ZEND_METHOD(RoadRunner_Http_ServerSentEvents, detach)
{
    HashTable *names = NULL;
    zend_string *name = NULL, *last = NULL;
    ZEND_PARSE_PARAMETERS_START(1, 2)
        Z_PARAM_ARRAY_HT_OR_STR(names, name)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR_OR_NULL(last)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_stream_detach(THIS_EXCHANGE, names, name, true, last ? ZSTR_VAL(last) : NULL, last ? ZSTR_LEN(last) : 0));
}

ZEND_METHOD(RoadRunner_Http_ServerSentEvents, isOpen)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(rr_rs_stream_is_open(THIS_EXCHANGE));
}

ZEND_METHOD(RoadRunner_Http_ServerSentEvents, end)
{
    ZEND_PARSE_PARAMETERS_NONE();
    rr_rs_stream_end(THIS_EXCHANGE, NULL);
}
