using System.Text.Json.Nodes;
using ConcertDapr.Charts;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Tests;

public class ManifestTests
{
    [Theory]
    [InlineData("telemetry")]
    [InlineData("telemetry-kafka")]
    public async Task What_kustomize_makes_is_well_formed_and_belongs_together(string folder)
    {
        var result = await Helm.RunAsync(Helm.Tool("kubectl"), "kustomize", $"k8s/{folder}");
        result.ExitCode.ShouldBe(0, result.Errors);
        var manifests = ParseAll(result.Output);
        (await KubernetesTypes.ProblemsAsync(manifests)).ShouldBeEmpty();
        manifests.Where(m => m.Pod is not null).SelectMany(workload => OfWorkload(workload, manifests)).ShouldBeEmpty();
        manifests.Where(m => m.Kind == "Service").SelectMany(service => OfService(service, manifests)).ShouldBeEmpty();
    }

    [Fact]
    public void Every_dashboard_is_provisioned_and_asks_the_provisioned_source()
    {
        var files = Directory.GetFiles(Path.Combine(Folder.Telemetry, "dashboards")).Select(f => $"dashboards/{Path.GetFileName(f)}").ToList();
        Folder.Load(Path.Combine(Folder.Telemetry, "kustomization.yaml")).Items("configMapGenerator").First(g => g.Text("name") == "grafana-dashboards")
            .Items("files").Select(f => f.ToString()).ShouldBe(files, ignoreOrder: true);
        var boards = files.ConvertAll(f => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder.Telemetry, f)))!);
        boards.Select(b => (string)b["uid"]!).ShouldBeUnique();
        var panels = boards.SelectMany(b => Items(b["panels"])).ToList();
        panels.ShouldAllBe(p => p["title"] != null && Items(p["targets"]).Any());
        panels.ShouldAllBe(p => (string)p["datasource"]!["uid"]! == "prometheus");
    }

    private static IEnumerable<string> OfWorkload(Manifest workload, IReadOnlyList<Manifest> all)
    {
        var pod = (JsonObject)workload.Pod!["spec"]!;
        if (Text(pod["securityContext"]?["runAsNonRoot"]) != "true") yield return $"{workload} may run as root";
        var claims = Items(workload.Spec["volumeClaimTemplates"]).Select(c => Text(c["metadata"]!["name"]));
        var volumes = Items(pod["volumes"]).Select(v => Text(v["name"])).Concat(claims).ToHashSet();
        foreach (var map in Items(pod["volumes"]).Select(v => v["configMap"]?["name"]).OfType<JsonNode>())
            if (all.All(m => m.Kind != "ConfigMap" || m.Name != Text(map))) yield return $"{workload} has no ConfigMap {map}";
        foreach (var container in Items(pod["containers"]))
        {
            if (Text(container["securityContext"]?["readOnlyRootFilesystem"]) != "true") yield return $"{workload} may write to its image";
            if (container["resources"]?["limits"]?["memory"] is null) yield return $"{workload} has no limit of memory";
            var ports = Items(container["ports"]).Select(p => Text(p["name"])).ToHashSet();
            foreach (var probe in new[] { "readinessProbe", "livenessProbe" })
                if (!ports.Contains(Text(container[probe]?["httpGet"]?["port"]))) yield return $"{workload}: {probe} asks a port it does not have";
            foreach (var mount in Items(container["volumeMounts"]).Where(m => !volumes.Contains(Text(m["name"]))))
                yield return $"{workload} mounts {mount["name"]}, which it does not have";
        }
    }

    private static IEnumerable<string> OfService(Manifest service, IReadOnlyList<Manifest> all)
    {
        var pods = all.Where(m => m.Pod is not null && Map(service.Spec["selector"]).All(l => Map(m.Pod!["metadata"]!["labels"]).Contains(l))).ToList();
        if (pods.Count != 1) yield return $"{service} selects {pods.Count} workloads";
        var ports = pods.SelectMany(p => Items(p.Pod!["spec"]!["containers"])).SelectMany(c => Items(c["ports"])).Select(p => Text(p["name"])).ToHashSet();
        foreach (var port in Items(service.Spec["ports"]).Where(p => !ports.Contains(Text(p["targetPort"])))) yield return $"{service} has no {port["targetPort"]}";
    }
}
