using System.Globalization;
using System.Text.Json.Nodes;
using static ConcertDapr.Charts.Manifest;

namespace ConcertDapr.Charts;

/// <summary>What holds between Kubernetes' objects: what selects, names or calls another finds it.</summary>
internal static class ClusterRules
{
    private const int SidecarPort = 50002;

    public static IEnumerable<string> Of(RenderedChart chart) =>
    [
        .. Duplicates(chart), .. chart.Deployments.SelectMany(OfDeployment), .. chart.OfKind("Service").SelectMany(s => OfService(chart, s)),
        .. chart.OfKind("Ingress").SelectMany(i => OfIngress(chart, i)), .. OfAutoscalers(chart), .. OfBudgets(chart), .. OfPolicies(chart),
    ];

    /// <summary>Whether a label selector fits the pods of a workload.</summary>
    public static bool Selects(JsonNode? selector, Manifest workload)
    {
        var labels = Map(workload.Pod?["metadata"]?["labels"]);
        return Map(selector?["matchLabels"]).All(l => labels.GetValueOrDefault(l.Key) == l.Value);
    }

    private static IEnumerable<string> Duplicates(RenderedChart chart) =>
        chart.Manifests.GroupBy(m => (m.ApiVersion, m.Kind, m.Name)).Where(g => g.Count() > 1).Select(g => $"{g.First()} is there {g.Count()} times");

    private static IEnumerable<string> OfDeployment(Manifest deployment)
    {
        if (!Selects(deployment.Spec["selector"], deployment)) yield return $"{deployment} does not select its own pods";
    }

    private static IEnumerable<string> OfService(RenderedChart chart, Manifest service)
    {
        var selector = new JsonObject { ["matchLabels"] = service.Spec["selector"]?.DeepClone() };
        var behind = chart.Deployments.Where(d => Selects(selector, d)).ToList();
        if (behind.Count != 1) yield return $"{service} selects the pods of {behind.Count} deployments";
        else
            foreach (var port in Items(service.Spec["ports"]).Where(p => !PortsOf(behind[0]).Contains(Text(p["targetPort"]))))
                yield return $"{service} leads to port {port["targetPort"]}, which {behind[0]} does not have";
    }

    private static IEnumerable<string> OfIngress(RenderedChart chart, Manifest ingress) =>
        from rule in Items(ingress.Spec["rules"])
        from path in Items(rule["http"]?["paths"])
        let backend = path["backend"]?["service"]
        let service = chart.OfKind("Service").FirstOrDefault(s => s.Name == Text(backend?["name"]))
        where service is null || Items(service.Spec["ports"]).All(p => Text(p["name"]) != Text(backend?["port"]?["name"]))
        select $"{ingress} leads to {backend?["name"]}:{backend?["port"]?["name"]}, which is no service's port";

    private static IEnumerable<string> OfAutoscalers(RenderedChart chart)
    {
        foreach (var scaler in chart.OfKind("HorizontalPodAutoscaler"))
        {
            var target = scaler.Spec["scaleTargetRef"]!;
            var deployment = chart.Deployments.FirstOrDefault(d => d.Name == Text(target["name"]) && d.Kind == Text(target["kind"]) && d.ApiVersion == Text(target["apiVersion"]));
            if (deployment is null) yield return $"{scaler} scales {target["kind"]} {target["name"]}, which is not there";
            else if (deployment.Spec.ContainsKey("replicas")) yield return $"{scaler} and the replicas of {deployment} contradict each other";
            if ((long)scaler.Spec["minReplicas"]! > (long)scaler.Spec["maxReplicas"]!) yield return $"{scaler} has more replicas at least than at most";
            var metric = Items(scaler.Spec["metrics"]).Single()["resource"];
            if (Text(metric?["name"]) != "cpu" || (long?)metric?["target"]?["averageUtilization"] is not (>= 10 and <= 95)) yield return $"{scaler} does not scale by CPU";
        }
        foreach (var deployment in chart.Deployments.Where(d => !d.Spec.ContainsKey("replicas")))
            if (chart.OfKind("HorizontalPodAutoscaler").All(s => s.Name != deployment.Name)) yield return $"{deployment} has neither replicas nor an autoscaler";
    }

    private static IEnumerable<string> OfBudgets(RenderedChart chart) => chart.Deployments
        .Where(d => chart.OfKind("PodDisruptionBudget").Count(b => Selects(b.Spec["selector"], d)) != 1)
        .Select(d => $"{d} has not exactly one disruption budget");

    private static IEnumerable<string> OfPolicies(RenderedChart chart)
    {
        var policies = chart.OfKind("NetworkPolicy");
        if (policies.Count == 0) yield break;
        foreach (var workload in chart.Workloads)
        {
            var mine = policies.Where(p => Selects(p.Spec["podSelector"], workload)).ToList();
            if (!mine.Any(p => p.Name == "default-deny" && !p.Spec.ContainsKey("egress") && !p.Spec.ContainsKey("ingress"))) yield return $"{workload}: everything is let in and out that no policy names";
            if (mine.Count < 2) yield return $"{workload} has no network policy of its own: it cannot even ask the cluster's DNS";
        }
        foreach (var policy in policies.Where(p => !chart.Workloads.Any(w => Selects(p.Spec["podSelector"], w)))) yield return $"{policy} is for pods that are not there";
        foreach (var problem in OfFlows(chart, policies)) yield return problem;
    }

    // Sidecars may call one another exactly where the callee's access control knows the caller, and where replicas share actors or workflows.
    private static IEnumerable<string> OfFlows(RenderedChart chart, IReadOnlyList<Manifest> policies)
    {
        var allowed = chart.Configurations.SelectMany(c => (c.Spec.AccessControl?.Policies ?? []).Select(p => (Caller: p.AppId, Callee: c.Metadata.Name)));
        var expected = allowed.Concat(DaprRules.Hosts.Select(h => (h, h))).ToHashSet();
        foreach (var caller in chart.Deployments)
            foreach (var callee in chart.Deployments)
            {
                var isExpected = expected.Contains((caller.Name, callee.Name));
                if (isExpected != Allows(policies, caller, "egress", "to", callee)) yield return $"NetworkPolicy {caller.Name}: its sidecar may {(isExpected ? "not " : "")}call that of {callee.Name}";
                if (isExpected != Allows(policies, callee, "ingress", "from", caller)) yield return $"NetworkPolicy {callee.Name}: its sidecar may {(isExpected ? "not " : "")}be called by that of {caller.Name}";
            }
    }

    private static bool Allows(IEnumerable<Manifest> policies, Manifest pod, string direction, string peer, Manifest other) =>
        policies.Where(p => Selects(p.Spec["podSelector"], pod)).SelectMany(p => Items(p.Spec[direction]))
            .Where(rule => Items(rule["ports"]).Any(p => Text(p["port"]) == SidecarPort.ToString(CultureInfo.InvariantCulture)))
            .Any(rule => !rule.ContainsKey(peer) || Items(rule[peer]).Any(p => p["podSelector"] is { } selector && !p.ContainsKey("namespaceSelector") && Selects(selector, other)));

    private static HashSet<string> PortsOf(Manifest deployment) =>
        [.. Items(deployment.Pod!["spec"]!["containers"]).SelectMany(c => Items(c["ports"])).SelectMany(p => new[] { Text(p["name"]), Text(p["containerPort"]) })];
}
