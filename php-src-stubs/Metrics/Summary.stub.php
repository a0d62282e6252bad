<?php

namespace RoadRunner\Metrics;

/**
 * Observations, with quantiles of the last ten minutes.
 */
interface SummaryInterface
{
    /**
     * Adds an observation.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function observe(float $value, array $labels = []): void;
}

/**
 * Observations, with quantiles of the last ten minutes.
 *
 * @strict-properties
 * @not-serializable
 */
final class Summary implements SummaryInterface
{
    private function __construct() {}

    public function observe(float $value, array $labels = []): void {}
}
