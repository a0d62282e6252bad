<?php

namespace RoadRunner\Metrics;

/**
 * Observations, counted by size.
 */
interface HistogramInterface
{
    /**
     * Adds an observation.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     * @param string|null $trace the trace that this belongs to, shown as an example where OpenMetrics is asked for
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function observe(float $value, array $labels = [], ?string $trace = null): void;
}

/**
 * Observations, counted by size.
 *
 * @strict-properties
 * @not-serializable
 */
final class Histogram implements HistogramInterface
{
    private function __construct() {}

    public function observe(float $value, array $labels = [], ?string $trace = null): void {}
}
