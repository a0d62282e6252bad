<?php
// Generates from php-src-stubs/, which is the contract:
//   src/php/shim/arginfo.h   argument information and class registration for the extension
//   stubs/roadrunner.php     stubs for IDEs and static analysers
//
// php -n scripts/gen-stubs.php [--check]      --check: exit 1 if a file is not what would be written
// Needs a PHP in which the extension is not loaded: the stubs are read by declaring them.

if (extension_loaded('roadrunner')) {
    exit("run me with -n: the extension must not be loaded\n");
}
$root = dirname(__DIR__);
$order = [
    'WorkerInterface', 'Server', 'Channel', 'Metrics/Counter', 'Metrics/Gauge', 'Metrics/Histogram', 'Metrics/Summary', 'Metrics', 'Rpc', 'HeldLock', 'Locks', 'Http/Cache', 'Http/ResponseStream', 'Http/ServerSentEvents', 'Http/Upload', 'Http/Part', 'Http/Parts', 'Http/Response',
    'Http/Request', 'Http/Tls', 'Worker',
    'Environment', 'Cli', 'Exception/exceptions',
];
$classes = [];
$ide = "<?php\n\n// Stubs of the roadrunner extension for IDEs and static analysers. Generated from php-src-stubs/ by `make gen`.\n";
foreach ($order as $name) {
    $before = [...get_declared_classes(), ...get_declared_interfaces()];
    $file = "$root/php-src-stubs/$name.stub.php";
    require $file;
    foreach (array_diff([...get_declared_interfaces(), ...get_declared_classes()], $before) as $class) {
        $classes[] = new ReflectionClass($class);
    }
    preg_match('/^<\?php\s+namespace ([\w\\\\]+);\s*(.*)$/s', file_get_contents($file), $parts);
    $body = preg_replace('/^(?!$)/m', '    ', rtrim(preg_replace('/^ \* @(strict-properties|not-serializable)\n/m', '', $parts[2])));
    $body = preg_replace('/\n +\*\n( +\*\/\n +(?:final )?class)/', "\n$1", $body);
    $ide .= "\nnamespace {$parts[1]} {\n$body\n}\n";
}

/** A type as arginfo's mask, and the class it names. */
function type(?ReflectionType $type): array
{
    if (!$type instanceof ReflectionNamedType) {
        throw new LogicException("type $type cannot be generated yet");
    }
    if (!$type->isBuiltin()) {
        return [ltrim($type->getName(), '\\'), $type->allowsNull() ? 1 : 0];
    }
    $code = ['int' => 'IS_LONG', 'bool' => '_IS_BOOL', 'mixed' => 'IS_MIXED', 'void' => 'IS_VOID', 'float' => 'IS_DOUBLE'];
    return [$code[$type->getName()] ?? 'IS_' . strtoupper($type->getName()), $type->allowsNull() && $type->getName() !== 'mixed' ? 1 : 0];
}

function c_class(string $name): string
{
    return str_replace('\\', '\\\\', $name);
}

