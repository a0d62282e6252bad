<?php

namespace RoadRunner\Metrics;

/**
 * A number that only grows.
 */
interface CounterInterface
{
    /**
     * Adds one.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     * @param string|null $trace the trace that this belongs to, shown as an example where OpenMetrics is asked for
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function inc(array $labels = [], ?string $trace = null): void;

    /**
     * Adds a number.
     *
     * @param float $value not less than 0
     * @param array<string|int> $labels values of its labels, in their order or by their names
     * @param string|null $trace the trace that this belongs to, shown as an example where OpenMetrics is asked for
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function add(float $value, array $labels = [], ?string $trace = null): void;
}

/**
 * A number that only grows.
 *
 * @strict-properties
 * @not-serializable
 */
final class Counter implements CounterInterface
{
    private function __construct() {}

    public function inc(array $labels = [], ?string $trace = null): void {}

    public function add(float $value, array $labels = [], ?string $trace = null): void {}
}
