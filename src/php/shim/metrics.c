/* RoadRunner\Metrics: what the application counts. */
#include "shim.h"

#include "zend_exceptions.h"

/* Types of metrics, and what is done with them, as Rust knows them. */
enum { COUNTER, GAUGE, HISTOGRAM, SUMMARY, TYPES };
enum { ADD, SUB, SET, OBSERVE };

/* An object that stands for a metric, a share of which is Rust's. */
typedef struct {
    void *metric;
    zend_object std; /* last: the object's properties follow it */
} metric_object;

static zend_class_entry *classes[TYPES];
static zend_object_handlers handlers;

static metric_object *metric_of(zend_object *object)
{
    return (metric_object *) ((char *) object - offsetof(metric_object, std));
}

static zend_object *create(zend_class_entry *ce)
{
    metric_object *metric = zend_object_alloc(sizeof *metric, ce);
    metric->metric = NULL;
    zend_object_std_init(&metric->std, ce);
    object_properties_init(&metric->std, ce);
    metric->std.handlers = &handlers;
    return &metric->std;
}

static void release(zend_object *object)
{
    rr_rs_metric_free(metric_of(object)->metric);
    zend_object_std_dtor(object);
}

void rr_metric_classes(zend_class_entry *counter, zend_class_entry *gauge, zend_class_entry *histogram, zend_class_entry *summary)
{
    memcpy(&handlers, &std_object_handlers, sizeof handlers);
    handlers.offset = offsetof(metric_object, std);
    handlers.free_obj = release;
    handlers.clone_obj = NULL;
    handlers.compare = zend_objects_not_comparable;
    zend_class_entry *all[TYPES] = {counter, gauge, histogram, summary};
    for (int type = 0; type < TYPES; type++) {
        classes[type] = all[type];
        classes[type]->create_object = create;
    }
}

/* --- RoadRunner\Metrics --------------------------------------------------------------------------------------------- */

ZEND_METHOD(RoadRunner_Metrics, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

/* Counters and gauges have no `more`. */
static void declare(INTERNAL_FUNCTION_PARAMETERS, int type)
{
    zend_string *name, *help = NULL;
    HashTable *labels = NULL, *more = NULL;
    ZEND_PARSE_PARAMETERS_START(1, type == COUNTER || type == GAUGE ? 3 : 4)
        Z_PARAM_STR(name)
        Z_PARAM_OPTIONAL
        Z_PARAM_STR(help)
        Z_PARAM_ARRAY_HT(labels)
        Z_PARAM_ARRAY_HT(more)
    ZEND_PARSE_PARAMETERS_END();
    void *metric = rr_rs_metric_declare(type, name, help, labels, more);
    if (metric) {
        object_init_ex(return_value, classes[type]);
        metric_of(Z_OBJ_P(return_value))->metric = metric;
    }
}

ZEND_METHOD(RoadRunner_Metrics, counter)
{
    declare(INTERNAL_FUNCTION_PARAM_PASSTHRU, COUNTER);
}

ZEND_METHOD(RoadRunner_Metrics, gauge)
{
    declare(INTERNAL_FUNCTION_PARAM_PASSTHRU, GAUGE);
}

ZEND_METHOD(RoadRunner_Metrics, histogram)
{
    declare(INTERNAL_FUNCTION_PARAM_PASSTHRU, HISTOGRAM);
}

ZEND_METHOD(RoadRunner_Metrics, summary)
{
    declare(INTERNAL_FUNCTION_PARAM_PASSTHRU, SUMMARY);
}

ZEND_METHOD(RoadRunner_Metrics, unregister)
{
    zend_string *name;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(name)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_metric_unregister(name));
}

/* --- the metrics ---------------------------------------------------------------------------------------------------- */

/* By one. */
static void step(INTERNAL_FUNCTION_PARAMETERS, int what, bool traced)
{
    HashTable *labels = NULL;
    zend_string *trace = NULL;
    ZEND_PARSE_PARAMETERS_START(0, traced ? 2 : 1)
        Z_PARAM_OPTIONAL
        Z_PARAM_ARRAY_HT(labels)
        Z_PARAM_STR_OR_NULL(trace)
    ZEND_PARSE_PARAMETERS_END();
    rr_rs_metric_change(metric_of(Z_OBJ_P(ZEND_THIS))->metric, what, 1.0, labels, trace);
}

static void change(INTERNAL_FUNCTION_PARAMETERS, int what, bool traced)
{
    double value;
    HashTable *labels = NULL;
    zend_string *trace = NULL;
    ZEND_PARSE_PARAMETERS_START(1, traced ? 3 : 2)
        Z_PARAM_DOUBLE(value)
        Z_PARAM_OPTIONAL
        Z_PARAM_ARRAY_HT(labels)
        Z_PARAM_STR_OR_NULL(trace)
    ZEND_PARSE_PARAMETERS_END();
    rr_rs_metric_change(metric_of(Z_OBJ_P(ZEND_THIS))->metric, what, value, labels, trace);
}

ZEND_METHOD(RoadRunner_Metrics_Counter, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Metrics_Counter, inc)
{
    step(INTERNAL_FUNCTION_PARAM_PASSTHRU, ADD, true);
}

ZEND_METHOD(RoadRunner_Metrics_Counter, add)
{
    change(INTERNAL_FUNCTION_PARAM_PASSTHRU, ADD, true);
}

ZEND_METHOD(RoadRunner_Metrics_Gauge, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Metrics_Gauge, set)
{
    change(INTERNAL_FUNCTION_PARAM_PASSTHRU, SET, false);
}

ZEND_METHOD(RoadRunner_Metrics_Gauge, inc)
{
    step(INTERNAL_FUNCTION_PARAM_PASSTHRU, ADD, false);
}

ZEND_METHOD(RoadRunner_Metrics_Gauge, dec)
{
    step(INTERNAL_FUNCTION_PARAM_PASSTHRU, SUB, false);
}

ZEND_METHOD(RoadRunner_Metrics_Gauge, add)
{
    change(INTERNAL_FUNCTION_PARAM_PASSTHRU, ADD, false);
}

ZEND_METHOD(RoadRunner_Metrics_Gauge, sub)
{
    change(INTERNAL_FUNCTION_PARAM_PASSTHRU, SUB, false);
}

ZEND_METHOD(RoadRunner_Metrics_Histogram, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Metrics_Histogram, observe)
{
    change(INTERNAL_FUNCTION_PARAM_PASSTHRU, OBSERVE, true);
}

ZEND_METHOD(RoadRunner_Metrics_Summary, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_Metrics_Summary, observe)
{
    change(INTERNAL_FUNCTION_PARAM_PASSTHRU, OBSERVE, false);
}
