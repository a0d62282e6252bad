/* Generated from php-src-stubs/ by `make gen`: do not edit. */

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_WorkerInterface_waitRequest, 0, 0, RoadRunner\\Http\\Request, 1)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_WorkerInterface_respond, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, status, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, body, IS_MIXED, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_WorkerInterface_send, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_OBJ_INFO(0, response, RoadRunner\\Http\\Response, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_WorkerInterface_sendFile, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, path, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, inline, _IS_BOOL, 0, "false")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_WorkerInterface_stop, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_WorkerInterface_isStopping, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()

static const zend_function_entry methods_RoadRunner_WorkerInterface[] = {
    ZEND_RAW_FENTRY("waitRequest", NULL, arginfo_RoadRunner_WorkerInterface_waitRequest, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("respond", NULL, arginfo_RoadRunner_WorkerInterface_respond, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("send", NULL, arginfo_RoadRunner_WorkerInterface_send, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("sendFile", NULL, arginfo_RoadRunner_WorkerInterface_sendFile, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("stop", NULL, arginfo_RoadRunner_WorkerInterface_stop, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("isStopping", NULL, arginfo_RoadRunner_WorkerInterface_isStopping, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_WorkerInterface(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "WorkerInterface", methods_RoadRunner_WorkerInterface);
    class_entry = zend_register_internal_interface(&ce);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Server___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Server, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Server_reload, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, pool, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Server, reload);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Server_restart, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Server, restart);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Server_shutdown, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Server, shutdown);

static const zend_function_entry methods_RoadRunner_Server[] = {
    ZEND_ME(RoadRunner_Server, __construct, arginfo_RoadRunner_Server___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Server, reload, arginfo_RoadRunner_Server_reload, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Server, restart, arginfo_RoadRunner_Server_restart, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Server, shutdown, arginfo_RoadRunner_Server_shutdown, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Server(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Server", methods_RoadRunner_Server);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Channel___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Channel, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Channel_publish, 0, 2, IS_LONG, 0)
    ZEND_ARG_TYPE_MASK(0, channel, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
    ZEND_ARG_TYPE_INFO(0, data, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, event, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, id, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, retry, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Channel, publish);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Channel_count, 0, 1, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO(0, channel, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Channel, count);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Channel_close, 0, 1, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO(0, channel, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Channel, close);

static const zend_function_entry methods_RoadRunner_Channel[] = {
    ZEND_ME(RoadRunner_Channel, __construct, arginfo_RoadRunner_Channel___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Channel, publish, arginfo_RoadRunner_Channel_publish, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Channel, count, arginfo_RoadRunner_Channel_count, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Channel, close, arginfo_RoadRunner_Channel_close, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Channel(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Channel", methods_RoadRunner_Channel);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_CounterInterface_inc, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trace, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_CounterInterface_add, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trace, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()

static const zend_function_entry methods_RoadRunner_Metrics_CounterInterface[] = {
    ZEND_RAW_FENTRY("inc", NULL, arginfo_RoadRunner_Metrics_CounterInterface_inc, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("add", NULL, arginfo_RoadRunner_Metrics_CounterInterface_add, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_CounterInterface(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "CounterInterface", methods_RoadRunner_Metrics_CounterInterface);
    class_entry = zend_register_internal_interface(&ce);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Metrics_Counter___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Counter, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Counter_inc, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trace, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Counter, inc);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Counter_add, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trace, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Counter, add);

static const zend_function_entry methods_RoadRunner_Metrics_Counter[] = {
    ZEND_ME(RoadRunner_Metrics_Counter, __construct, arginfo_RoadRunner_Metrics_Counter___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Metrics_Counter, inc, arginfo_RoadRunner_Metrics_Counter_inc, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Metrics_Counter, add, arginfo_RoadRunner_Metrics_Counter_add, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_Counter(zend_class_entry *interface_0)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "Counter", methods_RoadRunner_Metrics_Counter);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    zend_class_implements(class_entry, 1, interface_0);
    return class_entry;
}

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_GaugeInterface_set, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_GaugeInterface_inc, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_GaugeInterface_dec, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_GaugeInterface_add, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_GaugeInterface_sub, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

static const zend_function_entry methods_RoadRunner_Metrics_GaugeInterface[] = {
    ZEND_RAW_FENTRY("set", NULL, arginfo_RoadRunner_Metrics_GaugeInterface_set, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("inc", NULL, arginfo_RoadRunner_Metrics_GaugeInterface_inc, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("dec", NULL, arginfo_RoadRunner_Metrics_GaugeInterface_dec, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("add", NULL, arginfo_RoadRunner_Metrics_GaugeInterface_add, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_RAW_FENTRY("sub", NULL, arginfo_RoadRunner_Metrics_GaugeInterface_sub, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_GaugeInterface(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "GaugeInterface", methods_RoadRunner_Metrics_GaugeInterface);
    class_entry = zend_register_internal_interface(&ce);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Metrics_Gauge___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Gauge, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Gauge_set, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Gauge, set);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Gauge_inc, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Gauge, inc);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Gauge_dec, 0, 0, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Gauge, dec);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Gauge_add, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Gauge, add);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Gauge_sub, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Gauge, sub);

static const zend_function_entry methods_RoadRunner_Metrics_Gauge[] = {
    ZEND_ME(RoadRunner_Metrics_Gauge, __construct, arginfo_RoadRunner_Metrics_Gauge___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Metrics_Gauge, set, arginfo_RoadRunner_Metrics_Gauge_set, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Metrics_Gauge, inc, arginfo_RoadRunner_Metrics_Gauge_inc, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Metrics_Gauge, dec, arginfo_RoadRunner_Metrics_Gauge_dec, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Metrics_Gauge, add, arginfo_RoadRunner_Metrics_Gauge_add, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Metrics_Gauge, sub, arginfo_RoadRunner_Metrics_Gauge_sub, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_Gauge(zend_class_entry *interface_0)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "Gauge", methods_RoadRunner_Metrics_Gauge);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    zend_class_implements(class_entry, 1, interface_0);
    return class_entry;
}

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_HistogramInterface_observe, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trace, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()

static const zend_function_entry methods_RoadRunner_Metrics_HistogramInterface[] = {
    ZEND_RAW_FENTRY("observe", NULL, arginfo_RoadRunner_Metrics_HistogramInterface_observe, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_HistogramInterface(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "HistogramInterface", methods_RoadRunner_Metrics_HistogramInterface);
    class_entry = zend_register_internal_interface(&ce);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Metrics_Histogram___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Histogram, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Histogram_observe, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trace, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Histogram, observe);

static const zend_function_entry methods_RoadRunner_Metrics_Histogram[] = {
    ZEND_ME(RoadRunner_Metrics_Histogram, __construct, arginfo_RoadRunner_Metrics_Histogram___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Metrics_Histogram, observe, arginfo_RoadRunner_Metrics_Histogram_observe, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_Histogram(zend_class_entry *interface_0)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "Histogram", methods_RoadRunner_Metrics_Histogram);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    zend_class_implements(class_entry, 1, interface_0);
    return class_entry;
}

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_SummaryInterface_observe, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

static const zend_function_entry methods_RoadRunner_Metrics_SummaryInterface[] = {
    ZEND_RAW_FENTRY("observe", NULL, arginfo_RoadRunner_Metrics_SummaryInterface_observe, ZEND_ACC_PUBLIC | ZEND_ACC_ABSTRACT, NULL, NULL)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_SummaryInterface(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "SummaryInterface", methods_RoadRunner_Metrics_SummaryInterface);
    class_entry = zend_register_internal_interface(&ce);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Metrics_Summary___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Summary, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_Summary_observe, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, value, IS_DOUBLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics_Summary, observe);

static const zend_function_entry methods_RoadRunner_Metrics_Summary[] = {
    ZEND_ME(RoadRunner_Metrics_Summary, __construct, arginfo_RoadRunner_Metrics_Summary___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Metrics_Summary, observe, arginfo_RoadRunner_Metrics_Summary_observe, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics_Summary(zend_class_entry *interface_0)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Metrics", "Summary", methods_RoadRunner_Metrics_Summary);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    zend_class_implements(class_entry, 1, interface_0);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Metrics___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Metrics_counter, 0, 1, RoadRunner\\Metrics\\Counter, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, help, IS_STRING, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics, counter);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Metrics_gauge, 0, 1, RoadRunner\\Metrics\\Gauge, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, help, IS_STRING, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics, gauge);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Metrics_histogram, 0, 1, RoadRunner\\Metrics\\Histogram, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, help, IS_STRING, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, buckets, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics, histogram);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Metrics_summary, 0, 1, RoadRunner\\Metrics\\Summary, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, help, IS_STRING, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, objectives, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics, summary);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Metrics_unregister, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Metrics, unregister);

static const zend_function_entry methods_RoadRunner_Metrics[] = {
    ZEND_ME(RoadRunner_Metrics, __construct, arginfo_RoadRunner_Metrics___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Metrics, counter, arginfo_RoadRunner_Metrics_counter, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Metrics, gauge, arginfo_RoadRunner_Metrics_gauge, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Metrics, histogram, arginfo_RoadRunner_Metrics_histogram, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Metrics, summary, arginfo_RoadRunner_Metrics_summary, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Metrics, unregister, arginfo_RoadRunner_Metrics_unregister, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Metrics(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Metrics", methods_RoadRunner_Metrics);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Rpc___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Rpc, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Rpc_call, 0, 1, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO(0, method, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, argument, IS_MIXED, 0, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, timeout, IS_DOUBLE, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Rpc, call);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Rpc_register, 0, 2, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, method, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO(0, handler, IS_CALLABLE, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Rpc, register);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Rpc_unregister, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, method, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Rpc, unregister);

static const zend_function_entry methods_RoadRunner_Rpc[] = {
    ZEND_ME(RoadRunner_Rpc, __construct, arginfo_RoadRunner_Rpc___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Rpc, call, arginfo_RoadRunner_Rpc_call, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Rpc, register, arginfo_RoadRunner_Rpc_register, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Rpc, unregister, arginfo_RoadRunner_Rpc_unregister, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Rpc(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Rpc", methods_RoadRunner_Rpc);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_HeldLock___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_HeldLock, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_HeldLock_release, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_HeldLock, release);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_HeldLock_extend, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, ttl, IS_DOUBLE, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_HeldLock, extend);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_HeldLock_isHeld, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_HeldLock, isHeld);

static const zend_function_entry methods_RoadRunner_HeldLock[] = {
    ZEND_ME(RoadRunner_HeldLock, __construct, arginfo_RoadRunner_HeldLock___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_HeldLock, release, arginfo_RoadRunner_HeldLock_release, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_HeldLock, extend, arginfo_RoadRunner_HeldLock_extend, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_HeldLock, isHeld, arginfo_RoadRunner_HeldLock_isHeld, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_HeldLock(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "HeldLock", methods_RoadRunner_HeldLock);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("name", sizeof("name") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("id", sizeof("id") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("isShared", sizeof("isShared") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_BOOL));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Locks___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Locks_acquire, 0, 1, RoadRunner\\HeldLock, 1)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_DOUBLE, 0, "0.0")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, wait, IS_DOUBLE, 0, "0.0")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tied, _IS_BOOL, 0, "false")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, acquire);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Locks_acquireShared, 0, 1, RoadRunner\\HeldLock, 1)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_DOUBLE, 0, "0.0")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, wait, IS_DOUBLE, 0, "0.0")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, tied, _IS_BOOL, 0, "false")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, acquireShared);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Locks_withLock, 0, 2, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO(0, function, IS_CALLABLE, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, ttl, IS_DOUBLE, 0, "0.0")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, wait, IS_DOUBLE, 0, "INF")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, shared, _IS_BOOL, 0, "false")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, withLock);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Locks_isLocked, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, isLocked);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Locks_release, 0, 2, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO(0, id, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, release);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Locks_forceRelease, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Locks, forceRelease);

static const zend_function_entry methods_RoadRunner_Locks[] = {
    ZEND_ME(RoadRunner_Locks, __construct, arginfo_RoadRunner_Locks___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Locks, acquire, arginfo_RoadRunner_Locks_acquire, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Locks, acquireShared, arginfo_RoadRunner_Locks_acquireShared, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Locks, withLock, arginfo_RoadRunner_Locks_withLock, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Locks, isLocked, arginfo_RoadRunner_Locks_isLocked, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Locks, release, arginfo_RoadRunner_Locks_release, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Locks, forceRelease, arginfo_RoadRunner_Locks_forceRelease, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Locks(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Locks", methods_RoadRunner_Locks);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Cache___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Cache, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Cache_purgeTags, 0, 1, IS_LONG, 0)
    ZEND_ARG_TYPE_MASK(0, tags, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Cache, purgeTags);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Cache_purgeUrl, 0, 1, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO(0, url, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Cache, purgeUrl);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Cache_clear, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Cache, clear);

static const zend_function_entry methods_RoadRunner_Http_Cache[] = {
    ZEND_ME(RoadRunner_Http_Cache, __construct, arginfo_RoadRunner_Http_Cache___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_Cache, purgeTags, arginfo_RoadRunner_Http_Cache_purgeTags, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Http_Cache, purgeUrl, arginfo_RoadRunner_Http_Cache_purgeUrl, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Http_Cache, clear, arginfo_RoadRunner_Http_Cache_clear, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Cache(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Cache", methods_RoadRunner_Http_Cache);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_ResponseStream___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ResponseStream, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ResponseStream_write, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, data, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ResponseStream, write);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ResponseStream_tryWrite, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, data, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ResponseStream, tryWrite);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ResponseStream_detach, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_MASK(0, channel, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ResponseStream, detach);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ResponseStream_isOpen, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ResponseStream, isOpen);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ResponseStream_end, 0, 0, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, trailers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ResponseStream, end);

static const zend_function_entry methods_RoadRunner_Http_ResponseStream[] = {
    ZEND_ME(RoadRunner_Http_ResponseStream, __construct, arginfo_RoadRunner_Http_ResponseStream___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_ResponseStream, write, arginfo_RoadRunner_Http_ResponseStream_write, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ResponseStream, tryWrite, arginfo_RoadRunner_Http_ResponseStream_tryWrite, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ResponseStream, detach, arginfo_RoadRunner_Http_ResponseStream_detach, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ResponseStream, isOpen, arginfo_RoadRunner_Http_ResponseStream_isOpen, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ResponseStream, end, arginfo_RoadRunner_Http_ResponseStream_end, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_ResponseStream(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "ResponseStream", methods_RoadRunner_Http_ResponseStream);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_ServerSentEvents___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ServerSentEvents, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ServerSentEvents_send, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, data, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, event, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, id, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, retry, IS_LONG, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ServerSentEvents, send);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ServerSentEvents_comment, 0, 0, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, text, IS_STRING, 0, "''")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ServerSentEvents, comment);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ServerSentEvents_detach, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_MASK(0, channel, MAY_BE_ARRAY|MAY_BE_STRING, NULL)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, lastEventId, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ServerSentEvents, detach);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ServerSentEvents_isOpen, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ServerSentEvents, isOpen);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_ServerSentEvents_end, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ServerSentEvents, end);

static const zend_function_entry methods_RoadRunner_Http_ServerSentEvents[] = {
    ZEND_ME(RoadRunner_Http_ServerSentEvents, __construct, arginfo_RoadRunner_Http_ServerSentEvents___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_ServerSentEvents, send, arginfo_RoadRunner_Http_ServerSentEvents_send, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ServerSentEvents, comment, arginfo_RoadRunner_Http_ServerSentEvents_comment, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ServerSentEvents, detach, arginfo_RoadRunner_Http_ServerSentEvents_detach, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ServerSentEvents, isOpen, arginfo_RoadRunner_Http_ServerSentEvents_isOpen, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_ServerSentEvents, end, arginfo_RoadRunner_Http_ServerSentEvents_end, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_ServerSentEvents(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "ServerSentEvents", methods_RoadRunner_Http_ServerSentEvents);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Upload___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Upload, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Upload_moveTo, 0, 1, IS_VOID, 0)
    ZEND_ARG_TYPE_INFO(0, path, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Upload, moveTo);

static const zend_function_entry methods_RoadRunner_Http_Upload[] = {
    ZEND_ME(RoadRunner_Http_Upload, __construct, arginfo_RoadRunner_Http_Upload___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_Upload, moveTo, arginfo_RoadRunner_Http_Upload_moveTo, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Upload(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Upload", methods_RoadRunner_Http_Upload);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("clientName", sizeof("clientName") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("clientPath", sizeof("clientPath") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("type", sizeof("type") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("size", sizeof("size") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("error", sizeof("error") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("path", sizeof("path") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Part___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Part, __construct);

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Part_stream, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Part, stream);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Part_read, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Part, read);

static const zend_function_entry methods_RoadRunner_Http_Part[] = {
    ZEND_ME(RoadRunner_Http_Part, __construct, arginfo_RoadRunner_Http_Part___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_Part, stream, arginfo_RoadRunner_Http_Part_stream, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Part, read, arginfo_RoadRunner_Http_Part_read, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Part(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Part", methods_RoadRunner_Http_Part);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("name", sizeof("name") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("fileName", sizeof("fileName") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING | MAY_BE_NULL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("type", sizeof("type") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("headers", sizeof("headers") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Parts___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Parts, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Parts_current, 0, 0, RoadRunner\\Http\\Part, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Parts, current);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Parts_key, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Parts, key);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Parts_next, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Parts, next);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Parts_rewind, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Parts, rewind);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Parts_valid, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Parts, valid);

static const zend_function_entry methods_RoadRunner_Http_Parts[] = {
    ZEND_ME(RoadRunner_Http_Parts, __construct, arginfo_RoadRunner_Http_Parts___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_Parts, current, arginfo_RoadRunner_Http_Parts_current, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Parts, key, arginfo_RoadRunner_Http_Parts_key, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Parts, next, arginfo_RoadRunner_Http_Parts_next, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Parts, rewind, arginfo_RoadRunner_Http_Parts_rewind, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Parts, valid, arginfo_RoadRunner_Http_Parts_valid, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Parts(zend_class_entry *interface_0)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Parts", methods_RoadRunner_Http_Parts);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    zend_class_implements(class_entry, 1, interface_0);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Response___construct, 0, 0, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, status, IS_LONG, 0, "200")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, body, IS_MIXED, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Response, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Response_json, 0, 1, RoadRunner\\Http\\Response, 0)
    ZEND_ARG_TYPE_INFO(0, data, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, status, IS_LONG, 0, "200")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Response, json);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Response_redirect, 0, 1, RoadRunner\\Http\\Response, 0)
    ZEND_ARG_TYPE_INFO(0, location, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, status, IS_LONG, 0, "302")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Response, redirect);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Response_file, 0, 1, RoadRunner\\Http\\Response, 0)
    ZEND_ARG_TYPE_INFO(0, path, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, inline, _IS_BOOL, 0, "false")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Response, file);

static const zend_function_entry methods_RoadRunner_Http_Response[] = {
    ZEND_ME(RoadRunner_Http_Response, __construct, arginfo_RoadRunner_Http_Response___construct, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Response, json, arginfo_RoadRunner_Http_Response_json, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Http_Response, redirect, arginfo_RoadRunner_Http_Response_redirect, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Http_Response, file, arginfo_RoadRunner_Http_Response_file, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Response(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Response", methods_RoadRunner_Http_Response);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("status", sizeof("status") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("body", sizeof("body") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ANY | MAY_BE_NULL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("headers", sizeof("headers") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("file", sizeof("file") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING | MAY_BE_NULL));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Request___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Request_create, 0, 2, RoadRunner\\Http\\Request, 0)
    ZEND_ARG_TYPE_INFO(0, method, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO(0, uri, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, body, IS_STRING, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, remoteAddress, IS_STRING, 0, "'127.0.0.1'")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, create);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_header, 0, 1, IS_STRING, 1)
    ZEND_ARG_TYPE_INFO(0, name, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, header);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_headers, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, headers);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_query, 0, 0, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, key, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_MIXED, 0, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, query);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_cookies, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, cookies);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_attributes, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, attributes);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_form, 0, 0, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, key, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, default, IS_MIXED, 0, "null")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, form);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_files, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, files);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_body, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, body);

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Request_bodyStream, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, bodyStream);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Request_parts, 0, 0, RoadRunner\\Http\\Parts, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, parts);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_trailers, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, trailers);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_json, 0, 0, IS_MIXED, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, depth, IS_LONG, 0, "512")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, json);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Request_tls, 0, 0, RoadRunner\\Http\\Tls, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, tls);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_isAborted, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, isAborted);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_deadline, 0, 0, IS_DOUBLE, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, deadline);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_earlyHints, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, headers, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, earlyHints);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_respond, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, status, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, body, IS_MIXED, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, respond);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_send, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_OBJ_INFO(0, response, RoadRunner\\Http\\Response, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, send);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Http_Request_sendFile, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, path, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, inline, _IS_BOOL, 0, "false")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, sendFile);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Request_startResponse, 0, 0, RoadRunner\\Http\\ResponseStream, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, status, IS_LONG, 0, "200")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, startResponse);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Http_Request_startEvents, 0, 0, RoadRunner\\Http\\ServerSentEvents, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Request, startEvents);