$c = "/* Generated from php-src-stubs/ by `make gen`: do not edit. */\n";
foreach ($classes as $class) {
    $id = str_replace('\\', '_', $class->getName());
    $entries = '';
    foreach ($class->getMethods() as $method) {
        if ($method->getDeclaringClass()->getName() !== $class->getName()) {
            continue;
        }
        $arginfo = "arginfo_{$id}_{$method->getName()}";
        $required = $method->getNumberOfRequiredParameters();
        if (!$method->hasReturnType()) {
            $c .= "\nZEND_BEGIN_ARG_INFO_EX($arginfo, 0, 0, $required)\n";
        } else {
            [$type, $null] = type($method->getReturnType());
            $c .= $method->getReturnType()->isBuiltin()
                ? "\nZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX($arginfo, 0, $required, $type, $null)\n"
                : "\nZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX($arginfo, 0, $required, " . c_class($type) . ", $null)\n";
        }
        foreach ($method->getParameters() as $parameter) {
            if ($parameter->getType() instanceof ReflectionUnionType && !$parameter->isOptional()) {
                $mask = implode('|', array_map(fn ($type) => 'MAY_BE_' . strtoupper($type->getName()), $parameter->getType()->getTypes()));
                $c .= "    ZEND_ARG_TYPE_MASK(0, {$parameter->getName()}, $mask, NULL)\n";
                continue;
            }
            [$type, $null] = type($parameter->getType());
            if (!$parameter->getType()->isBuiltin()) {
                $c .= "    ZEND_ARG_OBJ_INFO(0, {$parameter->getName()}, " . c_class($type) . ", $null)\n";
                continue;
            }
            if ($parameter->isOptional()) {
                $default = str_replace('array (' . "\n" . ')', '[]', var_export($parameter->getDefaultValue(), true));
                $default = strtr($default, ['NULL' => 'null', '\\' => '\\\\', '"' => '\\"']);
                $c .= "    ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, {$parameter->getName()}, $type, $null, \"$default\")\n";
            } else {
                $c .= "    ZEND_ARG_TYPE_INFO(0, {$parameter->getName()}, $type, $null)\n";
            }
        }
        $c .= "ZEND_END_ARG_INFO()\n";
        $flags = implode(' | ', array_keys(array_filter([
            'ZEND_ACC_PUBLIC' => $method->isPublic(),
            'ZEND_ACC_PRIVATE' => $method->isPrivate(),
            'ZEND_ACC_STATIC' => $method->isStatic(),
            'ZEND_ACC_ABSTRACT' => $method->isAbstract(),
        ])));
        $entries .= $class->isInterface()
            ? "    ZEND_RAW_FENTRY(\"{$method->getName()}\", NULL, $arginfo, $flags, NULL, NULL)\n"
            : "    ZEND_ME($id, {$method->getName()}, $arginfo, $flags)\n";
        if (!$class->isInterface()) {
            $c .= "ZEND_METHOD($id, {$method->getName()});\n";
        }
    }
    $c .= "\nstatic const zend_function_entry methods_{$id}[] = {\n{$entries}    ZEND_FE_END\n};\n";

    $parent = $class->getParentClass();
    $all = $class->getInterfaces();
    $implied = fn ($interface) => array_filter($all, fn ($other) => $other->getName() !== $interface->getName() && $other->implementsInterface($interface));
    $interfaces = array_values(array_filter($all, fn ($interface) => !($parent && $parent->implementsInterface($interface)) && !$implied($interface)));
    $arguments = array_map(fn ($i) => "zend_class_entry *interface_$i", array_keys($interfaces));
    array_unshift($arguments, ...($parent ? ['zend_class_entry *parent'] : []));
    $c .= "\nstatic zend_class_entry *register_$id(" . (implode(', ', $arguments) ?: 'void') . ")\n{\n    zend_class_entry ce, *class_entry;\n\n";
    $c .= "    INIT_NS_CLASS_ENTRY(ce, \"" . c_class($class->getNamespaceName()) . "\", \"{$class->getShortName()}\", methods_$id);\n";
    if ($class->isInterface()) {
        $c .= "    class_entry = zend_register_internal_interface(&ce);\n";
    } else {
        $document = (string) $class->getDocComment();
        $flags = implode(' | ', array_keys(array_filter([
            'ZEND_ACC_FINAL' => $class->isFinal(),
            'ZEND_ACC_NO_DYNAMIC_PROPERTIES' => str_contains($document, '@strict-properties'),
            'ZEND_ACC_NOT_SERIALIZABLE' => str_contains($document, '@not-serializable'),
        ])));
        $c .= "    class_entry = zend_register_internal_class_ex(&ce, " . ($parent ? 'parent' : 'NULL') . ");\n";
        $c .= $flags ? "    class_entry->ce_flags |= $flags;\n" : '';
        if ($interfaces) {
            $c .= '    zend_class_implements(class_entry, ' . count($interfaces) . ', ' . implode(', ', array_map(fn ($i) => "interface_$i", array_keys($interfaces))) . ");\n";
        }
    }
    foreach ($class->getProperties() as $property) {
        if ($property->getDeclaringClass()->getName() !== $class->getName()) {
            continue;
        }
        $type = $property->getType();
        $masks = ['string' => 'STRING', 'int' => 'LONG', 'float' => 'DOUBLE', 'bool' => 'BOOL', 'array' => 'ARRAY', 'mixed' => 'ANY'];
        $null = $type->allowsNull() ? 'MAY_BE_NULL' : '0';
        $c_type = $type->isBuiltin()
            ? 'ZEND_TYPE_INIT_MASK(MAY_BE_' . $masks[$type->getName()] . ($type->allowsNull() ? ' | MAY_BE_NULL' : '') . ')'
            : 'ZEND_TYPE_INIT_CLASS(zend_string_init("' . c_class($type->getName()) . '", sizeof("' . c_class($type->getName()) . "\") - 1, true), 0, $null)";
        $flags = 'ZEND_ACC_PUBLIC' . ($property->isReadOnly() ? ' | ZEND_ACC_READONLY' : '');
        $value = $property->hasDefaultValue() && !$property->isReadOnly() ? "ZVAL_LONG(&value, {$property->getDefaultValue()})" : 'ZVAL_UNDEF(&value)';
        $c .= "    {\n        zval value;\n        $value;\n        zend_string *name = zend_string_init(\"{$property->getName()}\", sizeof(\"{$property->getName()}\") - 1, true);\n";
        $c .= "        zend_declare_typed_property(class_entry, name, &value, $flags, NULL, (zend_type) $c_type);\n";
        $c .= "        zend_string_release(name);\n    }\n";
    }
    $c .= "    return class_entry;\n}\n";
}

$stale = false;
foreach (["$root/src/php/shim/arginfo.h" => $c, "$root/stubs/roadrunner.php" => $ide] as $file => $text) {
    if (($argv[1] ?? '') !== '--check') {
        @mkdir(dirname($file));
        file_put_contents($file, $text);
    } elseif (@file_get_contents($file) !== $text) {
        fwrite(STDERR, "$file is not what `make gen` writes\n");
        $stale = true;
    }
}
exit((int) $stale);
