using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConcertDapr.Tests;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>One table of every setting (docs/configuration.md): the services print the same, the chart sets nothing else, secrets come from Secrets.</summary>
public sealed class SettingsTests
{
    private static readonly string[] s_apps = ["gateway", "catalog", "queue", "reservation", "payment", "users", "notification"];
    private static readonly string[] s_elsewhere = ["Dapr SDK", "OpenTelemetry", "components", "sidecars", "make up"];

    // What the pod says of itself, and the runtime's own switches.
    private static readonly Regex s_notSettings = new("^(NAMESPACE|POD_NAME|DOTNET_[A-Za-z]+)$");

    private static readonly IReadOnlyList<Row> s_table =
        [.. File.ReadLines(Path.Combine(Helm.Root, "docs", "configuration.md")).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(Row.Parse)];

    private static readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<Row>>>> s_printed = new();

    public static TheoryData<string> Apps { get; } = [.. s_apps];

    [Fact]
    public void Every_setting_has_one_row_with_a_meaning_and_readers_that_exist()
    {
        s_table.Select(r => r.Name).ShouldBeUnique();
        s_table.ShouldAllBe(r => r.Meaning.Length > 0);
        s_table.SelectMany(r => r.Readers).Except([.. s_apps, .. s_elsewhere]).ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Apps))]
    public async Task The_table_says_of_a_service_what_the_service_says_itself(string app)
    {
        var documented = s_table.Where(r => r.Readers.Contains(app)).Select(r => $"{r.Name}: {DefaultFor(app, r)}; {r.Bounds}; {r.Secret is "yes"}");

        documented.ShouldBe((await PrintedAsync(app)).Select(r => $"{r.Name}: {r.Default}; {r.Bounds}; {r.Secret is "yes"}"), ignoreOrder: true);
    }

    [Theory, MemberData(nameof(Apps))]
    public async Task The_chart_sets_only_what_the_service_reads_and_takes_secrets_from_Secrets(string app)
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, ChartTests.FilesOf("kind"), []);
        var variables = Items(Items(chart.Deployments.Single(d => d.Name == app).Pod!["spec"]!["containers"]).Single()["env"]).Where(e => !s_notSettings.IsMatch(Text(e["name"]))).ToList();

        foreach (var variable in variables)
        {
            var row = s_table.SingleOrDefault(r => r.Variable == Text(variable["name"])).ShouldNotBeNull(Text(variable["name"]));
            row.Readers.Any(r => r == app || r is "Dapr SDK" or "OpenTelemetry").ShouldBeTrue($"{app} does not read {row.Name}");
            (variable["valueFrom"]?["secretKeyRef"] is not null).ShouldBe(row.Secret == "yes", row.Name);
        }
    }

    [Theory, MemberData(nameof(Apps))]
    public async Task An_operator_can_set_whatever_the_service_reads_within_the_same_bounds(string app)
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, ChartTests.FilesOf("kind"), []);
        var set = Items(Items(chart.Deployments.Single(d => d.Name == app).Pod!["spec"]!["containers"]).Single()["env"]).Select(e => Text(e["name"])).ToHashSet();
        var schema = (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Helm.Chart, "values.schema.json")))!;
        var settings = (JsonObject)schema["properties"]!["apps"]!["properties"]![app]!["properties"]!["settings"]!["properties"]!;
        var rows = s_table.Where(r => r.Readers.Contains(app)).ToDictionary(r => r.Variable);

        settings.Select(p => p.Key).Except(rows.Keys).ShouldBeEmpty();
        rows.Keys.Except(set).Except(settings.Select(p => p.Key)).ShouldBeEmpty();
        foreach (var (name, type) in settings.Where(p => p.Value!["minimum"] is not null))
            $"{Text(type!["minimum"])} to {Text(type["maximum"])}".ShouldBe(rows[name].Bounds.Replace(",", "", StringComparison.Ordinal), name);
    }

    private static string DefaultFor(string app, Row row) => row.Default switch
    {
        "the service's name" => app,
        var other when other.StartsWith("as `", StringComparison.Ordinal) => s_table.Single(r => r.Name == other[4..^1]).Default,
        var own => own,
    };

    private static Task<IReadOnlyList<Row>> PrintedAsync(string app) => s_printed.GetOrAdd(app, _ => new(() => PrintAsync(app))).Value;

    private static async Task<IReadOnlyList<Row>> PrintAsync(string app)
    {
        var info = new ProcessStartInfo("dotnet", [Repository.App(app), "settings"])
        {
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in new[] { ("APP_PORT", "1"), ("APP_API_TOKEN", new string('a', 40)), ("QueueToken__Keys", $"k1:{new string('q', 40)}"), ("Postgres__Host", "nowhere"), ("Postgres__User", "nobody") })
            info.Environment[name] = value;
        using var process = Process.Start(info)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t')).Select(c => new Row(c[0], [app], c[1], c[2], c[3] == "secret" ? "yes" : "", ""))];
    }

    private sealed record Row(string Name, IReadOnlyList<string> Readers, string Default, string Bounds, string Secret, string Meaning)
    {
        public string Variable => Name.Replace(":", "__", StringComparison.Ordinal);

        public static Row Parse(string line)
        {
            var cells = line.Trim().Trim('|').Split('|').Select(c => c.Trim()).ToArray();
            if (cells.Length != 6) throw new FormatException($"six cells are expected: {line}");
            return new(cells[0].Trim('`'), cells[1] == "all" ? s_apps : cells[1].Split(", "), cells[2], cells[3], cells[4], cells[5]);
        }
    }
}