static const zend_function_entry methods_RoadRunner_Http_Request[] = {
    ZEND_ME(RoadRunner_Http_Request, __construct, arginfo_RoadRunner_Http_Request___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Http_Request, create, arginfo_RoadRunner_Http_Request_create, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Http_Request, header, arginfo_RoadRunner_Http_Request_header, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, headers, arginfo_RoadRunner_Http_Request_headers, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, query, arginfo_RoadRunner_Http_Request_query, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, cookies, arginfo_RoadRunner_Http_Request_cookies, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, attributes, arginfo_RoadRunner_Http_Request_attributes, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, form, arginfo_RoadRunner_Http_Request_form, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, files, arginfo_RoadRunner_Http_Request_files, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, body, arginfo_RoadRunner_Http_Request_body, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, bodyStream, arginfo_RoadRunner_Http_Request_bodyStream, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, parts, arginfo_RoadRunner_Http_Request_parts, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, trailers, arginfo_RoadRunner_Http_Request_trailers, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, json, arginfo_RoadRunner_Http_Request_json, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, tls, arginfo_RoadRunner_Http_Request_tls, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, isAborted, arginfo_RoadRunner_Http_Request_isAborted, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, deadline, arginfo_RoadRunner_Http_Request_deadline, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, earlyHints, arginfo_RoadRunner_Http_Request_earlyHints, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, respond, arginfo_RoadRunner_Http_Request_respond, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, send, arginfo_RoadRunner_Http_Request_send, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, sendFile, arginfo_RoadRunner_Http_Request_sendFile, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, startResponse, arginfo_RoadRunner_Http_Request_startResponse, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Http_Request, startEvents, arginfo_RoadRunner_Http_Request_startEvents, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Request(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Request", methods_RoadRunner_Http_Request);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("method", sizeof("method") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("uri", sizeof("uri") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("path", sizeof("path") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("queryString", sizeof("queryString") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("protocol", sizeof("protocol") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("scheme", sizeof("scheme") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("host", sizeof("host") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("remoteAddress", sizeof("remoteAddress") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("remotePort", sizeof("remotePort") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("id", sizeof("id") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("startedAt", sizeof("startedAt") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_DOUBLE));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_Tls___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_Tls, __construct);

static const zend_function_entry methods_RoadRunner_Http_Tls[] = {
    ZEND_ME(RoadRunner_Http_Tls, __construct, arginfo_RoadRunner_Http_Tls___construct, ZEND_ACC_PRIVATE)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_Tls(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "Tls", methods_RoadRunner_Http_Tls);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("version", sizeof("version") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("cipher", sizeof("cipher") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("serverName", sizeof("serverName") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING | MAY_BE_NULL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("protocol", sizeof("protocol") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING | MAY_BE_NULL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("isResumed", sizeof("isResumed") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_BOOL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("clientCertificate", sizeof("clientCertificate") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_CLASS(zend_string_init("RoadRunner\\Http\\ClientCertificate", sizeof("RoadRunner\\Http\\ClientCertificate") - 1, true), 0, MAY_BE_NULL));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Http_ClientCertificate___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Http_ClientCertificate, __construct);

static const zend_function_entry methods_RoadRunner_Http_ClientCertificate[] = {
    ZEND_ME(RoadRunner_Http_ClientCertificate, __construct, arginfo_RoadRunner_Http_ClientCertificate___construct, ZEND_ACC_PRIVATE)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Http_ClientCertificate(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Http", "ClientCertificate", methods_RoadRunner_Http_ClientCertificate);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("isVerified", sizeof("isVerified") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_BOOL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("subject", sizeof("subject") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("commonName", sizeof("commonName") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING | MAY_BE_NULL));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("issuer", sizeof("issuer") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("serialNumber", sizeof("serialNumber") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("notBefore", sizeof("notBefore") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("notAfter", sizeof("notAfter") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("dnsNames", sizeof("dnsNames") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("emailAddresses", sizeof("emailAddresses") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("ipAddresses", sizeof("ipAddresses") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("uris", sizeof("uris") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_ARRAY));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("fingerprint", sizeof("fingerprint") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    {
        zval value;
        ZVAL_UNDEF(&value);
        zend_string *name = zend_string_init("pem", sizeof("pem") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC | ZEND_ACC_READONLY, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_STRING));
        zend_string_release(name);
    }
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Worker___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_RoadRunner_Worker_waitRequest, 0, 0, RoadRunner\\Http\\Request, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, waitRequest);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Worker_respond, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, status, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, body, IS_MIXED, 0, "''")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, respond);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Worker_send, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_OBJ_INFO(0, response, RoadRunner\\Http\\Response, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, send);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Worker_sendFile, 0, 1, _IS_BOOL, 0)
    ZEND_ARG_TYPE_INFO(0, path, IS_STRING, 0)
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, name, IS_STRING, 1, "null")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, inline, _IS_BOOL, 0, "false")
    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, headers, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, sendFile);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Worker_stop, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, stop);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Worker_isStopping, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Worker, isStopping);

