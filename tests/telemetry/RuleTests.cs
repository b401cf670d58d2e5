using System.Text.RegularExpressions;
using ConcertDapr.Charts;

namespace ConcertDapr.Tests;

public partial class RuleTests
{
    private static readonly string[] s_headings = ["## What it means", "## How to see it", "## What to do now", "## What to do later"];

    [Fact]
    public Task Promtool_accepts_the_rules() => PromtoolAsync("check", "rules", Folder.Rules("recording.yaml"), Folder.Rules("alerts.yaml"));

    [Fact]
    public Task Every_alert_fires_where_it_should_and_is_silent_where_not() => PromtoolAsync("test", "rules", Folder.Rules("alerts.test.yaml"));

    [Fact]
    public async Task Promtool_accepts_the_configuration()
    {
        // Debian's promtool is built without Kubernetes, so where targets are found is left out.
        var text = await File.ReadAllTextAsync(Path.Combine(Folder.Telemetry, "config", "prometheus.yaml"), TestContext.Current.CancellationToken);
        var copy = Path.GetTempFileName();
        await File.WriteAllTextAsync(copy, Discovery().Replace(text, "    static_configs: []\n"), TestContext.Current.CancellationToken);
        await PromtoolAsync("check", "config", "--syntax-only", copy);
        File.Delete(copy);
    }

    [Fact]
    public void Every_alert_has_a_test_that_it_fires_and_one_that_it_does_not()
    {
        var tests = Folder.Load(Folder.Rules("alerts.test.yaml")).Items("tests").SelectMany(t => t.Items("alert_rule_test"))
            .Select(t => (Alert: t.Text("alertname"), Fires: t.Items("exp_alerts").Any())).ToHashSet();
        tests.ShouldBe(Folder.Alerts().Keys.SelectMany(a => new[] { (a, true), (a, false) }), ignoreOrder: true);
    }

    [Fact]
    public void Every_alert_has_its_runbook_and_every_runbook_its_alert()
    {
        var pages = Directory.EnumerateFiles(Folder.Runbooks, "*.md").Select(Path.GetFileNameWithoutExtension).Where(p => p != "README");
        pages.ShouldBe(Folder.Alerts().Keys, ignoreOrder: true);
        foreach (var (alert, rule) in Folder.Alerts())
        {
            rule["annotations"].Text("runbook_url").ShouldBe($"docs/runbooks/{alert}.md");
            rule["annotations"].Text("summary").ShouldNotBeEmpty();
            rule["labels"].Text("severity").ShouldBeOneOf("page", "ticket");
            var page = File.ReadAllText(Path.Combine(Folder.Runbooks, $"{alert}.md"));
            page.ShouldStartWith($"# {alert}\n");
            s_headings.Where(h => !page.Contains($"\n{h}\n", StringComparison.Ordinal)).ShouldBeEmpty(alert);
        }
    }

    private static async Task PromtoolAsync(params string[] arguments)
    {
        var result = await Helm.RunAsync(Helm.Tool("promtool"), arguments);
        result.ExitCode.ShouldBe(0, result.Output + result.Errors);
    }

    [GeneratedRegex(@"^    kubernetes_sd_configs:\n(?:      .*\n)+", RegexOptions.Multiline)]
    private static partial Regex Discovery();
}
