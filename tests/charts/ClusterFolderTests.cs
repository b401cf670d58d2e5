using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>What is not ours to package, in <c>k8s/</c>: servers, telemetry, load tests.</summary>
public sealed class ClusterFolderTests
{
    public static TheoryData<string> Kustomizations { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Helm.Root, "k8s"), "kustomization.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Helm.Root, Path.GetDirectoryName(f)!)).Order()];

    [Theory, MemberData(nameof(Kustomizations))]
    public async Task A_kustomization_builds_what_Kubernetes_accepts(string folder)
    {
        var manifests = await BuildAsync(folder);

        (await KubernetesTypes.ProblemsAsync(manifests)).ShouldBeEmpty();
        manifests.SelectMany(Problems).ShouldBeEmpty();
    }

    [Fact]
    public async Task Redis_and_Postgres_are_where_the_chart_looks_for_them_and_take_as_many_connections_as_it_may_open()
    {
        var chart = await RenderedChart.RenderAsync(Helm.Chart, ChartTests.FilesOf("kind"), []);
        var data = await BuildAsync("k8s/data");

        var services = data.Where(m => m.Kind == "Service").SelectMany(s => Items(s.Spec["ports"]).Select(p => $"{s.Name}.{s.Json["metadata"]!["namespace"]}.svc.cluster.local:{p["port"]}")).ToList();
        services.ShouldContain(chart.Components[0].Value("redisHost")!);
        var users = PodRules.Environment(chart.Deployments.Single(d => d.Name == "users"));
        services.ShouldContain($"{users["Postgres__Host"]}:{users["Postgres__Port"]}");
        var values = ParseAll(await File.ReadAllTextAsync(ChartTests.FilesOf("kind").Single())).Single();
        var postgres = data.Single(m => m is { Kind: "StatefulSet", Name: "postgres" });
        Texts(Items(postgres.Pod!["spec"]!["containers"]).Single()["args"]).Single(a => a.StartsWith("max_connections=", StringComparison.Ordinal))
            .ShouldSatisfyAllConditions(a => int.Parse(a.Split('=')[1], null).ShouldBeGreaterThanOrEqualTo((int)(long)values.Json["postgres"]!["maxConnections"]!));
    }

    [Fact]
    public async Task The_secrets_that_the_servers_read_are_made()
    {
        foreach (var manifest in (await BuildAsync("k8s/data")).Concat(await BuildAsync("k8s/kafka")).Where(m => m.Pod is not null))
            foreach (var reference in Items(manifest.Pod!["spec"]!["containers"]).SelectMany(c => Items(c["env"])).Select(e => e["valueFrom"]?["secretKeyRef"]).Where(r => r is not null))
                Secrets.Made.ShouldContain(s => s.Name == Text(reference!["name"]) && Text(s.Json["metadata"]!["namespace"]) == "data" && s.Json["data"]![Text(reference["key"])] != null);
    }

    [Fact]
    public void The_port_of_the_kind_cluster_leads_to_the_gateway()
    {
        var cluster = ParseAll(File.ReadAllText(Path.Combine(Helm.Root, "k8s", "kind", "cluster.yaml"))).Single();
        var values = ParseAll(File.ReadAllText(ChartTests.FilesOf("kind").Single())).Single();

        var mapping = Items(Items(cluster.Json["nodes"]).First()["extraPortMappings"]).Single();
        Text(mapping["containerPort"]).ShouldBe(Text(values.Json["service"]!["nodePort"]));
    }

    private static async Task<IReadOnlyList<Manifest>> BuildAsync(string folder)
    {
        var build = await Helm.RunAsync(Helm.Tool("kubectl"), "kustomize", folder);
        return build.ExitCode == 0 ? ParseAll(build.Output) : throw new InvalidOperationException(build.Errors);
    }

    private static IEnumerable<string> Problems(Manifest manifest)
    {
        if (manifest.Pod?["spec"] is not { } pod) yield break;
        if (Text(pod["securityContext"]?["runAsNonRoot"]) != "true") yield return $"{manifest} may run as root";
        var volumes = Items(pod["volumes"]).Concat(Items(manifest.Spec["volumeClaimTemplates"]).Select(c => c["metadata"]!.AsObject())).Select(v => Text(v["name"])).ToHashSet();
        foreach (var container in Items(pod["containers"]))
        {
            if (Text(container["securityContext"]?["allowPrivilegeEscalation"]) != "false") yield return $"{manifest} may gain privileges";
            if (container["readinessProbe"] is null && manifest.Kind is "Deployment" or "StatefulSet") yield return $"{manifest}: {container["name"]} has no readiness probe";
            if (container["resources"]?["requests"] is null || container["resources"]?["limits"] is null) yield return $"{manifest}: {container["name"]} has no requests or limits";
            if (Text(container["image"]).EndsWith(":latest", StringComparison.Ordinal) || !Text(container["image"]).Contains(':', StringComparison.Ordinal)) yield return $"{manifest} runs {container["image"]}";
            foreach (var mount in Items(container["volumeMounts"]).Where(m => !volumes.Contains(Text(m["name"])))) yield return $"{manifest} mounts {mount["name"]}, which it does not have";
        }
        if (manifest.Kind is "Deployment" or "StatefulSet" && !ClusterRules.Selects(manifest.Spec["selector"], manifest)) yield return $"{manifest} does not select its own pods";
    }
}