static const zend_function_entry methods_RoadRunner_Worker[] = {
    ZEND_ME(RoadRunner_Worker, __construct, arginfo_RoadRunner_Worker___construct, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Worker, waitRequest, arginfo_RoadRunner_Worker_waitRequest, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Worker, respond, arginfo_RoadRunner_Worker_respond, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Worker, send, arginfo_RoadRunner_Worker_send, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Worker, sendFile, arginfo_RoadRunner_Worker_sendFile, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Worker, stop, arginfo_RoadRunner_Worker_stop, ZEND_ACC_PUBLIC)
    ZEND_ME(RoadRunner_Worker, isStopping, arginfo_RoadRunner_Worker_isStopping, ZEND_ACC_PUBLIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Worker(zend_class_entry *interface_0)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Worker", methods_RoadRunner_Worker);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    zend_class_implements(class_entry, 1, interface_0);
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Environment___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_mode, 0, 0, IS_STRING, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, mode);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_isWorker, 0, 0, _IS_BOOL, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, isWorker);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_workerName, 0, 0, IS_STRING, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, workerName);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_workerNumber, 0, 0, IS_LONG, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, workerNumber);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_pool, 0, 0, IS_STRING, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, pool);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_rpc, 0, 0, IS_STRING, 1)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, rpc);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Environment_version, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Environment, version);

