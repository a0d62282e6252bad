/* RoadRunner\Rpc: calls of methods, and those that this worker answers. */
#include "shim.h"

#include "zend_enum.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"

#include "ext/json/php_json.h"

zend_class_entry *rr_ce_rpc, *rr_ce_rpc_timeout;

/* --- values -------------------------------------------------------------------------------------------------------- */

int rr_kind(const zval *value, HashTable **entries)
{
    switch (Z_TYPE_P(value)) {
        case IS_UNDEF:
        case IS_NULL:
            return RR_KIND_NULL;
        case IS_FALSE:
        case IS_TRUE:
            return RR_KIND_BOOL;
        case IS_LONG:
            return RR_KIND_INT;
        case IS_DOUBLE:
            return RR_KIND_FLOAT;
        case IS_STRING:
            return RR_KIND_TEXT;
        case IS_ARRAY:
            *entries = Z_ARRVAL_P(value);
            return zend_array_is_list(*entries) ? RR_KIND_LIST : RR_KIND_MAP;
        case IS_OBJECT:
            if (Z_OBJCE_P(value) == zend_standard_class_def) {
                /* Without properties there may be no table. */
                *entries = Z_OBJ_P(value)->properties;
                return RR_KIND_MAP;
            }
            return instanceof_function(Z_OBJCE_P(value), php_json_serializable_ce) ||
                           (Z_OBJCE_P(value)->ce_flags & ZEND_ACC_ENUM)
                       ? RR_KIND_JSON
                       : RR_KIND_NONE;
        default:
            return RR_KIND_NONE;
    }
}

/* The makers of values may leave by longjmp: memory is limited. */
void rr_put_text(zval *value, const char *text, size_t length)
{
    ZVAL_STRINGL(value, text, length);
}

void rr_put_array(zval *value, size_t count)
{
    array_init_size(value, (uint32_t) count);
}

void rr_put_item(zval *array, zval *item)
{
    zend_hash_next_index_insert_new(Z_ARRVAL_P(array), item);
}

void rr_put_numbered(zval *array, zend_long key, zval *item)
{
    zend_hash_index_update(Z_ARRVAL_P(array), (zend_ulong) key, item);
}

void rr_put_named(zval *array, const char *key, size_t length, zval *item)
{
    zend_symtable_str_update(Z_ARRVAL_P(array), key, length, item);
}

/* --- calls that this worker makes ---------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Rpc, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Rpc, call)
{
    zend_string *method;
    zval *argument = NULL, null;
    double timeout = 0;
    bool no_timeout = true;
    ZEND_PARSE_PARAMETERS_START(1, 3)
        Z_PARAM_STR(method)
        Z_PARAM_OPTIONAL
        Z_PARAM_ZVAL(argument)
        Z_PARAM_DOUBLE_OR_NULL(timeout, no_timeout)
    ZEND_PARSE_PARAMETERS_END();
    if (!no_timeout && !(timeout >= 0)) {
        zend_argument_value_error(3, "must be greater than or equal to 0");
        RETURN_THROWS();
    }
    ZVAL_NULL(&null);
    double patience = no_timeout ? -1 : timeout;
    int done = rr_rs_rpc_call(method, argument ? argument : &null, NULL, patience);
    if (done == RR_RPC_JSON) {
        zend_string *json = rr_json(argument);
        if (!json) {
            RETURN_THROWS();
        }
        done = rr_rs_rpc_call(method, NULL, json, patience);
        zend_string_release(json);
    }
    if (done == RR_RPC_DONE) {
        rr_rs_rpc_result(return_value);
    }
}

/* --- calls that this worker answers -------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Rpc, register)
{
    zend_string *method;
    zend_fcall_info call;
    zend_fcall_info_cache cache;
    ZEND_PARSE_PARAMETERS_START(2, 2)
        Z_PARAM_STR(method)
        Z_PARAM_FUNC(call, cache)
    ZEND_PARSE_PARAMETERS_END();
    if (!rr_self && rr_foreign()) {
        zend_throw_exception(rr_ce_logic, rr_foreign(), 0);
        RETURN_THROWS();
    }
    if (!rr_rs_rpc_register(method) || !rr_self) {
        return;
    }
    if (!rr_self->handlers) {
        rr_self->handlers = zend_new_array(8);
    }
    zval handler;
    ZVAL_COPY(&handler, &call.function_name);
    zend_hash_update(rr_self->handlers, method, &handler);
}

ZEND_METHOD(RoadRunner_Rpc, unregister)
{
    zend_string *method;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(method)
    ZEND_PARSE_PARAMETERS_END();
    bool had = rr_rs_rpc_unregister(method);
    if (had && rr_self->handlers) {
        zend_hash_del(rr_self->handlers, method);
    }
    RETURN_BOOL(had);
}

/* Text of a property of an exception. */
static zend_string *text_of(zend_object *exception, const char *name, size_t length)
{
    zval holder;
    zval *value = zend_read_property(zend_get_exception_base(exception), exception, name, length, true, &holder);
    return Z_TYPE_P(value) == IS_STRING ? zend_string_copy(Z_STR_P(value)) : ZSTR_EMPTY_ALLOC();
}

/* The exception that is pending is the answer, unless it ends the script. */
static void fail(void)
{
    zend_object *exception = EG(exception);
    if (zend_is_unwind_exit(exception) || zend_is_graceful_exit(exception)) {
        return;
    }
    GC_ADDREF(exception);
    zend_clear_exception();
    zval holder;
    zend_class_entry *base = zend_get_exception_base(exception);
    zend_string *message = text_of(exception, ZEND_STRL("message")), *file = text_of(exception, ZEND_STRL("file"));
    zend_long line = zval_get_long(zend_read_property(base, exception, ZEND_STRL("line"), true, &holder));
    rr_rs_rpc_failed(ZSTR_VAL(exception->ce->name), message, ZSTR_VAL(file), line);
    zend_string_release(message);
    zend_string_release(file);
    OBJ_RELEASE(exception);
}

/* Runs the code of the script, and so may leave by longjmp. */
void rr_rpc_answer(void)
{
    const char *name;
    size_t length;
    if (!rr_rs_rpc_called(&name, &length)) {
        return;
    }
    zval *found = rr_self->handlers ? zend_hash_str_find(rr_self->handlers, name, length) : NULL;
    if (!found) {
        rr_rs_rpc_unhandled();
        return;
    }
    zval handler, argument, result;
    /* It may unregister itself. */
    ZVAL_COPY(&handler, found);
    ZVAL_UNDEF(&result);
    rr_self->answers = true;
    rr_rs_rpc_argument(&argument);
    call_user_function(NULL, NULL, &handler, &result, 1, &argument);
    zval_ptr_dtor(&argument);
    zval_ptr_dtor(&handler);
    if (!EG(exception) && rr_rs_rpc_respond(&result, NULL) == RR_RPC_JSON) {
        zend_string *json = rr_json(&result);
        if (json) {
            rr_rs_rpc_respond(NULL, json);
            zend_string_release(json);
        }
    }
    zval_ptr_dtor(&result);
    if (EG(exception)) {
        fail();
    }
    rr_self->answers = false;
}

void rr_rpc_end(void)
{
    HashTable *handlers = rr_self->handlers;
    rr_self->handlers = NULL;
    rr_self->answers = false;
    /* After a fatal error nothing can be relied on; the memory goes with the run. */
    if (handlers && !CG(unclean_shutdown)) {
        zend_array_release(handlers);
    }
}
