/* Bodies of requests: as text, and as streams of PHP's. */
#include "shim.h"

#include "zend_exceptions.h"

/* Bytes that are read at a time. */
#define PIECE 65536

/* What a stream holds: a share of the request, which outlives it, and where it stands. */
typedef struct {
    void *exchange;
    uint64_t position; /* of a body that has arrived */
    uint64_t length;
    int64_t patience;  /* microseconds; negative: as long as the client may take */
    zend_long part;    /* number of the part of a form that is read; 0: the body itself */
    bool arriving;
    bool blocking;
    bool timed_out;
} body_stream;

/* The body, or of a form its text. `held`: what is to be released then; NULL while the text is lent by the request, which no
 * user code may end meanwhile. False with an exception pending. */
bool rr_body_text(void *exchange, bool form, const char **text, size_t *length, zend_string **held)
{
    *held = NULL;
    int place = rr_rs_body_view(exchange, form, text, length);
    if (place != RR_BODY_ON_DISK) {
        return place == RR_BODY_LENT;
    }
    zend_string *whole = zend_string_alloc(*length, false);
    memset(ZSTR_VAL(whole), 0, *length + 1);
    if (!rr_rs_body_copy(exchange, ZSTR_VAL(whole), *length)) {
        zend_string_efree(whole);
        return false;
    }
    *held = whole;
    *text = ZSTR_VAL(whole);
    return true;
}

ZEND_METHOD(RoadRunner_Http_Request, body)
{
    ZEND_PARSE_PARAMETERS_NONE();
    const char *text;
    size_t length;
    zend_string *held;
    if (!rr_body_text(rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange, false, &text, &length, &held)) {
        RETURN_THROWS();
    }
    if (held) {
        RETURN_STR(held);
    }
    RETURN_STRINGL_FAST(text, length);
}

/* --- the stream ----------------------------------------------------------------------------------------------------- */

static ssize_t body_read(php_stream *stream, char *buffer, size_t count)
{
    body_stream *body = stream->abstract;
    bool over = false;
    body->timed_out = false;
    int64_t patience = body->blocking ? body->patience : 0;
    ssize_t length = body->part ? rr_rs_part_read(body->exchange, body->part, buffer, count, patience, &over)
                                : rr_rs_body_read(body->exchange, body->arriving, body->position, buffer, count, patience, &over);
    if (length == RR_READ_TIMED_OUT) {
        body->timed_out = body->blocking;
        return 0;
    }
    /* After an exception nobody is to ask again. */
    stream->eof = over || length == RR_READ_THROWN;
    if (length > 0) {
        body->position += length;
    }
    return length;
}

static int body_close(php_stream *stream, int close_handle)
{
    body_stream *body = stream->abstract;
    rr_rs_request_free(body->exchange);
    efree(body);
    return 0;
}

static int body_seek(php_stream *stream, zend_off_t offset, int whence, zend_off_t *now)
{
    body_stream *body = stream->abstract;
    zend_off_t start = whence == SEEK_CUR ? (zend_off_t) body->position : whence == SEEK_END ? (zend_off_t) body->length : 0;
    zend_off_t target;
    if (__builtin_add_overflow(start, offset, &target) || target < 0 || (uint64_t) target > body->length) {
        *now = (zend_off_t) body->position;
        return -1;
    }
    body->position = (uint64_t) target;
    stream->eof = false;
    *now = target;
    return 0;
}

static int body_stat(php_stream *stream, php_stream_statbuf *status)
{
    body_stream *body = stream->abstract;
    if (body->arriving) {
        return -1;
    }
    memset(status, 0, sizeof *status);
    status->sb.st_mode = S_IFREG | 0400;
    status->sb.st_size = (zend_off_t) body->length;
    return 0;
}

static int body_set_option(php_stream *stream, int option, int value, void *pointer)
{
    body_stream *body = stream->abstract;
    switch (option) {
        case PHP_STREAM_OPTION_READ_TIMEOUT: {
            const struct timeval *timeout = pointer;
            body->patience = timeout->tv_sec < 0 ? -1 : (int64_t) timeout->tv_sec * 1000000 + timeout->tv_usec;
            return PHP_STREAM_OPTION_RETURN_OK;
        }
        case PHP_STREAM_OPTION_BLOCKING: {
            int before = body->blocking;
            body->blocking = value;
            return before;
        }
        case PHP_STREAM_OPTION_META_DATA_API:
            add_assoc_bool((zval *) pointer, "timed_out", body->timed_out);
            add_assoc_bool((zval *) pointer, "blocked", body->blocking);
            add_assoc_bool((zval *) pointer, "eof", stream->eof);
            return PHP_STREAM_OPTION_RETURN_OK;
        default:
            return PHP_STREAM_OPTION_RETURN_NOTIMPL;
    }
}

static const php_stream_ops body_ops = {
    NULL, body_read, body_close, NULL, "request body", body_seek, NULL, body_stat, body_set_option,
};

/* A stream that shows nothing yet. It is made first, because the engine frees it also after a bailout. */
static php_stream *stream_new(void)
{
    body_stream *body = ecalloc(1, sizeof *body);
    body->blocking = true;
    body->patience = -1;
    php_stream *stream = php_stream_alloc(&body_ops, body, NULL, "rb");
    stream->chunk_size = PIECE;
    return stream;
}

/* The contents of a part that is open. */
php_stream *rr_part_stream(void *exchange, zend_long part)
{
    php_stream *stream = stream_new();
    body_stream *body = stream->abstract;
    body->part = part;
    body->arriving = true;
    body->exchange = rr_rs_share(exchange);
    stream->flags |= PHP_STREAM_FLAG_NO_SEEK;
    return stream;
}

ZEND_METHOD(RoadRunner_Http_Request, bodyStream)
{
    ZEND_PARSE_PARAMETERS_NONE();
    void *exchange = rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange;
    php_stream *stream = stream_new();
    body_stream *body = stream->abstract;
    if (!rr_rs_body_open(exchange, &body->arriving, &body->length)) {
        php_stream_close(stream);
        RETURN_THROWS();
    }
    body->exchange = rr_rs_share(exchange);
    if (body->arriving) {
        stream->flags |= PHP_STREAM_FLAG_NO_SEEK;
    }
    php_stream_to_zval(stream, return_value);
}

/* --- what reading may throw ------------------------------------------------------------------------------------------ */

/* Makes a BadRequestException that is answered with `status`. */
void rr_bad_request(zval *exception, const char *message, size_t length, zend_long status)
{
    object_init_ex(exception, rr_ce_bad_request);
    zend_update_property_stringl(zend_ce_exception, Z_OBJ_P(exception), ZEND_STRL("message"), message, length);
    zend_update_property_long(rr_ce_bad_request, Z_OBJ_P(exception), ZEND_STRL("statusCode"), status);
}
