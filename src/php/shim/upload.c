/* Files of forms. Names make arrays by PHP's own rules, for fields and files alike. */
#include "shim.h"

#include "zend_exceptions.h"
#include "php_variables.h"

/* Values of a file in the list that Rust makes: field, client name, type, size, error, path. */
enum { FIELD, CLIENT, TYPE, SIZE, ERROR, PATH, VALUES };

typedef struct {
    zend_long index;
    rr_shown shown; /* last: the object's properties follow it */
} upload_object;

static zend_class_entry *ce_upload;
static zend_object_handlers upload_handlers;

static upload_object *upload_of(zend_object *object)
{
    return (upload_object *) ((char *) object - offsetof(upload_object, shown.std));
}

static zend_object *create(zend_class_entry *ce)
{
    upload_object *upload = zend_object_alloc(sizeof *upload, ce);
    upload->index = 0;
    upload->shown.exchange = NULL;
    zend_object_std_init(&upload->shown.std, ce);
    object_properties_init(&upload->shown.std, ce);
    upload->shown.std.handlers = &upload_handlers;
    return &upload->shown.std;
}

static void release(zend_object *object)
{
    rr_rs_request_free(upload_of(object)->shown.exchange);
    zend_object_std_dtor(object);
}

void rr_upload_class(zend_class_entry *upload)
{
    ce_upload = upload;
    ce_upload->create_object = create;
    memcpy(&upload_handlers, &std_object_handlers, sizeof upload_handlers);
    upload_handlers.offset = offsetof(upload_object, shown.std);
    upload_handlers.free_obj = release;
    upload_handlers.clone_obj = NULL;
}

/* As PHP does it for $_POST. */
void rr_register_fields(zval *fields, zval *array)
{
    array_init(array);
    zend_long left = PG(max_input_vars);
    zend_string *name = NULL;
    zval *text;
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(fields), text) {
        if (!name) {
            name = Z_STR_P(text);
            continue;
        }
        if (left-- <= 0) {
            php_error_docref(NULL, E_WARNING, "Input variables exceeded " ZEND_LONG_FMT
                             ". To increase the limit change max_input_vars in php.ini.", PG(max_input_vars));
            return;
        }
        php_register_variable_safe(ZSTR_VAL(name), Z_STRVAL_P(text), Z_STRLEN_P(text), array);
        name = NULL;
    } ZEND_HASH_FOREACH_END();
}

/* What is behind the last slash or backslash, as in PHP's own `name`. */
static zend_string *base_name(zend_string *path)
{
    const char *start = ZSTR_VAL(path), *end = start + ZSTR_LEN(path), *at = end;
    while (at > start && at[-1] != '/' && at[-1] != '\\') {
        at--;
    }
    return zend_string_init(at, end - at, false);
}

static void set(zval *upload, const char *name, size_t length, zval *value)
{
    zend_property_info *property = zend_hash_str_find_ptr(&ce_upload->properties_info, name, length);
    ZVAL_COPY(OBJ_PROP(Z_OBJ_P(upload), property->offset), value);
}

ZEND_METHOD(RoadRunner_Http_Request, files)
{
    ZEND_PARSE_PARAMETERS_NONE();
    void *exchange = rr_shown_of(Z_OBJ_P(ZEND_THIS))->exchange;
    zval files;
    if (!rr_rs_request_files(exchange, &files)) {
        RETURN_THROWS();
    }
    array_init(return_value);
    for (uint32_t at = 0; at + VALUES <= zend_hash_num_elements(Z_ARRVAL(files)); at += VALUES) {
        zval *value[VALUES], upload, name;
        for (int i = 0; i < VALUES; i++) {
            value[i] = zend_hash_index_find(Z_ARRVAL(files), at + i);
        }
        object_init_ex(&upload, ce_upload);
        upload_of(Z_OBJ(upload))->index = at / VALUES;
        upload_of(Z_OBJ(upload))->shown.exchange = rr_rs_share(exchange);
        ZVAL_STR(&name, base_name(Z_STR_P(value[CLIENT])));
        set(&upload, ZEND_STRL("clientName"), &name);
        zval_ptr_dtor(&name);
        set(&upload, ZEND_STRL("clientPath"), value[CLIENT]);
        set(&upload, ZEND_STRL("type"), value[TYPE]);
        set(&upload, ZEND_STRL("size"), value[SIZE]);
        set(&upload, ZEND_STRL("error"), value[ERROR]);
        set(&upload, ZEND_STRL("path"), value[PATH]);
        php_register_variable_ex(Z_STRVAL_P(value[FIELD]), &upload, return_value);
    }
    zval_ptr_dtor(&files);
}

ZEND_METHOD(RoadRunner_Http_Upload, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Http_Upload, moveTo)
{
    zend_string *path;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_PATH_STR(path)
    ZEND_PARSE_PARAMETERS_END();
    /* Relative to this thread's own working directory, which is not the process's. */
    char full[MAXPATHLEN];
    if (!ZSTR_LEN(path) || !expand_filepath(ZSTR_VAL(path), full)) {
        zend_argument_value_error(1, "must be a path of at most %d bytes", MAXPATHLEN - 1);
        RETURN_THROWS();
    }
    if (php_check_open_basedir_ex(full, false)) {
        zend_throw_exception_ex(rr_ce_upload, 0, "cannot move the upload to %s: open_basedir does not allow it", full);
        RETURN_THROWS();
    }
    upload_object *upload = upload_of(Z_OBJ_P(ZEND_THIS));
    rr_rs_upload_move(upload->shown.exchange, upload->index, full, strlen(full));
}