static const zend_function_entry methods_RoadRunner_Environment[] = {
    ZEND_ME(RoadRunner_Environment, __construct, arginfo_RoadRunner_Environment___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Environment, mode, arginfo_RoadRunner_Environment_mode, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Environment, isWorker, arginfo_RoadRunner_Environment_isWorker, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Environment, workerName, arginfo_RoadRunner_Environment_workerName, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Environment, workerNumber, arginfo_RoadRunner_Environment_workerNumber, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Environment, pool, arginfo_RoadRunner_Environment_pool, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Environment, rpc, arginfo_RoadRunner_Environment_rpc, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_ME(RoadRunner_Environment, version, arginfo_RoadRunner_Environment_version, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Environment(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Environment", methods_RoadRunner_Environment);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

ZEND_BEGIN_ARG_INFO_EX(arginfo_RoadRunner_Cli___construct, 0, 0, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Cli, __construct);

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_RoadRunner_Cli_run, 0, 1, IS_LONG, 0)
    ZEND_ARG_TYPE_INFO(0, arguments, IS_ARRAY, 0)
ZEND_END_ARG_INFO()
ZEND_METHOD(RoadRunner_Cli, run);

static const zend_function_entry methods_RoadRunner_Cli[] = {
    ZEND_ME(RoadRunner_Cli, __construct, arginfo_RoadRunner_Cli___construct, ZEND_ACC_PRIVATE)
    ZEND_ME(RoadRunner_Cli, run, arginfo_RoadRunner_Cli_run, ZEND_ACC_PUBLIC | ZEND_ACC_STATIC)
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Cli(void)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner", "Cli", methods_RoadRunner_Cli);
    class_entry = zend_register_internal_class_ex(&ce, NULL);
    class_entry->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NO_DYNAMIC_PROPERTIES | ZEND_ACC_NOT_SERIALIZABLE;
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_RoadRunnerException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_RoadRunnerException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "RoadRunnerException", methods_RoadRunner_Exception_RoadRunnerException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_LogicException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_LogicException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "LogicException", methods_RoadRunner_Exception_LogicException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_ServerException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_ServerException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "ServerException", methods_RoadRunner_Exception_ServerException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_ClientGoneException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_ClientGoneException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "ClientGoneException", methods_RoadRunner_Exception_ClientGoneException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_TimeoutException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_TimeoutException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "TimeoutException", methods_RoadRunner_Exception_TimeoutException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_RpcException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_RpcException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "RpcException", methods_RoadRunner_Exception_RpcException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_RpcTimeoutException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_RpcTimeoutException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "RpcTimeoutException", methods_RoadRunner_Exception_RpcTimeoutException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_UploadException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_UploadException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "UploadException", methods_RoadRunner_Exception_UploadException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_FileException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_FileException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "FileException", methods_RoadRunner_Exception_FileException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_LockedException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_LockedException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "LockedException", methods_RoadRunner_Exception_LockedException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    return class_entry;
}

static const zend_function_entry methods_RoadRunner_Exception_BadRequestException[] = {
    ZEND_FE_END
};

static zend_class_entry *register_RoadRunner_Exception_BadRequestException(zend_class_entry *parent)
{
    zend_class_entry ce, *class_entry;

    INIT_NS_CLASS_ENTRY(ce, "RoadRunner\\Exception", "BadRequestException", methods_RoadRunner_Exception_BadRequestException);
    class_entry = zend_register_internal_class_ex(&ce, parent);
    {
        zval value;
        ZVAL_LONG(&value, 400);
        zend_string *name = zend_string_init("statusCode", sizeof("statusCode") - 1, true);
        zend_declare_typed_property(class_entry, name, &value, ZEND_ACC_PUBLIC, NULL, (zend_type) ZEND_TYPE_INIT_MASK(MAY_BE_LONG));
        zend_string_release(name);
    }
    return class_entry;
}
