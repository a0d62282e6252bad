/* A form part by part. */
#include "shim.h"

#include "zend_exceptions.h"
#include "zend_interfaces.h"
#include "zend_smart_str.h"

/* Bytes that are read at a time. */
#define PIECE 65536

/* Values of a part in the list that Rust makes. */
enum { NUMBER, NAME, FILE_NAME, TYPE, HEADERS };

typedef struct {
    zval current;   /* undefined before the first and behind the last part */
    zend_long key;
    bool begun;
    rr_shown shown; /* last: the object's properties follow it */
} parts_object;

typedef struct {
    zend_long number;
    rr_shown shown;
} part_object;

static zend_class_entry *ce_parts, *ce_part;
static zend_object_handlers parts_handlers, part_handlers;

static parts_object *parts_of(zend_object *object)
{
    return (parts_object *) ((char *) object - offsetof(parts_object, shown.std));
}

static part_object *part_of(zend_object *object)
{
    return (part_object *) ((char *) object - offsetof(part_object, shown.std));
}

static zend_object *create_parts(zend_class_entry *ce)
{
    parts_object *parts = zend_object_alloc(sizeof *parts, ce);
    ZVAL_UNDEF(&parts->current);
    parts->key = 0;
    parts->begun = false;
    parts->shown.exchange = NULL;
    zend_object_std_init(&parts->shown.std, ce);
    object_properties_init(&parts->shown.std, ce);
    parts->shown.std.handlers = &parts_handlers;
    return &parts->shown.std;
}

static void release_parts(zend_object *object)
{
    zval_ptr_dtor(&parts_of(object)->current);
    rr_rs_request_free(parts_of(object)->shown.exchange);
    zend_object_std_dtor(object);
}

static zend_object *create_part(zend_class_entry *ce)
{
    part_object *part = zend_object_alloc(sizeof *part, ce);
    part->number = 0;
    part->shown.exchange = NULL;
    zend_object_std_init(&part->shown.std, ce);
    object_properties_init(&part->shown.std, ce);
    part->shown.std.handlers = &part_handlers;
    return &part->shown.std;
}

static void release_part(zend_object *object)
{
    rr_rs_request_free(part_of(object)->shown.exchange);
    zend_object_std_dtor(object);
}

void rr_part_classes(zend_class_entry *part, zend_class_entry *parts)
{
    ce_part = part;
    ce_parts = parts;
    ce_part->create_object = create_part;
    ce_parts->create_object = create_parts;
    memcpy(&part_handlers, &std_object_handlers, sizeof part_handlers);
    memcpy(&parts_handlers, &std_object_handlers, sizeof parts_handlers);
    part_handlers.offset = offsetof(part_object, shown.std);
    part_handlers.free_obj = release_part;
    parts_handlers.offset = offsetof(parts_object, shown.std);
    parts_handlers.free_obj = release_parts;
    part_handlers.clone_obj = parts_handlers.clone_obj = NULL;
    part_handlers.compare = parts_handlers.compare = zend_objects_not_comparable;
}

static void set(zval *part, const char *name, size_t length, zval *value)
{
    zend_property_info *property = zend_hash_str_find_ptr(&ce_part->properties_info, name, length);
    ZVAL_COPY(OBJ_PROP(Z_OBJ_P(part), property->offset), value);
}

/* Goes on to the next part, if there is one. */
static void advance(parts_object *parts)
{
    zval values, *value[HEADERS + 1];
    parts->begun = true;
    zval_ptr_dtor(&parts->current);
    ZVAL_UNDEF(&parts->current);
    if (rr_rs_parts_next(parts->shown.exchange, &values) != RR_DONE) {
        return;
    }
    for (int i = 0; i <= HEADERS; i++) {
        value[i] = zend_hash_index_find(Z_ARRVAL(values), i);
    }
    object_init_ex(&parts->current, ce_part);
    part_of(Z_OBJ(parts->current))->number = Z_LVAL_P(value[NUMBER]);
    part_of(Z_OBJ(parts->current))->shown.exchange = rr_rs_share(parts->shown.exchange);
    set(&parts->current, ZEND_STRL("name"), value[NAME]);
    set(&parts->current, ZEND_STRL("fileName"), value[FILE_NAME]);
    set(&parts->current, ZEND_STRL("type"), value[TYPE]);
    set(&parts->current, ZEND_STRL("headers"), value[HEADERS]);
    zval_ptr_dtor(&values);
}

#define THIS_PARTS parts_of(Z_OBJ_P(ZEND_THIS))

ZEND_METHOD(RoadRunner_Http_Request, parts)
{
    ZEND_PARSE_PARAMETERS_NONE();
    void *exchange = rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange;
    object_init_ex(return_value, ce_parts);
    if (rr_rs_parts_open(exchange)) {
        parts_of(Z_OBJ_P(return_value))->shown.exchange = rr_rs_share(exchange);
    }
}

ZEND_METHOD(RoadRunner_Http_Parts, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_Parts, rewind)
{
    ZEND_PARSE_PARAMETERS_NONE();
    if (!THIS_PARTS->begun) {
        advance(THIS_PARTS);
    } else if (THIS_PARTS->key > 0) {
        zend_throw_exception(rr_ce_logic, "the parts of a form are read once", 0);
    }
}

ZEND_METHOD(RoadRunner_Http_Parts, valid)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_BOOL(!Z_ISUNDEF(THIS_PARTS->current));
}

ZEND_METHOD(RoadRunner_Http_Parts, current)
{
    ZEND_PARSE_PARAMETERS_NONE();
    if (!Z_ISUNDEF(THIS_PARTS->current)) {
        RETURN_COPY(&THIS_PARTS->current);
    }
}

ZEND_METHOD(RoadRunner_Http_Parts, key)
{
    ZEND_PARSE_PARAMETERS_NONE();
    RETURN_LONG(THIS_PARTS->key);
}

ZEND_METHOD(RoadRunner_Http_Parts, next)
{
    ZEND_PARSE_PARAMETERS_NONE();
    if (THIS_PARTS->begun) {
        THIS_PARTS->key++;
    }
    advance(THIS_PARTS);
}

ZEND_METHOD(RoadRunner_Http_Part, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_Part, stream)
{
    ZEND_PARSE_PARAMETERS_NONE();
    part_object *part = part_of(Z_OBJ_P(ZEND_THIS));
    php_stream *stream = rr_part_stream(part->shown.exchange, part->number);
    php_stream_to_zval(stream, return_value);
}

ZEND_METHOD(RoadRunner_Http_Part, read)
{
    ZEND_PARSE_PARAMETERS_NONE();
    part_object *part = part_of(Z_OBJ_P(ZEND_THIS));
    smart_str text = {NULL, 0};
    for (;;) {
        /* Room first: no Rust frame is left by the limit on memory. */
        size_t before = smart_str_get_len(&text);
        smart_str_extend(&text, PIECE);
        memset(ZSTR_VAL(text.s) + before, 0, PIECE);
        bool over = false;
        ssize_t length = rr_rs_part_read(part->shown.exchange, part->number, ZSTR_VAL(text.s) + before, PIECE, -1, &over);
        if (length < 0) {
            smart_str_free(&text);
            RETURN_THROWS();
        }
        ZSTR_LEN(text.s) = before + length;
        if (over) {
            break;
        }
    }
    RETURN_STR(smart_str_extract(&text));
}
