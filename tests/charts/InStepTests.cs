using System.Text.RegularExpressions;
using ConcertDapr.Contracts;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>Facts that stand in two places: the chart, the laptop's components and the services' code say the same.</summary>
public sealed partial class InStepTests
{
    // Where a server is and how to prove oneself to it differs by place; the rest may not.
    private static readonly HashSet<string> s_byPlace = ["redisHost", "redisPassword", "brokers"];

    [Theory]
    [InlineData("redis")]
    [InlineData("kafka")]
    public async Task Components_are_those_of_the_laptop(string pubsub)
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], [$"pubsub.kind={pubsub}"]);
        var laptop = Laptop("local", pubsub);

        chart.Components.Select(Describe).ShouldBe(DaprResources.Of<Component>(laptop).Select(Describe), ignoreOrder: true);
    }

    [Fact]
    public async Task Subscriptions_and_resiliency_are_those_of_the_laptop()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], []);
        var laptop = Laptop("local");

        chart.Subscriptions.Select(Describe).ShouldBe(DaprResources.Of<Subscription>(laptop).Select(Describe), ignoreOrder: true);
        chart.OfKind("Resiliency").Single().Spec.ToJsonString().ShouldBe(laptop.Single(m => m.Kind == "Resiliency").Spec.ToJsonString());
    }

    [Fact]
    public async Task Finished_workflows_are_kept_as_long_as_on_the_laptop_and_tracing_is_on_everywhere()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], []);
        var laptop = DaprResources.Of<Configuration>(Laptop("config")).Single();

        var payment = chart.Configurations.Single(c => c.Metadata.Name == "payment");
        payment.Spec.Workflow!.StateRetentionPolicy.AnyTerminal.ShouldBe(laptop.Spec.Workflow!.StateRetentionPolicy.AnyTerminal);
        chart.Configurations.ShouldAllBe(c => c.Spec.Tracing.SamplingRate == laptop.Spec.Tracing.SamplingRate);
    }

    [Fact]
    public async Task Apps_ports_and_topics_are_those_of_the_run_file_and_of_the_code()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], []);
        var runFile = ParseAll(await File.ReadAllTextAsync(Path.Combine(Helm.Root, "dapr.yaml"))).Single();

        var inChart = chart.Deployments.Select(d => $"{d.Name} {PodRules.Environment(d)["APP_PORT"]}");
        inChart.ShouldBe(Items(runFile.Json["apps"]).Select(a => $"{a["appID"]} {a["appPort"]}"), ignoreOrder: true);
        chart.Subscriptions.Select(s => s.Spec.Topic).Distinct().ShouldBe(TopicNames(), ignoreOrder: true);
    }

    [Fact]
    public async Task Every_subscription_ends_at_an_address_of_its_app()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], []);

        foreach (var subscription in chart.Subscriptions)
            Endpoints(subscription.Scopes.Single()).ShouldContain($"POST {subscription.Spec.Routes.Default}", subscription.Metadata.Name);
    }

    [Fact]
    public async Task Access_control_allows_exactly_the_calls_that_the_code_makes()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, [], []);

        foreach (var callee in chart.Configurations)
        {
            var policies = callee.Spec.AccessControl!.Policies;
            policies.Select(p => p.AppId).ShouldBe(chart.Deployments.Select(d => d.Name).Where(d => Calls(d, callee.Metadata.Name)), ignoreOrder: true, callee.Metadata.Name);
            foreach (var policy in policies)
                policy.Operations.SelectMany(o => o.HttpVerb.Select(verb => $"{verb} {o.Name}"))
                    .ShouldBe(Called(policy.AppId, callee.Metadata.Name), ignoreOrder: true, $"{policy.AppId} → {callee.Metadata.Name}");
        }
    }

    private static IReadOnlyList<Manifest> Laptop(params string[] folders) =>
        [.. folders.SelectMany(f => Directory.GetFiles(Path.Combine(Helm.Root, "components", f), "*.yaml")).Order().SelectMany(f => ParseAll(File.ReadAllText(f)))];

    private static string Describe(Component component) =>
        $"{component.Metadata.Name} {component.Spec.Type}/{component.Spec.Version} for {string.Join(",", component.Scopes.Order())}: "
        + string.Join("; ", component.Spec.Metadata.Where(m => !s_byPlace.Contains(m.Name)).Select(m => $"{m.Name}={m.Value}").Order());

    private static string Describe(Subscription s) =>
        $"{s.Metadata.Name}: {s.Spec.Topic} of {s.Spec.Pubsubname} → {string.Join(",", s.Scopes)} {s.Spec.Routes.Default}, else {s.Spec.DeadLetterTopic}";

    private static IEnumerable<string> TopicNames() => typeof(Topics).GetFields().Where(f => f.Name != nameof(Topics.PubSub)).Select(f => (string)f.GetRawConstantValue()!);

    /// <summary>What an app's code maps: verb and path. Notification maps an address per topic.</summary>
    private static IReadOnlyList<string> Endpoints(string app) =>
    [
        .. Sources(app).SelectMany(text => Mapped().Matches(text)).Select(m => $"{m.Groups[1].Value.ToUpperInvariant()} {m.Groups[2].Value}"),
        .. app == "notification" ? TopicNames().Where(t => t != Topics.DeadLetter).Select(t => $"POST /events/{t}") : [],
    ];

    private static bool Calls(string caller, string callee)
    {
        var name = char.ToUpperInvariant(callee[0]) + callee[1..];
        // Only the gateway has one client for all; the others make one for each app they call.
        var mention = caller == "gateway" ? $"Apps.{name}" : $"CreateInvokableHttpClient(Apps.{name})";
        return caller != callee && Sources(caller).Any(text => text.Contains(mention, StringComparison.Ordinal));
    }

    /// <summary>The addresses of another app whose paths stand in an app's code.</summary>
    private static IEnumerable<string> Called(string caller, string callee)
    {
        var paths = Sources(caller).SelectMany(text => PathText().Matches(text)).Select(m => m.Groups[1].Value).ToHashSet();
        return Endpoints(callee).Where(e => paths.Contains(e.Split(' ')[1]));
    }

    private static IEnumerable<string> Sources(string app) =>
        Directory.GetFiles(Path.Combine(Helm.Root, "apps", app), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(File.ReadAllText);

    [GeneratedRegex(@"\.Map(Get|Post)\(""(/[^""]+)""")]
    private static partial Regex Mapped();

    [GeneratedRegex(@"""(/[a-z/-]+)[""?]")]
    private static partial Regex PathText();
}
