using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>The k6 Operator's TestRuns: members that it knows, scripts that are there, pods that the namespace lets in.</summary>
public sealed class TestRunTests
{
    private static readonly IDeserializer s_strict = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance)
        .WithEnforceRequiredMembers().WithDuplicateKeyChecking().Build();

    private static readonly string s_folder = Path.Combine(Helm.Root, "k8s", "loadtest");

    public static TheoryData<string> Files { get; } = [.. Directory.GetFiles(s_folder, "*.yaml").Select(Path.GetFileName).OfType<string>().Where(f => f != "scripts.yaml").Order()];

    [Theory, MemberData(nameof(Files))]
    public async Task A_test_run_has_the_operators_members_and_a_script_that_is_there(string file)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(s_folder, file));
        var run = s_strict.Deserialize<TestRun>(text);
        var scripts = ParseAll(await File.ReadAllTextAsync(Path.Combine(s_folder, "scripts.yaml"))).Single();

        (run.ApiVersion, run.Kind).ShouldBe(("k6.io/v1alpha1", "TestRun"));
        run.Spec.Script.ConfigMap.Name.ShouldBe(scripts.Name);
        scripts.Json["data"]![run.Spec.Script.ConfigMap.File].ShouldNotBeNull();
        foreach (var pod in new[] { run.Spec.Runner, run.Spec.Starter, run.Spec.Initializer })
        {
            pod.SecurityContext.RunAsNonRoot.ShouldBeTrue();
            pod.SecurityContext.SeccompProfile.Type.ShouldBe("RuntimeDefault");
            pod.ContainerSecurityContext.AllowPrivilegeEscalation.ShouldBeFalse();
            pod.ContainerSecurityContext.Capabilities.Drop.ShouldBe(["ALL"]);
        }
    }

    [Fact]
    public async Task They_ask_the_gateway_where_the_chart_puts_it()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, ChartTests.FilesOf("kind"), []);
        var service = chart.OfKind("Service").Single();

        foreach (var file in Files.Select(f => (string)f))
            s_strict.Deserialize<TestRun>(await File.ReadAllTextAsync(Path.Combine(s_folder, file))).Spec.Runner.Env!.Single(e => e.Name == "BASE_URL").Value
                .ShouldBe($"http://{service.Name}:{Items(service.Spec["ports"]).Single()["port"]}");
    }

#pragma warning disable CA1812 // made by the deserializer
    private sealed class TestRun
    {
        public required string ApiVersion { get; set; }
        public required string Kind { get; set; }
        public required ObjectMeta Metadata { get; set; }
        public required TestRunSpec Spec { get; set; }
    }

    private sealed class TestRunSpec
    {
        public required int Parallelism { get; set; }
        public required bool Separate { get; set; }

        /// <summary>A text, not a truth value.</summary>
        public required string Quiet { get; set; }
        public string? Arguments { get; set; }
        public required Script Script { get; set; }
        public required PodSettings Runner { get; set; }
        public required PodSettings Starter { get; set; }
        public required PodSettings Initializer { get; set; }
    }

    private sealed class Script
    {
        public required ConfigMapFile ConfigMap { get; set; }
    }

    private sealed class ConfigMapFile
    {
        public required string Name { get; set; }
        public required string File { get; set; }
    }

    private sealed class PodSettings
    {
        public PodMetadata? Metadata { get; set; }
        public List<Variable>? Env { get; set; }
        public Resources? Resources { get; set; }
        public required PodSecurity SecurityContext { get; set; }
        public required ContainerSecurity ContainerSecurityContext { get; set; }
    }

    private sealed class PodMetadata
    {
        public Dictionary<string, string>? Labels { get; set; }
    }

    private sealed class Variable
    {
        public required string Name { get; set; }
        public required string Value { get; set; }
    }

    private sealed class Resources
    {
        public required Dictionary<string, string> Requests { get; set; }
        public required Dictionary<string, string> Limits { get; set; }
    }

    private sealed class PodSecurity
    {
        public required bool RunAsNonRoot { get; set; }
        public required long RunAsUser { get; set; }
        public required Seccomp SeccompProfile { get; set; }
    }

    private sealed class Seccomp
    {
        public required string Type { get; set; }
    }

    private sealed class ContainerSecurity
    {
        public required bool AllowPrivilegeEscalation { get; set; }
        public required DroppedCapabilities Capabilities { get; set; }
    }

    private sealed class DroppedCapabilities
    {
        public required List<string> Drop { get; set; }
    }
#pragma warning restore CA1812
}
