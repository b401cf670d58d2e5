using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConcertDapr.Wire.Otlp;
using YamlDotNet.RepresentationModel;

namespace ConcertDapr.Tests;

/// <summary>Rules, dashboards and runbooks name only what is there: exported by the running system, recorded, or listed as coming from elsewhere.</summary>
[Collection(nameof(TracedSystem))]
public partial class MetricNameTests(TracedSystem system)
{
    private static readonly string s_folder = Path.Combine(Repository.Root, "k8s", "telemetry");

    [Fact]
    public async Task Every_metric_and_label_that_is_asked_for_is_exported()
    {
        await system.BuyAsync();
        var asked = Expressions().Select(PromQl.Of).ToList();
        asked.Count.ShouldBeGreaterThan(100);
        var elsewhere = Elsewhere("metrics");
        var needed = asked.SelectMany(q => q.Metrics).Distinct().Except(elsewhere).Except(Recorded()).ToList();
        var missing = await Eventually.UntilAsync(() => Task.FromResult(string.Join(' ', needed.Except(Exported()))), names => names == "", 20);

        missing.ShouldBeEmpty();
        elsewhere.Except(asked.SelectMany(q => q.Metrics)).ShouldBeEmpty();
        asked.SelectMany(q => q.Labels).Distinct().Except(Labels()).Except(Elsewhere("labels")).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_table_in_the_docs_lists_every_business_metric_with_its_unit_and_labels()
    {
        await system.BuyAsync();
        var documented = TableRows().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "telemetry.md")))
            .Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value} [{m.Groups[3].Value.Replace("`", "", StringComparison.Ordinal)}]").ToList();
        var business = await Eventually.UntilAsync(() => Task.FromResult(Business()), b => b.Length >= documented.Count);
        documented.ShouldBe(business, ignoreOrder: true);
    }

    [Theory]
    [InlineData("sum by (step) (rate(concert_saga_step_duration_seconds_count{outcome=\"failed\"}[5m])) > 0.5", "concert_saga_step_duration_seconds_count", "step outcome")]
    [InlineData("a:b / on (service_name) group_left (pod) c{x=~\"or and\"} and up == 1", "a:b c up", "service_name pod x")]
    [InlineData("absent(d) or vector(0) unless histogram_quantile(0.95, e_bucket offset 5m)", "d e_bucket", "")]
    public void Names_are_found_in_expressions(string expression, string metrics, string labels)
    {
        var found = PromQl.Of(expression);
        found.Metrics.ShouldBe(Split(metrics), ignoreOrder: true);
        found.Labels.ShouldBe(Split(labels), ignoreOrder: true);
    }

    [Theory]
    [InlineData("concert.saga.duration", "s", Metric.DataOneofCase.Histogram, false, "concert_saga_duration_seconds_bucket")]
    [InlineData("dotnet.gc.heap.total_allocated", "By", Metric.DataOneofCase.Sum, true, "dotnet_gc_heap_allocated_bytes_total")]
    [InlineData("concert.queue.waiting", "{fan}", Metric.DataOneofCase.Gauge, false, "concert_queue_waiting")]
    [InlineData("db.client.connection.count", "{connection}", Metric.DataOneofCase.Sum, false, "db_client_connection_count")]
    public void Names_are_translated_as_the_collector_does(string name, string unit, Metric.DataOneofCase kind, bool isMonotonic, string expected) =>
        PrometheusNames.Of(new("any", name, unit, kind, isMonotonic, "")).First().ShouldBe(expected);

    private static string[] Split(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private string[] Business() => [.. system.Receiver.Metrics.Keys.Where(m => m.Name.StartsWith("concert.", StringComparison.Ordinal))
        .Select(m => $"{m.Name} {m.Unit} [{m.Labels.Replace(",", ", ", StringComparison.Ordinal)}]").Distinct()];

    private IEnumerable<string> Exported() => system.Receiver.Metrics.Keys.SelectMany(PrometheusNames.Of);

    private IEnumerable<string> Labels() => system.Receiver.Metrics.Keys.SelectMany(m => m.Labels.Split(','))
        .Concat(system.Receiver.Resources.Values.SelectMany(r => r.Keys)).Select(PrometheusNames.Label).Append("le");

    private static IEnumerable<string> Expressions() => Rules().Select(r => r.Expression)
        .Concat(Directory.EnumerateFiles(Path.Combine(s_folder, "dashboards")).SelectMany(f => Targets(JsonNode.Parse(File.ReadAllText(f))!)))
        .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs", "runbooks"), "*.md")
            .SelectMany(f => Questions().Matches(File.ReadAllText(f))).Select(m => m.Groups[1].Value));

    private static IEnumerable<string> Recorded() => Rules().Select(r => r.Recorded).OfType<string>();

    private static IEnumerable<(string Expression, string? Recorded)> Rules() =>
        from file in new[] { "recording.yaml", "alerts.yaml" }
        from @group in (YamlSequenceNode)Load("rules", file)["groups"]
        from rule in (YamlSequenceNode)@group["rules"]
        select (rule["expr"].ToString(), ((YamlMappingNode)rule).Children.TryGetValue("record", out var name) ? name.ToString() : null);

    private static IEnumerable<string> Targets(JsonNode node) => node switch
    {
        JsonObject item => item.SelectMany(p => p.Key == "expr" ? [(string)p.Value!] : p.Value is null ? [] : Targets(p.Value)),
        JsonArray items => items.Where(i => i is not null).SelectMany(i => Targets(i!)),
        _ => [],
    };

    private static List<string> Elsewhere(string what) =>
        [.. ((YamlMappingNode)Load("external-metrics.yaml")).Children.Values.SelectMany(s => (YamlSequenceNode)s[what]).Select(n => n.ToString()).Distinct()];

    private static YamlNode Load(params string[] path)
    {
        var stream = new YamlStream();
        using var text = File.OpenText(Path.Combine([s_folder, .. path]));
        stream.Load(text);
        return stream.Documents[0].RootNode;
    }

    [GeneratedRegex(@"^prom '(.*)'$", RegexOptions.Multiline)]
    private static partial Regex Questions();

    [GeneratedRegex(@"^\| `(concert\.[a-z_.]+)` \| `([^`]+)` \| ([^|]*?) ?\|", RegexOptions.Multiline)]
    private static partial Regex TableRows();
}
