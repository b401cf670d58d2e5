namespace ConcertDapr.Charts;

/// <summary>The chart as it ships: every profile with every kind of pub/sub.</summary>
public sealed class ChartTests
{
    public static TheoryData<string, string> Profiles { get; } = new MatrixTheoryData<string, string>(["", "dev", "kind", "prod"], ["redis", "kafka"]);

    [Theory, MemberData(nameof(Profiles))]
    public async Task Every_profile_renders_what_Kubernetes_and_Dapr_accept_and_what_fits_together(string profile, string pubsub)
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, FilesOf(profile), [$"pubsub.kind={pubsub}"]);

        (await chart.ProblemsAsync()).ShouldBeEmpty();
        chart.Deployments.Count.ShouldBe(7);
        chart.Subscriptions.Count.ShouldBe(11);
    }

    [Theory, MemberData(nameof(Profiles))]
    public async Task Every_profile_passes_a_strict_lint(string profile, string pubsub)
    {
        var lint = await Helm.LintAsync(Helm.Chart, FilesOf(profile), [$"pubsub.kind={pubsub}"]);

        lint.ExitCode.ShouldBe(0, lint.Output + lint.Errors);
    }

    [Fact]
    public async Task Only_the_pubsub_component_and_what_Kafka_needs_differ_between_the_two_kinds()
    {
        var redis = await RenderedChart.RenderAsync(Helm.Chart, [], ["pubsub.kind=redis"]);
        var kafka = await RenderedChart.RenderAsync(Helm.Chart, [], ["pubsub.kind=kafka"]);

        Differing(redis, kafka).ShouldBe(["Component pubsub", "Job kafka-topics", "NetworkPolicy kafka-topics"], ignoreOrder: true);
    }

    [Fact]
    public async Task Everything_that_can_be_switched_on_fits_together_as_well()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, FilesOf("kind"),
        [
            "ingress.enabled=true", "ingress.host=tickets.internal", "ingress.tlsSecret=tickets-tls", "telemetry.otlpEndpoint=http://otel-collector.monitoring.svc.cluster.local:4317",
            "pubsub.kind=kafka", "pubsub.kafka.authType=password", "pubsub.kafka.tls=true", "redis.tls=true", "redis.username=concert",
            "image.pullSecrets[0]=registry", "apps.notification.settings.Notification__Webhook=https://hooks.internal/events",
            "apps.gateway.settings.Limits__AddressPerSecond=1000000", "networkPolicy.gatewayFrom[0].ipBlock.cidr=10.0.0.0/8",
        ]);

        (await chart.ProblemsAsync()).ShouldBeEmpty();
        PodRules.Environment(chart.Deployments.Single(d => d.Name == "gateway"))["Limits__AddressPerSecond"].ShouldBe("1000000");
    }

    [Fact]
    public async Task Secrets_in_values_are_made_by_the_chart()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, FilesOf("dev"),
        [
            "secrets.create=true", "secrets.values.appToken=0123456789abcdef", "secrets.values.apiToken=0123456789abcdef",
            "secrets.values.queueTokenKeys=k1:0123456789abcdef0123456789abcdef", "secrets.values.postgresPassword=p", "secrets.values.redisPassword=r",
        ]);

        (await chart.ProblemsAsync()).ShouldBeEmpty();
        chart.OfKind("Secret").Count.ShouldBe(3);
    }

    internal static string[] FilesOf(string profile) => profile.Length == 0 ? [] : [Path.Combine(Helm.Chart, $"values-{profile}.yaml")];

    // Pods differ by the hash of Dapr's resources and policies by ports; what is compared is the rest.
    private static IEnumerable<string> Differing(RenderedChart one, RenderedChart other)
    {
        var left = one.Manifests.ToDictionary(m => m.ToString(), Comparable);
        var right = other.Manifests.ToDictionary(m => m.ToString(), Comparable);
        return left.Keys.Union(right.Keys).Where(k => left.GetValueOrDefault(k) != right.GetValueOrDefault(k));
    }

    private static string Comparable(Manifest manifest)
    {
        if (manifest.Kind == "NetworkPolicy") return manifest.Name;
        var lines = manifest.Yaml.Split('\n').Where(l => !l.Contains("checksum/dapr", StringComparison.Ordinal));
        return string.Join('\n', lines);
    }
}
