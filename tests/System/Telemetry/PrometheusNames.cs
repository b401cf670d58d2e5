using System.Text.RegularExpressions;
using ConcertDapr.Wire.Otlp;

namespace ConcertDapr.Tests;

/// <summary>
/// What the Collector's Prometheus exporter makes of OpenTelemetry's names: words joined by underscores, the unit at the end, then
/// <c>total</c> for what only grows; histograms have three series.
/// </summary>
public static partial class PrometheusNames
{
    private static readonly Dictionary<string, string> s_units = new() { ["s"] = "seconds", ["ms"] = "milliseconds", ["By"] = "bytes", ["%"] = "percent" };

    /// <summary>The series of a metric.</summary>
    public static IEnumerable<string> Of(ReceivedMetric metric)
    {
        var words = Words().Matches(metric.Name).Select(m => m.Value).ToList();
        if (s_units.TryGetValue(metric.Unit, out var unit) && !words.Contains(unit)) words.Add(unit);
        if (metric is { Unit: "1", Kind: Metric.DataOneofCase.Gauge }) words.Add("ratio");
        if (metric.IsMonotonic) words = [.. words.Where(w => w != "total"), "total"];
        var name = string.Join('_', words);
        return metric.Kind == Metric.DataOneofCase.Histogram ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"] : [name];
    }

    /// <summary>An attribute as a label.</summary>
    public static string Label(string attribute) => attribute.Replace('.', '_');

    [GeneratedRegex("[a-zA-Z0-9:]+")]
    private static partial Regex Words();
}
