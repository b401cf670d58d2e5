using System.Text.RegularExpressions;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>Tilt itself does not run here: the Tiltfile is read as Starlark, and what it names has to be there.</summary>
public sealed partial class TiltfileTests
{
    private static readonly string s_text = File.ReadAllText(Path.Combine(Helm.Root, "Tiltfile"));

    [Fact]
    public async Task Its_syntax_and_format_are_right()
    {
        var check = await Helm.RunAsync("node", "tools/kube/node_modules/@bazel/buildifier/buildifier.js", "-type=build", "-mode=check", "-lint=off", "Tiltfile");

        check.ExitCode.ShouldBe(0, check.Output + check.Errors);
    }

    [Fact]
    public async Task It_builds_every_app_of_the_development_profile_and_knows_its_migrations()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, ChartTests.FilesOf("dev"), []);

        var apps = Regex.Match(s_text, @"APPS = \{([^}]*)\}").Groups[1].Value;
        AppName().Matches(apps).Select(m => (m.Groups[1].Value, m.Groups[2].Value)).ShouldBe(chart.Deployments.Select(d => (d.Name, char.ToUpperInvariant(d.Name[0]) + d.Name[1..])), ignoreOrder: true);
        Quoted().Matches(Regex.Match(s_text, @"WITH_DATABASE = \[([^\]]*)\]").Groups[1].Value).Select(m => $"migrate-{m.Groups[1].Value}")
            .ShouldBe(chart.OfKind("Job").Select(j => j.Name), ignoreOrder: true);
        var prefix = Regex.Match(s_text, @"PREFIX = ""([^""]+)""").Groups[1].Value;
        chart.Deployments.ShouldAllBe(d => Text(Items(d.Pod!["spec"]!["containers"]).First()["image"]).StartsWith(prefix + d.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void Files_and_folders_that_it_names_are_there()
    {
        var named = Regex.Matches(s_text, @"(?:k8s|charts|scripts|apps)/[A-Za-z0-9/._-]+").Select(m => m.Value.TrimEnd('/')).Where(p => !p.EndsWith("apps", StringComparison.Ordinal));
        var tests = Regex.Match(s_text, @"for script in \[([^\]]*)\]").Groups[1].Value;

        named.Concat(Quoted().Matches(tests).Select(m => $"k8s/loadtest/{m.Groups[1].Value}.yaml")).Where(p => !Path.Exists(Path.Combine(Helm.Root, p))).ShouldBeEmpty();
    }

    [GeneratedRegex(@"""([a-z]+)"": ""([A-Za-z]+)""")]
    private static partial Regex AppName();

    [GeneratedRegex(@"""([a-z0-9-]+)""")]
    private static partial Regex Quoted();
}
